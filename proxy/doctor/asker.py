"""Sends one request after the other, bounded in number and time, with the client that the sidecar itself uses.

So what is found is what a sidecar would see: targets as they are, no redirect followed, nothing decoded, no write sent
twice.
"""

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.doctor.errors import DoctorError
from proxy.errors import UpstreamError
from proxy.exchange.ports import Upstream, UpstreamRequest
from proxy.semantics.message import Fields

_SHORTEST_PART = 8
_MOST_BODY_BYTES = 64 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Budget:
    """What an examination may cost a server that others are using."""

    requests: int = 300
    until_seconds: float = float("inf")
    """By `time.monotonic`."""
    spent: int = 0

    def spend(self) -> None:
        """Take one request out of it. Raises DoctorError if there is none left."""
        if self.spent >= self.requests:
            raise DoctorError(f"gave up after {self.spent} requests, the most that one examination may cost")
        if time.monotonic() > self.until_seconds:
            raise DoctorError(f"gave up after {self.spent} requests: it takes too long")
        self.spent += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer. `failure` says why there is none; then the status is 0."""

    status: int = 0
    fields: Fields = field(repr=False, default_factory=lambda: CIMultiDictProxy(CIMultiDict()))
    body: bytes = field(repr=False, default=b"")
    states_length: bool = True
    seconds: float = 0.0
    arrived_unix_seconds: float = 0.0
    failure: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether it is a 200."""
        return self.status == 200

    @property
    def outcome(self) -> str:
        """The status, or why there is none, for people."""
        return f"no answer ({self.failure})" if self.failure else str(self.status)


@dataclass(frozen=True, slots=True)
class WholeBody:
    """A body that is all there."""

    octets: bytes = field(repr=False)

    @property
    def length_bytes(self) -> int:
        """How long it is."""
        return len(self.octets)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield it."""
        yield self.octets


class Asker:
    """Asks one server, in the name of one token."""

    def __init__(self, upstream: Upstream, *, token: str, budget: Budget) -> None:
        self._upstream = upstream
        self._token = token
        self._budget = budget
        self._seen: dict[str, Reply] = {}

    def would_tell(self, text: str) -> bool:
        """Tell whether a text has a part of the token in it that says something."""
        return any(len(part) >= _SHORTEST_PART and part in text for part in self._token.split("."))

    def with_budget(self, budget: Budget) -> "Asker":
        """Return one that spends another budget."""
        return Asker(self._upstream, token=self._token, budget=budget)

    async def ask(
        self,
        target: str,
        method: str = "GET",
        fields: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        """Ask with the token. Raises DoctorError when the budget is used up."""
        return await self.ask_as(self._token, target, method, fields, body)

    async def look(self, target: str) -> Reply:
        """Ask for something, or return what was answered when it was asked for first: spares the server."""
        if target not in self._seen:
            self._seen[target] = await self.ask(target)
        return self._seen[target]

    async def ask_as(
        self,
        bearer: str | None,
        target: str,
        method: str = "GET",
        fields: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        """Ask with another token, or with none."""
        self._budget.spend()
        sent: CIMultiDict[str] = CIMultiDict(Accept="application/json")
        sent["User-Agent"] = "connect-sidecar-doctor"
        if bearer is not None:
            sent["Authorization"] = f"Bearer {bearer}"
        if body is not None:
            sent["Content-Type"] = "application/json"
        sent.update(fields or {})
        request = UpstreamRequest(
            method=method,
            target=target,
            fields=CIMultiDictProxy(sent),
            body=None if body is None else WholeBody(body),
        )
        began = time.perf_counter()
        try:
            response = await self._upstream.send(request)
            octets = await response.read_complete(_MOST_BODY_BYTES)
        except UpstreamError as error:
            return Reply(failure=error.kind.value, seconds=time.perf_counter() - began)
        seconds = time.perf_counter() - began
        if octets is None:
            response.close()
            raise DoctorError("an answer is larger than 64 MiB: not examined any further")
        return Reply(
            status=response.head.status,
            fields=response.head.fields,
            body=octets,
            states_length=response.content_length_bytes is not None,
            seconds=seconds,
            arrived_unix_seconds=time.time(),
        )
