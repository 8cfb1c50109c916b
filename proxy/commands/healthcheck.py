"""`healthcheck`: is the sidecar on this machine ready? For container probes, so it starts fast.

Standard library only: of the settings it reads one, `observe.listen`, and leaves judging the rest to `serve`. With a
URL it asks there instead, as `helm test` does from a pod of its own.
"""

import argparse
import http.client
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from proxy.commands.errors import CommandError
from proxy.commands.exit_codes import FAILED, OK

VARIABLE = "CONNECT_SIDECAR__OBSERVE__LISTEN"
DEFAULT_ADDRESS = "127.0.0.1:8181"
_MOST_PORT_DIGITS = 5
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound


def run(options: argparse.Namespace) -> int:
    """Ask and say what it said. Raises CommandError when nobody answers."""
    if options.url:
        status, said = _ask_url(options.url, options.timeout_seconds)
        print(said)
        return OK if status == 200 else FAILED
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
        return _answer(connection, "/readyz")
    except (OSError, http.client.HTTPException) as error:
        raise CommandError(f"observe.listen: no sidecar answers at {address}") from error


def _ask_url(url: str, timeout_seconds: float) -> tuple[int, str]:
    """Ask anywhere; who answers https is verified, by SSL_CERT_FILE if that is set."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise CommandError("--url: is not a URL") from error
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
        raise CommandError("--url: expected http://HOST:PORT/PATH or https://, without credentials")
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        return _answer(connect(host, port, timeout=timeout_seconds), parts.path or "/")
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = type(error).__name__
        raise CommandError(f"--url: nobody answers at {parts.netloc} ({reason})") from error


def _answer(connection: http.client.HTTPConnection, target: str) -> tuple[int, str]:
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        return answer.status, answer.read(1024).decode("utf-8", "replace").strip()
    finally:
        connection.close()
