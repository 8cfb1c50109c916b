"""How the command line reaches a running sidecar: one request, one JSON document."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp


class ControlError(Exception):
    """The control port can't be reached or refused; the text is for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTarget:
    """Where the control port is: a socket file, or a loopback URL with a bearer token."""

    socket_path: Path | None = None
    url: str = "http://localhost"
    bearer: str | None = None

    def __repr__(self) -> str:
        return f"ControlTarget({self.socket_path or self.url})"


async def ask_control(
    target: ControlTarget,
    method: str,
    path: str,
    document: Mapping[str, str] | None = None,
    *,
    timeout_seconds: float = 10.0,
) -> dict[str, object]:
    """Ask for one thing and return the answer. Raises ControlError."""
    connector = (
        aiohttp.UnixConnector(path=str(target.socket_path))
        if target.socket_path is not None
        else aiohttp.TCPConnector()
    )
    fields = {"Authorization": f"Bearer {target.bearer}"} if target.bearer else {}
    timeout = aiohttp.ClientTimeout(total=timeout_seconds)
    octets = None if document is None else json.dumps(dict(document)).encode()
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.request(
                method, target.url + path, data=octets, headers=fields, allow_redirects=False
            ) as answer,
        ):
            status, body = answer.status, await answer.read()
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise ControlError(f"no sidecar answers at {target.socket_path or target.url}") from error
    return _document_of(status, body)


def _document_of(status: int, body: bytes) -> dict[str, object]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ControlError(f"the control port answered {status} without a document") from error
    if status != 200 or not isinstance(document, dict):
        message = document.get("message", "") if isinstance(document, dict) else ""
        raise ControlError(f"the control port refused ({status}): {message}")
    return document
