"""Where we listen: addresses of settings -> bound sockets.

A socket that can't be had is an error that names the setting; a machine without IPv6 is none. A unix socket's
file left by a dead process is removed, a living one's never. Nothing here accepts: that is a front's part.
"""

import errno
import os
import socket
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

BACKLOG = 4096
_PORT_ATTEMPTS = 20
_NO_IPV6 = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT})


class ListenError(Exception):
    """An address can't be listened on. The text names the setting and the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpAddress:
    """A numeric address and a port; port 0 takes a free one. `::` is both IPv4 and IPv6."""

    setting: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnixAddress:
    """A socket file, created with `mode` and given to `owner` and `group` (-1: they stay ours).

    An optional one is done without, and a note says so, where no file can be made: on a read-only file system.
    """

    setting: str
    path: Path
    mode: int = 0o600
    owner: int = -1
    group: int = -1
    is_optional: bool = False

    def __str__(self) -> str:
        return f"unix:{self.path}"


Address = TcpAddress | UnixAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Sockets that are bound, as asked for and with the port that was given; notes are for the log."""

    sockets: tuple[socket.socket, ...]
    addresses: tuple[Address, ...]
    notes: tuple[str, ...]


def bind_all(addresses: Sequence[Address]) -> Bound:
    """Bind every address, or none: raises ListenError. Addresses with port 0 get one and the same port."""
    wants_any_port = any(isinstance(address, TcpAddress) and not address.port for address in addresses)
    attempts = _PORT_ATTEMPTS if wants_any_port and len(addresses) > 1 else 1
    for attempt in range(1, attempts + 1):
        try:
            return _bind_once(addresses)
        except ListenError:
            if attempt == attempts:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _bind_once(addresses: Sequence[Address]) -> Bound:
    sockets: list[socket.socket] = []
    given: list[Address] = []
    notes: list[str] = []
    free_port = 0
    try:
        for address in addresses:
            if isinstance(address, UnixAddress):
                if address.is_optional and (obstacle := _obstacle_to(address)):
                    notes.append(f"{obstacle}; going without, so that no command reaches this process")
                    continue
                sockets.append(_bind_unix(address))
                given.append(address)
                continue
            wanted = TcpAddress(setting=address.setting, host=address.host, port=address.port or free_port)
            bound = _bind_tcp(wanted)
            if bound is None:
                notes.append(f"{address.setting}: this machine has no IPv6, not listening on {wanted}")
                continue
            sockets.append(bound)
            port = bound.getsockname()[1]
            free_port = free_port or (0 if address.port else port)
            given.append(TcpAddress(setting=address.setting, host=address.host, port=port))
    except BaseException:
        for opened in sockets:
            opened.close()
        raise
    if not sockets and not all(_is_optional(address) for address in addresses):
        raise ListenError(f"nothing to listen on; {'; '.join(notes)}")
    return Bound(sockets=tuple(sockets), addresses=tuple(given), notes=tuple(notes))


def _is_optional(address: Address) -> bool:
    return isinstance(address, UnixAddress) and address.is_optional


def _obstacle_to(address: UnixAddress) -> str:
    """Return why no file can be made there; empty, if it can."""
    try:
        _prepare_directory(address)
    except ListenError as error:
        return str(error)
    if not os.access(address.path.parent, os.W_OK | os.X_OK):
        return f"{address.setting}: {address.path.parent} can't be written to"
    return ""


def _bind_tcp(address: TcpAddress) -> socket.socket | None:
    """Bind; None where IPv6 is wanted and missing, except that `::` then means all of IPv4."""
    is_wildcard = address.host == "::"
    try:
        return _open_tcp(address, socket.AF_INET6 if ":" in address.host else socket.AF_INET)
    except OSError as error:
        lacks_ipv6 = ":" in address.host and error.errno in _NO_IPV6
        if not lacks_ipv6:
            raise ListenError(_explain(address, error)) from error
    if not is_wildcard:
        return None
    everywhere = TcpAddress(setting=address.setting, host="0.0.0.0", port=address.port)  # noqa: S104 - asked for
    return _bind_tcp(everywhere)


def _open_tcp(address: TcpAddress, family: socket.AddressFamily) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.settimeout(0)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address.host != "::"))
        opened.bind((address.host, address.port))
        opened.listen(BACKLOG)
    except BaseException:
        opened.close()
        raise
    return opened


def _bind_unix(address: UnixAddress) -> socket.socket:
    _prepare_directory(address)
    _remove_stale(address)
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    opened.settimeout(0)
    previous = os.umask(0o777 & ~address.mode)  # the file is never more open than it shall be
    try:
        opened.bind(str(address.path))
        _give_away(address)
        opened.listen(BACKLOG)
    except OSError as error:
        opened.close()
        raise ListenError(_explain(address, error)) from error
    except ListenError:
        opened.close()
        raise
    finally:
        os.umask(previous)
    return opened


def _give_away(address: UnixAddress) -> None:
    """Change owner and group, before anybody can connect; a file that can't be given away goes."""
    if address.owner < 0 and address.group < 0:
        return
    try:
        os.chown(address.path, address.owner, address.group)
    except OSError as error:
        address.path.unlink(missing_ok=True)
        reason = os.strerror(error.errno or 0)
        raise ListenError(
            f"{address.setting}_owner, {address.setting}_group: {address} can't be given away: {reason}"
        ) from error


def _prepare_directory(address: UnixAddress) -> None:
    """Make the socket's directory, for us alone; refuse one that another user could swap the socket in."""
    directory = address.path.parent
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = directory.stat().st_uid
    except OSError as error:
        raise ListenError(_explain(address, error)) from error
    if owner not in {0, os.getuid()}:
        raise ListenError(f"{address.setting}: {directory} belongs to another user")


def _remove_stale(address: UnixAddress) -> None:
    try:
        is_socket = stat.S_ISSOCK(address.path.lstat().st_mode)
    except FileNotFoundError:
        return
    except OSError as error:
        raise ListenError(_explain(address, error)) from error
    if not is_socket:
        raise ListenError(f"{address.setting}: {address} exists and is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(address.path))
        except ConnectionRefusedError:
            address.path.unlink(missing_ok=True)
            return
        except OSError as error:
            raise ListenError(_explain(address, error)) from error
    raise ListenError(f"{address.setting}: {address} is in use by a running process")


def remove_socket_files(addresses: Sequence[Address]) -> None:
    """Remove the files of unix sockets that were ours."""
    for address in addresses:
        if isinstance(address, UnixAddress):
            with suppress(OSError):
                address.path.unlink(missing_ok=True)


def _explain(address: Address, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"{address.setting}: {address} is already in use; stop what listens there or change the setting"
        )
    reason = os.strerror(error.errno) if error.errno else "unknown error"
    return f"{address.setting}: can't listen on {address}: {reason}"
