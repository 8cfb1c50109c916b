"""What takes more than one setting to judge: sets that contradict each other, and sets that are unwise.

A problem stops the start; a warning is said by `serve` and `check-config`. Each names the settings it is about, the
way the operator set them.
"""

import ssl
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path

import msgspec

from proxy.config.addresses import Address, origin_host_and_port, parse_origin
from proxy.config.audit_checks import audit_problems
from proxy.config.injection_settings import injection_problems
from proxy.config.ranges import MEBIBYTE
from proxy.config.route_settings import route_problems
from proxy.config.server_checks import server_problems, socket_problems
from proxy.config.tree import ProfileName, Settings

_CONNECT_SYNC_SECONDS = 10  # OP_SYNC_TIMEOUT: how long Connect itself holds a request
_USUAL_SYNC_SECONDS = 3
_LAST_ANSWERS_SECONDS = 5
_PROCESS_BYTES = 64 * MEBIBYTE  # Python and libraries, resident, with nothing stored

_Called = Callable[[str], str]


def problems_of(settings: Settings, names: Mapping[str, str]) -> list[str]:
    """Return every reason why these settings can't be used; `names` says what the operator calls a setting."""

    def called(path: str) -> str:
        return names.get(path, path)

    found: list[str] = []
    for check in (
        _upstream_url,
        _more_upstreams,
        server_problems,
        injection_problems,
        audit_problems,
        _deadlines,
        _sizes,
        _ports,
        _control,
        _files,
        _token_names,
        _named_limits,
        _routes,
    ):
        found += check(settings, called)
    return found


def _upstream_url(settings: Settings, called: _Called) -> Iterator[str]:
    if not settings.upstream.url:
        yield "upstream.url: not set, and neither is OP_CONNECT_HOST; one of them says where Connect is"
        return
    try:
        origin = parse_origin(settings.upstream.url)
    except ValueError as error:
        yield f"{called('upstream.url')}: {error}"
        return
    for path, addresses in _listeners(settings):
        if any(_leads_to(origin, address) for address in addresses):
            yield (
                f"{called('upstream.url')}: is our own {called(path)}: requests would go round in circles;"
                " set it to where Connect listens"
            )


def _more_upstreams(settings: Settings, called: _Called) -> Iterator[str]:
    upstream, name = settings.upstream, called("upstream.more_urls")
    seen = {_origin_or_none(upstream.url)}
    for url in upstream.more_urls:
        try:
            origin = parse_origin(url)
        except ValueError as error:
            yield f"{name}: {error}"
            continue
        if origin in seen:
            yield f"{name}: names the same upstream twice; each is one Connect"
        seen.add(origin)
        for path, addresses in _listeners(settings):
            if any(_leads_to(origin, address) for address in addresses):
                yield f"{name}: names our own {called(path)}: requests would go round in circles"
    if upstream.headless and upstream.more_urls:
        yield f"{called('upstream.headless')}: can't go with upstream.more_urls: either the name or the list says it"


def _origin_or_none(url: str) -> str | None:
    try:
        return parse_origin(url)
    except ValueError:
        return None  # said by the check of upstream.url


def _leads_to(origin: str, address: Address) -> bool:
    host, port = origin_host_and_port(origin)
    if port != address.port:
        return False
    if host == "localhost":
        return address.is_loopback or address.is_wildcard
    try:
        numeric = ip_address(host)
    except ValueError:
        return False
    is_here = numeric.is_loopback or numeric.is_unspecified
    return str(numeric) == address.host or (is_here and address.is_wildcard)


def _deadlines(settings: Settings, called: _Called) -> Iterator[str]:
    upstream = settings.upstream
    if upstream.head_seconds < upstream.connect_seconds:
        yield f"{called('upstream.head_seconds')}: is less than upstream.connect_seconds, which is a part of it"
    if upstream.total_seconds < upstream.head_seconds:
        yield f"{called('upstream.total_seconds')}: is less than upstream.head_seconds, which is a part of it"
    if settings.cache.read_your_writes_hold_seconds >= upstream.total_seconds:
        yield (
            f"{called('cache.read_your_writes_hold_seconds')}: must be less than upstream.total_seconds, after which"
            " a client gets an error"
        )


def _sizes(settings: Settings, called: _Called) -> Iterator[str]:
    largest = settings.cache.response_bytes
    if largest > settings.cache.store_bytes:
        yield f"{called('cache.response_bytes')}: is more than cache.store_bytes: it would never fit"
    if largest > settings.flights.buffered_bytes:
        yield (
            f"{called('cache.response_bytes')}: is more than flights.buffered_bytes: it could never be collected"
        )


def _ports(settings: Settings, called: _Called) -> Iterator[str]:
    seen: list[tuple[str, Address]] = []
    for path, addresses in _listeners(settings):
        for address in addresses:
            for other_path, other in seen:
                if _overlap(address, other):
                    yield f"{called(path)}: {address} is taken by {called(other_path)}"
            seen.append((path, address))


def _overlap(one: Address, other: Address) -> bool:
    if not one.port or one.port != other.port:
        return False
    if "::" in {one.host, other.host}:
        return True
    same_family = (":" in one.host) == (":" in other.host)
    return one.host == other.host or (same_family and (one.is_wildcard or other.is_wildcard))


def _control(settings: Settings, called: _Called) -> Iterator[str]:
    control = settings.control
    if control.listen is not None and not control.token_file:
        yield f"{called('control.listen')}: needs control.token_file, or every process here could purge"
    if control.token_file and control.listen is None:
        yield f"{called('control.token_file')}: has no use without control.listen; the socket needs no token"
    if control.listen is not None and not control.listen.is_loopback:
        yield f"{called('control.listen')}: must be a loopback address"
    if control.socket and control.socket == settings.server.socket:
        yield f"{called('server.socket')}: is taken by control.socket"
    yield from socket_problems("control.socket", control.socket, called)


