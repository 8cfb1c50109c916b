"""aiohttp's parsed head -> semantics.Request, or the problem it has (RFC 9112 section 3.2).

The target goes on octet for octet; an absolute-form target is accepted only for our own authority and loses
nothing but that. `Expect` ends here: this hop answers it. Field names aiohttp knows come in its spelling.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp.http import RawRequestMessage
from multidict import CIMultiDict, CIMultiDictProxy, istr

from proxy.connect.error_response import Message
from proxy.semantics.message import Fields, Request
from proxy.semantics.peer import NOBODY, Peer
from proxy.server.request_checks import first_problem

_ABSOLUTE = re.compile(r"https?://([^/?]+)(/.*)?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[^\]]+\]|[^:@]+)(?::([0-9]*))?")
_EXPECT = istr("Expect")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalEnd:
    """Our end of a connection: address without brackets and port; empty and 0 on a unix socket."""

    address: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnNames:
    """`server.names`: lower-case host names by which clients may address us in absolute-form targets.

    The address a connection arrived at always counts.
    """

    hosts: frozenset[str] = frozenset({"localhost"})

    def include(self, authority: str, local: LocalEnd) -> bool:
        """Tell whether an authority names this server on the port the request arrived at."""
        match = _AUTHORITY.fullmatch(authority.lower())
        if match is None:
            return False
        host, port = match.group(1).strip("[]"), match.group(2)
        is_own_port = not local.port or int(port or "80") == local.port
        return is_own_port and (host in self.hosts or host == local.address)


def translate(
    message: RawRequestMessage, names: OwnNames, local: Callable[[], LocalEnd], peer: Peer = NOBODY
) -> Request | Message:
    """Return the request that a parsed head states, or why it is refused."""
    problem = first_problem(message)
    if problem is not None:
        return problem
    target = message.path
    if target[0] != "/":
        reduced = _origin_form(message, names, local())
        if reduced is None:
            return Message.FOREIGN_HOST
        target = reduced
    fields = message.headers
    return Request(
        method=message.method,
        target=target,
        fields=_without_expect(fields) if _EXPECT in fields else fields,
        minor_version=message.version[1],
        peer=peer,
    )


def _origin_form(message: RawRequestMessage, names: OwnNames, local: LocalEnd) -> str | None:
    match = _ABSOLUTE.fullmatch(message.path)
    if match is None or match.group(2) is None:
        return None  # "*", or no path: what Connect would see could not be the octets that came
    authority = match.group(1)
    host = message.headers.get("Host")
    if host is not None and host.lower() != authority.lower():
        return None
    return match.group(2) if names.include(authority, local) else None


def _without_expect(fields: Fields) -> Fields:
    kept = CIMultiDict(fields)
    del kept[_EXPECT]
    return CIMultiDictProxy(kept)
