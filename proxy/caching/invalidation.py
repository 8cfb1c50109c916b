"""Which targets an unsafe request outdates (RFC 9111 section 4.4)."""

from urllib.parse import urljoin, urlsplit

from proxy.semantics.message import ResponseHead


def outdated_targets(target: str, host: str, head: ResponseHead) -> tuple[str, ...]:
    """Return the request's target and, on the same host, those of Location and Content-Location."""
    base = f"http://{host}{target}"
    targets = [target]
    for name in ("Location", "Content-Location"):
        value = head.fields.get(name)
        other = _same_host(base, value, host) if value is not None else None
        if other is not None:
            targets.append(other)
    return tuple(dict.fromkeys(targets))


def _same_host(base: str, reference: str, host: str) -> str | None:
    try:
        parts = urlsplit(urljoin(base, reference))
    except ValueError:
        return None
    if parts.netloc.lower() != host.lower():
        return None
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