def _files(settings: Settings, called: _Called) -> Iterator[str]:
    for path, file in (
        ("upstream.ca_file", settings.upstream.ca_file),
        ("control.token_file", settings.control.token_file),
        ("server.tls_certificate_file", settings.server.tls_certificate_file),
        ("server.tls_key_file", settings.server.tls_key_file),
        ("server.tls_client_ca_file", settings.server.tls_client_ca_file),
        ("token_injection.token_file", settings.token_injection.token_file),
        ("server.required_field_file", settings.server.required_field_file),
    ):
        if not file:
            continue
        try:
            with Path(file).open("rb") as opened:
                opened.read(1)
        except OSError as error:
            yield f"{called(path)}: {file} can't be read: {error.strerror}"
            continue
        except ValueError:
            yield f"{called(path)}: can't be a path"
            continue
        if path == "upstream.ca_file" and not _holds_certificates(file):
            yield f"{called(path)}: {file} holds no PEM certificate"


def _holds_certificates(file: str) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
    except ssl.SSLError:
        return False
    return True


def _token_names(settings: Settings, called: _Called) -> Iterator[str]:
    for name in settings.tokens.names.values():
        plain = name.replace(".", "").replace("_", "").replace("-", "")
        if not (plain.isascii() and plain.isalnum() and len(name) <= 64):
            yield f"{called('tokens.names')}: a name has 1 to 64 letters, digits, dots, dashes or underscores"
        elif name in {"unknown", "other"}:
            yield f"{called('tokens.names')}: {name!r} is the word for tokens without a name"


def _routes(settings: Settings, called: _Called) -> Iterator[str]:
    yield from route_problems(settings.routes, called)


def _named_limits(settings: Settings, called: _Called) -> Iterator[str]:
    known = set(settings.tokens.names.values())
    for name in settings.limits.named:
        if name not in known:
            yield f"{called('limits.named')}: no token of tokens.names has the name {name!r}"


def _listeners(settings: Settings) -> Iterator[tuple[str, tuple[Address, ...]]]:
    yield "server.listen", settings.server.listen
    yield "observe.listen", settings.observe.listen
    if settings.control.listen is not None:
        yield "control.listen", (settings.control.listen,)


def normalised(settings: Settings) -> Settings:
    """Return consistent settings with the upstream's URL reduced to what it says."""
    more_urls = tuple(parse_origin(url) for url in settings.upstream.more_urls)
    url = parse_origin(settings.upstream.url)
    upstream = msgspec.structs.replace(settings.upstream, url=url, more_urls=more_urls)
    return msgspec.structs.replace(settings, upstream=upstream)


def warnings_about(settings: Settings, *, memory_limit_bytes: int | None = None) -> list[str]:
    """Return what is allowed but unwise, one line each."""
    return [*_unwise_times(settings), *_unwise_sizes(settings, memory_limit_bytes), *_unwise_rest(settings)]


def _unwise_times(settings: Settings) -> Iterator[str]:
    cache, upstream, server = settings.cache, settings.upstream, settings.server
    if upstream.head_seconds <= _CONNECT_SYNC_SECONDS:
        yield (
            f"upstream.head_seconds: Connect holds a request for up to {_CONNECT_SYNC_SECONDS} s while it syncs for the"
            " first time; with this value such requests fail"
        )
    for name in ("item_freshness_seconds", "list_freshness_seconds"):
        if getattr(cache, name) > cache.token_verification_seconds:
            yield (
                f"cache.{name}: is longer than cache.token_verification_seconds, after which a token must be verified"
                " anyway: hits end there unless something else was read in the vault meanwhile"
            )
    if cache.write_fence_seconds < _USUAL_SYNC_SECONDS:
        yield f"cache.write_fence_seconds: Connect usually needs up to {_USUAL_SYNC_SECONDS} s to show a write"
    if server.drain_timeout_seconds < upstream.total_seconds:
        yield "server.drain_timeout_seconds: is less than upstream.total_seconds: a stop may cut a write short"
    elif server.drain_neighbour_seconds > server.drain_timeout_seconds - _LAST_ANSWERS_SECONDS:
        yield (
            f"server.drain_neighbour_seconds: leaves less than {_LAST_ANSWERS_SECONDS} s of"
            " server.drain_timeout_seconds for what is under way when the last neighbour is no longer waited for"
        )


def _unwise_sizes(settings: Settings, limit_bytes: int | None) -> Iterator[str]:
    if limit_bytes is None:
        return
    stored = _PROCESS_BYTES + settings.cache.store_bytes
    limit = f"the container's memory limit of {limit_bytes // MEBIBYTE} MiB"
    if stored > limit_bytes:
        yield f"cache.store_bytes: with about {_PROCESS_BYTES // MEBIBYTE} MiB for the process it can't fit {limit}"
    elif stored + settings.flights.buffered_bytes > limit_bytes:
        yield f"flights.buffered_bytes: if ever used in full, with a full store, it would pass {limit}"


def _unwise_rest(settings: Settings) -> Iterator[str]:
    if settings.profile is ProfileName.HTTP:
        yield (
            'profile: "http" knows nothing of Connect: writes, revoked tokens and one-time passwords are not'
            " treated as a secrets cache must"
        )
    if settings.upstream.ca_file and settings.upstream.url.startswith("http://"):
        yield "upstream.ca_file: has no effect, upstream.url is plain http"
