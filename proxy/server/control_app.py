"""The control port: purge, mode, reload, status, explain, quit, on a unix socket or loopback TCP.

A browser on the same machine must not reach it: only known Hosts, no Origin, and on TCP a bearer token that
is compared in constant time. On the unix socket the kernel vouches for the peer (see `peers`). Routes are a
table.
"""

import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from proxy.exchange.answer import Answer
from proxy.exchange.mode import Mode
from proxy.exchange.ports import RequestBody
from proxy.semantics.message import Request
from proxy.server.small_answers import json_answer, json_problem

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
_MAX_BODY_BYTES = 16_384
_TARGET = re.compile(r"/[!-~]*")
_METHOD = re.compile(r"[A-Z]+")


class PurgeScope(StrEnum):
    """What a purge takes away."""

    ALL = "all"
    VAULT = "vault"
    ITEM = "item"
    TOKEN = "token"  # noqa: S105 - a label


@dataclass(frozen=True, slots=True, kw_only=True)
class Purge:
    """One purge: `vault` for vault and item, `item` for item, `token` (a label, never a token) for token."""

    scope: PurgeScope
    vault: str = ""
    item: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What would become of this request? `token` is the name of one. A target may quote a title: it isn't repeated."""

    target: str = field(repr=False)
    token: str = field(repr=False)  # somebody may give the token itself
    method: str = "GET"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownName:
    """No token has the name that was asked about; these are known."""

    known: tuple[str, ...]


_NEEDED: Mapping[PurgeScope, frozenset[str]] = {
    PurgeScope.ALL: frozenset(),
    PurgeScope.VAULT: frozenset({"vault"}),
    PurgeScope.ITEM: frozenset({"vault", "item"}),
    PurgeScope.TOKEN: frozenset({"token"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """What can be asked for. `purge` returns how many stored responses went."""

    purge: Callable[[Purge], int]
    switch: Callable[[Mode], None]
    reload: Callable[[], "DataclassInstance"]
    status: Callable[[], "DataclassInstance"]
    explain: Callable[[Question], "DataclassInstance | UnknownName"]
    quit: Callable[[], None]


Route = Callable[[bytes], Awaitable[Answer]]


class ControlApp:
    """Answers of the control port; a `Handler`. Without `bearer` the transport has vouched for the peer."""

    def __init__(self, controls: Controls, *, bearer: Callable[[], str] | None = None) -> None:
        self._controls = controls
        self._bearer = bearer
        self._routes: dict[tuple[str, str], Route] = {
            ("POST", "/purge"): self._purge,
            ("POST", "/mode"): self._switch,
            ("POST", "/reload"): self._reload,
            ("GET", "/status"): self._status,
            ("POST", "/explain"): self._explain,
            ("POST", "/quit"): self._quit,
        }

    async def handle(self, request: Request, body: RequestBody | None) -> Answer:
        """Answer one request."""
        refusal = self._refuse(request)
        if refusal is not None:
            return refusal
        route = self._routes.get((request.method, request.target))
        if route is None:
            known = any(target == request.target for _, target in self._routes)
            return json_problem(405, "wrong method") if known else json_problem(404, "no such control")
        octets = await _read(body)
        return json_problem(413, "the body is too large") if octets is None else await route(octets)

    def _refuse(self, request: Request) -> Answer | None:
        if _host_of(request.fields.get("Host", "")) not in _HOSTS:
            return json_problem(403, "the control port answers only to localhost")
        if "Origin" in request.fields:
            return json_problem(403, "the control port is not for browsers")
        if self._bearer is not None and not _is_bearer(
            request.fields.get("Authorization", ""), self._bearer()
        ):
            return json_problem(401, "the control port needs its own bearer token")
        return None

    async def _purge(self, octets: bytes) -> Answer:
        purge = parse_purge(octets)
        if purge is None:
            return json_problem(400, "a purge needs a scope (all, vault, item, token) and what it names")
        return json_answer(200, {"removed": self._controls.purge(purge)})

    async def _switch(self, octets: bytes) -> Answer:
        mode = parse_mode(octets)
        if mode is None:
            return json_problem(400, "a mode is one of cache, observe, passthrough")
        self._controls.switch(mode)
        return json_answer(200, {"mode": mode.value})

    async def _reload(self, _octets: bytes) -> Answer:
        return json_answer(200, asdict(self._controls.reload()))

    async def _status(self, _octets: bytes) -> Answer:
        return json_answer(200, asdict(self._controls.status()))

    async def _quit(self, _octets: bytes) -> Answer:
        self._controls.quit()  # this port answers to the end: whoever asked hears of it
        return json_answer(200, {"phase": "draining"})

    async def _explain(self, octets: bytes) -> Answer:
        question = parse_question(octets)
        if question is None:
            return json_problem(
                400, "a question needs a target (a path as clients send it) and a token's name"
            )
        explained = self._controls.explain(question)
        if isinstance(explained, UnknownName):
            known = ", ".join(explained.known) or "none yet"
            return json_problem(404, f"no accepted token has that name; known: {known}")
        return json_answer(200, asdict(explained))


def parse_purge(octets: bytes) -> Purge | None:
    """Return the purge that a JSON document asks for; None unless it names exactly what its scope needs."""
    document = _document(octets)
    if document is None:
        return None
    named = {name: value for name, value in document.items() if name != "scope" and value}
    try:
        scope = PurgeScope(document.get("scope", ""))
    except ValueError:
        return None
    return Purge(scope=scope, **named) if named.keys() == _NEEDED[scope] else None


def parse_mode(octets: bytes) -> Mode | None:
    """Return the mode that a JSON document asks for; None unless it names one, and nothing else."""
    document = _document(octets)
    if document is None or document.keys() != {"mode"}:
        return None
    try:
        return Mode(document["mode"])
    except ValueError:
        return None


def parse_question(octets: bytes) -> Question | None:
    """Return the question that a JSON document asks; None unless target and method could be sent as they are."""
    document = _document(octets)
    if document is None or not {"target", "token"} <= document.keys() <= {"target", "token", "method"}:
        return None
    question = Question(**document)
    is_sendable = _TARGET.fullmatch(question.target) and _METHOD.fullmatch(question.method)
    return question if is_sendable else None


def _document(octets: bytes) -> dict[str, str] | None:
    try:
        document = json.loads(octets)
    except (ValueError, RecursionError):
        return None
    is_plain = isinstance(document, dict) and all(isinstance(value, str) for value in document.values())
    return document if is_plain else None


def _host_of(authority: str) -> str:
    host, colon, port = authority.lower().rpartition(":")
    return host if colon and port.isdigit() else authority.lower()


def _is_bearer(given: str, expected: str) -> bool:
    scheme, _, token = given.partition(" ")
    same = hmac.compare_digest(
        token.strip().encode("utf-8", "surrogateescape"), expected.encode("utf-8", "surrogateescape")
    )
    return same and bool(expected) and scheme.lower() == "bearer"


async def _read(body: RequestBody | None) -> bytes | None:
    octets = b""
    if body is not None:
        async for chunk in body:
            octets += chunk
            if len(octets) > _MAX_BODY_BYTES:
                return None
    return octets
