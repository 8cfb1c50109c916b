"""How `purge` and `status` reach the running sidecar: its socket, else its loopback port with the token's file."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from proxy.commands.errors import CommandError
from proxy.config import ControlSettings, load_control
from proxy.server.control_client import ControlTarget, ask_control

DocumentT = TypeVar("DocumentT")


def ask(
    config: Path | None, method: str, path: str, document: Mapping[str, str] | None = None
) -> dict[str, object]:
    """Ask the running sidecar for one thing. Raises ConfigError, CommandError, ControlError."""
    return asyncio.run(ask_control(target_for(config), method, path, document))


def target_for(config: Path | None) -> ControlTarget:
    """Return where the settings say that the control port is. Raises ConfigError, CommandError."""
    return target_of(load_control(config, os.environ))


def as_document(document: Mapping[str, object], kind: type[DocumentT]) -> DocumentT:
    """Return a document as the value it is one of; names nobody knows are left out. Raises CommandError."""
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise CommandError("the sidecar that runs is of another version: try --json") from error


def target_of(control: ControlSettings) -> ControlTarget:
    """Return where the control port is. Raises CommandError if it is off or its token can't be read."""
    if control.socket:
        return ControlTarget(socket_path=Path(control.socket))
    if control.listen is None:
        raise CommandError("control.socket: the control port is off, and so is control.listen")
    try:
        bearer = Path(control.token_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError("control.token_file: can't be read") from error
    return ControlTarget(url=f"http://{control.listen}", bearer=bearer)
