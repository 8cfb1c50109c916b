"""Who is at the other end of a connection: by the kernel's word on a unix socket (SO_PEERCRED), by its verified
certificate, or by its address.
"""

import asyncio
import hashlib
import os
import socket
import struct
from collections.abc import Callable

from proxy.semantics.peer import Peer

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


def peer_of(transport: asyncio.Transport) -> Peer:
    """Return what the transport knows of its other end."""
    name = transport.get_extra_info("peername")
    address = name[0].partition("%")[0] if isinstance(name, tuple) else ""
    return Peer(address=address, uid=peer_uid(transport), certificate=_certificate_of(transport))


def _certificate_of(transport: asyncio.Transport) -> str | None:
    tls = transport.get_extra_info("ssl_object")
    shown = None if tls is None else tls.getpeercert(binary_form=True)  # only ever a verified one
    return None if shown is None else hashlib.sha256(shown).hexdigest()


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
    """Admit on a unix socket only these users (and root, who could read our memory anyway)."""
    admitted = uids | {0}

    def admits(transport: asyncio.Transport) -> bool:
        sock = transport.get_extra_info("socket")
        is_unix = sock is not None and sock.family == socket.AF_UNIX
        return not is_unix or peer_uid(transport) in admitted

    return admits


def only_ourselves() -> Callable[[asyncio.Transport], bool]:
    """Admit on a unix socket only the user this process runs as."""
    return only_users(frozenset({os.getuid()}))
