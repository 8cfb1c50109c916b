"""What `demo` prints: where everything is, and lines to paste that show a miss, a hit, a write, the read after it.

The lines are plain curl and work in any POSIX shell; a test runs them.
"""

import sys
from pathlib import Path

from proxy.assembly import Running


def embedded(running: Running, *, connect_url: str, token: str, vault: str, item: str) -> str:
    """Return the introduction with an embedded server."""
    return f"""\
An embedded 1Password Connect server, and connect-sidecar in front of it. Nothing here is a real secret.

{_places(connect_url, running)}

Paste into another terminal:

  export OP_CONNECT_HOST=http://{_first(running)}
  export OP_CONNECT_TOKEN={token}
  item=$OP_CONNECT_HOST/v1/vaults/{vault}/items/{item}
  ask() {{ curl -s -D- -o /dev/null -H "Authorization: Bearer $OP_CONNECT_TOKEN" "$@" | grep -iE '^(HTTP|age|cache)'; }}

  ask $item    # a miss: Connect is asked
  ask $item    # a hit: it is not; see Age and Cache-Status
  ask $item -X PATCH -d '[{{"op": "replace", "path": "/title", "value": "Renamed"}}]'    # a write: always Connect
  ask $item    # the read after the write: Connect is asked, until it shows the new version
  {_command()} status

Ctrl-C stops everything.
"""


def in_front_of(connect_url: str, running: Running) -> str:
    """Return the introduction with the user's own Connect server."""
    return f"""\
connect-sidecar in front of your Connect server.

{_places(connect_url, running)}

Paste into another terminal, with your own OP_CONNECT_TOKEN; the second answer is a hit:

  export OP_CONNECT_HOST=http://{_first(running)}
  curl -s -D- -o /dev/null -H "Authorization: Bearer $OP_CONNECT_TOKEN" $OP_CONNECT_HOST/v1/vaults
  curl -s -D- -o /dev/null -H "Authorization: Bearer $OP_CONNECT_TOKEN" $OP_CONNECT_HOST/v1/vaults

Ctrl-C drains and stops.
"""


def _places(connect_url: str, running: Running) -> str:
    rows = [
        ("Connect", connect_url),
        ("traffic", "  ".join(f"http://{address}" for address in running.traffic_addresses)),
        ("observe", "  ".join(f"http://{address}/metrics" for address in running.observe_addresses) or "off"),
        ("control", running.control_path or "off"),
    ]
    return "\n".join(f"  {name:8} {where}" for name, where in rows)


def _first(running: Running) -> str:
    """Return the address to use: the first, with this machine's own name for a wildcard."""
    address = running.traffic_addresses[0]
    return address.replace("[::]:", "[::1]:").replace("0.0.0.0:", "127.0.0.1:")


def _command() -> str:
    """Return how to call the command line from here: as installed beside this interpreter, else as a module."""
    installed = Path(sys.executable).with_name("connect-sidecar")
    if not installed.exists():
        return f"{sys.executable} -m proxy"
    return str(installed.relative_to(Path.cwd())) if installed.is_relative_to(Path.cwd()) else str(installed)
