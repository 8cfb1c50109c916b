"""`healthcheck`: is the sidecar on this machine ready? For container probes, so it starts fast.

Standard library only: of the settings it reads one, `observe.listen`, and leaves judging the rest to `serve`.
"""

import argparse
import http.client
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from proxy.commands.errors import CommandError
from proxy.commands.exit_codes import FAILED, OK

VARIABLE = "CONNECT_SIDECAR__OBSERVE__LISTEN"
DEFAULT_ADDRESS = "127.0.0.1:8181"
_MOST_PORT_DIGITS = 5
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound


def run(options: argparse.Namespace) -> int:
    """Ask and say what it said. Raises CommandError when nobody answers."""
    address = observe_address(options.config, os.environ)
    status, said = _ask(address, options.timeout_seconds)
    print(said)
    return OK if status == 200 else FAILED


def observe_address(config: Path | None, environ: Mapping[str, str]) -> str:
    """Return the first address of the observe port."""
    if VARIABLE in environ:
        return environ[VARIABLE].partition(",")[0].strip()
    if config is None:
        return DEFAULT_ADDRESS
    try:
        listen = (
            tomllib.loads(config.read_text(encoding="utf-8"))
            .get("observe", {})
            .get("listen", [DEFAULT_ADDRESS])
        )
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise CommandError(f"{config}: can't be read, or is not TOML") from error
    return str(listen[0]) if isinstance(listen, list) and listen else ""


def _ask(address: str, timeout_seconds: float) -> tuple[int, str]:
    host, _, port = address.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not bare or not port.isascii() or not port.isdigit() or len(port) > _MOST_PORT_DIGITS:
        raise CommandError("observe.listen: there is no observe port to ask")
    connection = http.client.HTTPConnection(_ANYWHERE.get(bare, bare), int(port), timeout=timeout_seconds)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status, answer.read(1024).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException) as error:
        raise CommandError(f"observe.listen: no sidecar answers at {address}") from error
    finally:
        connection.close()
