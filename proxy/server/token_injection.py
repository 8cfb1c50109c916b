"""A token that the sidecar lends: the placeholder of a client who may have it becomes the Connect token.

Who may is said by the transport (a user on the unix socket, a certificate, or, weaker, loopback), never by the request.
Exactly the placeholder is replaced; another token passes as it is. It is lent for routes of the resource table only, in
named vaults and by named methods; everything behind this sees a request with the token, as if the client had sent it.
"""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.connect.error_response import Message
from proxy.connect.resources import ResourceKind, recognise
from proxy.exchange.answer import Answer, Handler, ReadyAnswer
from proxy.exchange.ports import RequestBody
from proxy.semantics.message import Request
from proxy.semantics.peer import Peer
from proxy.server.problems import problem_answer

ANY_VAULT = "*"

_BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
_FORWARDED = ("X-Forwarded-For", "Forwarded")
_NEEDS_NO_TOKEN = frozenset({ResourceKind.HEARTBEAT, ResourceKind.HEALTH})
_NEVER_LENT_FOR = frozenset({ResourceKind.ACTIVITY, ResourceKind.METRICS, ResourceKind.OTHER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lending:
    """To whom and for what the token is lent."""

    uids: frozenset[int] = frozenset()
    certificates: frozenset[str] = frozenset()
    includes_loopback: bool = False
    vaults: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset({"GET"})

    def is_for_peer(self, peer: Peer) -> bool:
        """Tell whether a client may have it."""
        if peer.uid is not None:
            return peer.uid in self.uids
        if peer.certificate is not None and peer.certificate in self.certificates:
            return True
        return self.includes_loopback and peer.is_loopback

    def is_for(self, method: str, kind: ResourceKind, vault: str) -> bool:
        """Tell whether it may be used for that."""
        if kind in _NEVER_LENT_FOR or ("GET" if method == "HEAD" else method) not in self.methods:
            return False
        return ANY_VAULT in self.vaults or (bool(vault) and vault in self.vaults)


class TokenFile:
    """A token in a file: read again when the file has changed. The last one that could be read is kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._token = ""

    def token(self) -> str:
        """Return the token; empty if there has never been one."""
        try:
            told = self._path.stat()
            seen = told.st_ino, told.st_size, told.st_mtime_ns
            if seen != self._seen:
                read = self._path.read_text(encoding="ascii").strip()
                self._token = read if _TOKEN.fullmatch(read) else self._token
                self._seen = seen
        except (OSError, UnicodeDecodeError):
            pass  # it may be on its way: the old one goes on
        return self._token


class TokenInjection:
    """A `Handler` in front of another."""

    def __init__(
        self, handler: Handler, *, placeholder: str, lending: Lending, token: Callable[[], str]
    ) -> None:
        self._handler = handler
        self._placeholder = placeholder.encode()
        self._lending = lending
        self._token = token

    async def handle(self, request: Request, body: RequestBody | None) -> Answer | ReadyAnswer:
        """Pass a request on, with the token if it asks for it and may have it."""
        if not self._is_asked_for(request):
            return await self._handler.handle(request, body)
        resource = recognise(request.target)
        if resource.kind in _NEEDS_NO_TOKEN:
            return await self._handler.handle(_with_authorization(request, None), body)
        token = self._token()
        is_direct = not any(name in request.fields for name in _FORWARDED)
        is_lent = (
            is_direct
            and self._lending.is_for_peer(request.peer)
            and self._lending.is_for(request.method, resource.kind, resource.vault)
        )
        if not (is_lent and token):
            return problem_answer(Message.NOT_LENT)
        return await self._handler.handle(_with_authorization(request, f"Bearer {token}"), body)

    def _is_asked_for(self, request: Request) -> bool:
        values = request.fields.getall("Authorization", ())
        matched = _BEARER.fullmatch(values[0]) if len(values) == 1 else None
        return matched is not None and hmac.compare_digest(
            matched[1].encode("utf-8", "surrogateescape"), self._placeholder
        )


def _with_authorization(request: Request, value: str | None) -> Request:
    fields = CIMultiDict(request.fields)
    del fields["Authorization"]
    if value is not None:
        fields["Authorization"] = value
    return replace(request, fields=CIMultiDictProxy(fields))
