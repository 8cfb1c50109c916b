"""Which targets an unsafe request outdates (RFC 9111 section 4.4)."""

from collections.abc import Iterable
from urllib.parse import SplitResult, urljoin, urlsplit

from proxy.semantics.message import ResponseHead

_PORTS = {"http": 80, "https": 443}
_RELATIVE = "relative.invalid"  # RFC 2606: nobody's

Authority = tuple[str, int | None]


def outdated_targets(target: str, authorities: Iterable[str], head: ResponseHead) -> tuple[str, ...]:
    """Return the request's target and those of Location and Content-Location that are the same origin's.

    `authorities` are the names by which the origin may call itself: the request's Host, and the one it is sent
    to. The scheme is not compared: who ends TLS before us can't be known, and what is outdated in vain is only
    fetched again.
    """
    own = {_authority(urlsplit(f"http://{authority}")) for authority in authorities if authority}
    targets = [target]
    for name in ("Location", "Content-Location"):
        for reference in head.fields.getall(name, ()):
            other = _same_origin(target, reference, own)
            if other is not None:
                targets.append(other)
    return tuple(dict.fromkeys(targets))


def _same_origin(target: str, reference: str, own: set[Authority | None]) -> str | None:
    """Return the target that a reference leads to, if it is at one of our own authorities."""
    try:
        parts = urlsplit(urljoin(f"http://{_RELATIVE}{target}", reference))
        authority = _authority(parts)
    except ValueError:
        return None
    if authority is None or authority not in own | {(_RELATIVE, None)}:
        return None
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _authority(parts: SplitResult) -> Authority | None:
    """Return host and port, None for a default port; None for what names a user or no host.

    Raises ValueError if the port is none.
    """
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None:
        return None
    return parts.hostname, None if parts.port in _PORTS.values() else parts.port
