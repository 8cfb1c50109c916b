"""Who is at the other end of a unix socket, by the kernel's word (SO_PEERCRED)."""

import asyncio
import os
import socket
import struct
from collections.abc import Callable

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


def peer_uid(transport: asyncio.Transport) -> int | None:
    """Return the user at the other end; None where the kernel can't tell."""
    sock = transport.get_extra_info("socket")
    option = getattr(socket, "SO_PEERCRED", None)
    if sock is None or option is None or sock.family != socket.AF_UNIX:
        return None
    octets = sock.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    uid: int = _CREDENTIALS.unpack(octets)[1]
    return uid


def only_users(uids: frozenset[int]) -> Callable[[asyncio.Transport], bool]:
    """Admit only these users (and root, who could read our memory anyway)."""
    admitted = uids | {0}

    def admits(transport: asyncio.Transport) -> bool:
        return peer_uid(transport) in admitted

    return admits


def only_ourselves() -> Callable[[asyncio.Transport], bool]:
    """Admit only the user this process runs as."""
    return only_users(frozenset({os.getuid()}))
