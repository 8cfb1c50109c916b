"""A model of Connect behind the `Upstream` port whose luck changes by the hour, and which remembers everything.

One vault, changed elsewhere; every state it ever had is kept with the moment it began. A `Spell` says what happens to
requests that arrive during it. Every attempt is kept with when it was sent, when it ended and what it showed, so that
a test can ask what a cache could have known. Time is the loop's; the model knows nothing of the cache.
"""

import asyncio
import json
from base64 import urlsafe_b64encode
from bisect import bisect_right
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.errors import ErrorKind, UpstreamError
from proxy.exchange.ports import UpstreamRequest
from proxy.semantics.message import ResponseHead

VAULT = "v" * 26
LIST = f"/v1/vaults/{VAULT}/items"
EPOCH_SECONDS = 1_790_000_000.0

State = tuple[tuple[str, int, str], ...]
"""What a target shows: (item, version, title) of each item, in order; empty for what isn't there."""


def item_id(number: int) -> str:
    return f"item{number}".ljust(26, "a")


def bearer(name: str, expires_boot_seconds: float | None = None) -> str:
    """Return an Authorization field value; with an expiry it is a token that says so itself."""
    if expires_boot_seconds is None:
        return f"Bearer {name}"
    claims = {"jti": name, "exp": EPOCH_SECONDS + expires_boot_seconds}
    payload = urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"Bearer {name}.{payload}.signature"


class Luck(StrEnum):
    """What befalls a request."""

    REFUSED = "refused"
    RESET = "reset"
    CUT = "cut"  # the body breaks off
    SLOW_HEAD = "slow head"
    SLOW_BODY = "slow body"
    ERROR = "503"
    TIMEOUT = "408"
    TOO_MANY = "429"
    UNSYNCED = "unsynced"  # 401 for every token, and /health says why
    LAGGING = "lagging"  # a replica that is behind


_NOT_APPLIED = frozenset({Luck.REFUSED, Luck.ERROR, Luck.TIMEOUT, Luck.TOO_MANY, Luck.UNSYNCED})
"""A write that meets with one of these changes nothing; a reset comes after it was carried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """From `begins` to `ends` (boot_seconds); `seconds` is how slow, or how far behind."""

    begins: float
    ends: float
    luck: Luck
    seconds: float = 0.0


class Outcome(StrEnum):
    """How an attempt ended."""

    SHOWN = "shown"
    REFUSED = "refused"  # 401 to a read, and Connect knew what it said
    FAILED = "failed"  # no complete answer, or 408, 5xx, a 401 of a server that isn't synced
    GONE = "gone"  # 404
    OTHER = "other"  # 429, /health, writes


@dataclass(slots=True)
class Attempt:
    """One request and what came of it; `ended` is infinite while it is under way."""

    token: str
    target: str
    sent: float
    is_background: bool
    is_read: bool
    ended: float = float("inf")
    outcome: Outcome | None = None
    state: State = ()
    written: tuple[str, int] | None = None

    def shows(self, target: str, state: State) -> bool:
        """Tell whether this attempt proves that a target shows a state."""
        if self.outcome is Outcome.GONE:
            return self.target == target and state == ()
        if self.outcome is not Outcome.SHOWN or (self.target != target and self.target != LIST):
            return False
        return self.state == state if self.target == target else narrowed(self.state, target) == state


def narrowed(everything: State, target: str) -> State:
    """Return what a target shows of a vault's whole state."""
    rest, _, query = target.removeprefix(LIST).partition("?")
    if rest:
        return tuple(entry for entry in everything if entry[0] == rest[1:])
    wanted = unquote(query).partition('"')[2].rstrip('"')
    return tuple(entry for entry in everything if not query or entry[2] == wanted)


class History:
    """Every state of the vault and since when."""

    def __init__(self, items: int) -> None:
        self._since = [0.0]
        self._states: list[State] = [tuple((item_id(n), 1, "red") for n in range(items))]

    def at(self, moment: float) -> State:
        return self._states[bisect_right(self._since, moment) - 1]

    def change(self, item: str, now: float, title: str | None) -> None:
        """Give an item another version, and maybe another title."""
        state = tuple(
            (name, version + 1, title or known) if name == item else (name, version, known)
            for name, version, known in self._states[-1]
        )
        self._add(state, now)

    def delete(self, item: str, now: float) -> None:
        self._add(tuple(entry for entry in self._states[-1] if entry[0] != item), now)

    def untrue_for_seconds(self, target: str, shown: State, now: float) -> float:
        """Return for how long a target has no longer shown a state; infinite if it never did."""
        for index in range(len(self._states) - 1, -1, -1):
            if self._since[index] <= now and narrowed(self._states[index], target) == shown:
                is_last = index + 1 == len(self._states) or self._since[index + 1] > now
                return 0.0 if is_last else now - self._since[index + 1]
        return float("inf")

    def _add(self, state: State, now: float) -> None:
        self._since.append(now)
        self._states.append(state)


class _Answer:
    """An answer as `UpstreamResponse` whose body takes its time, or breaks off."""

    def __init__(
        self, attempt: Attempt, status: int, document: object, outcome: Outcome, spell: Spell | None
    ) -> None:
        self._body = json.dumps(document).encode()
        self._attempt, self._outcome, self._spell = attempt, outcome, spell
        fields = CIMultiDict({"Content-Type": "application/json", "Content-Length": str(len(self._body))})
        self.head = ResponseHead(status=status, reason="", fields=CIMultiDictProxy(fields))
        self.content_length_bytes = len(self._body)

    async def read_complete(self, limit_bytes: int) -> bytes | None:
        loop = asyncio.get_running_loop()
        luck = self._spell.luck if self._spell else None
        if luck is Luck.SLOW_BODY:
            assert self._spell is not None
            await asyncio.sleep(self._spell.seconds)
        self._attempt.ended = loop.time()
        self._attempt.outcome = self._outcome
        if luck is Luck.CUT:
            self._attempt.outcome = Outcome.FAILED
            raise UpstreamError(ErrorKind.HTTP_RESPONSE_INCOMPLETE, sent=True)
        return self._body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        body = await self.read_complete(2**30)
        if body is not None:
            yield body

    def close(self) -> None:
        if self._attempt.outcome is None:  # nobody reads it to its end
            self._attempt.ended = asyncio.get_running_loop().time()
            is_shown = self._outcome is Outcome.SHOWN
            self._attempt.outcome = Outcome.FAILED if is_shown else self._outcome


class UnluckyUpstream:
    """Connect as its luck has it. `revoked` and `expires` map an Authorization field to boot_seconds."""

    def __init__(self, *, items: int, spells: tuple[Spell, ...] = (), latency_seconds: float = 0.01) -> None:
        self.history = History(items)
        self.spells = spells
        self.revoked: dict[str, float] = {}
        self.expires: dict[str, float] = {}
        self.attempts: list[Attempt] = []
        self._latency_seconds = latency_seconds

    async def send(self, request: UpstreamRequest) -> _Answer:
        loop = asyncio.get_running_loop()
        token = request.fields.get("Authorization", "")
        is_background = request.fields.get("User-Agent", "").endswith("(probe)")
        attempt = Attempt(
            token, request.target, loop.time(), is_background=is_background, is_read=request.method == "GET"
        )
        self.attempts.append(attempt)
        try:
            spell = self._spell(loop.time())
            luck = spell.luck if spell else None
            if luck is Luck.REFUSED:
                raise UpstreamError(ErrorKind.CONNECTION_REFUSED, sent=False)
            slow_seconds = spell.seconds if spell is not None and luck is Luck.SLOW_HEAD else 0.0
            await asyncio.sleep(self._latency_seconds + slow_seconds)
            if not attempt.is_read and luck not in _NOT_APPLIED and not self._is_refused(token):
                return self._write(attempt, spell)
            if luck is Luck.RESET:
                raise UpstreamError(ErrorKind.CONNECTION_TERMINATED, sent=True)
            return self._answer(attempt, spell)
        except BaseException:
            attempt.ended, attempt.outcome = loop.time(), Outcome.FAILED
            raise

    async def close(self) -> None:
        pass

    def _spell(self, now: float) -> Spell | None:
        return next((spell for spell in self.spells if spell.begins <= now < spell.ends), None)

    def _is_refused(self, token: str) -> bool:
        ends = min(table.get(token, float("inf")) for table in (self.revoked, self.expires))
        return asyncio.get_running_loop().time() >= ends

    def _write(self, attempt: Attempt, spell: Spell | None) -> _Answer:
        """Change an item; the answer shows the version before, and may get lost."""
        now = asyncio.get_running_loop().time()
        before = narrowed(self.history.at(now), attempt.target)
        if not before:
            return _Answer(attempt, 404, _error(404, "item not found"), Outcome.OTHER, spell)
        self.history.change(before[0][0], now, None)
        attempt.written = (before[0][0], before[0][1] + 1)
        if spell is not None and spell.luck is Luck.RESET:
            raise UpstreamError(ErrorKind.CONNECTION_TERMINATED, sent=True)
        return _Answer(attempt, 200, _summary(*before[0]), Outcome.OTHER, spell)

    def _answer(self, attempt: Attempt, spell: Spell | None) -> _Answer:
        now = asyncio.get_running_loop().time()
        luck = spell.luck if spell else None
        if attempt.target == "/health":
            status = "NOT_SYNCED" if luck is Luck.UNSYNCED else "AVAILABLE"
            document = {"dependencies": [{"service": "account_data", "status": status}]}
            return _Answer(attempt, 200, document, Outcome.OTHER, spell)
        if luck is Luck.UNSYNCED:
            return _Answer(attempt, 401, _error(401, "Invalid token"), Outcome.FAILED, spell)
        for bad, status in ((Luck.ERROR, 503), (Luck.TIMEOUT, 408)):
            if luck is bad:
                return _Answer(attempt, status, _error(status, "try later"), Outcome.FAILED, spell)
        if luck is Luck.TOO_MANY:
            return _Answer(attempt, 429, _error(429, "too many"), Outcome.OTHER, spell)
        if self._is_refused(attempt.token):
            outcome = Outcome.REFUSED if attempt.is_read else Outcome.OTHER
            return _Answer(attempt, 401, _error(401, "Invalid token"), outcome, spell)
        return self._shown(attempt, now, spell)

    def _shown(self, attempt: Attempt, now: float, spell: Spell | None) -> _Answer:
        behind = spell.seconds if spell is not None and spell.luck is Luck.LAGGING else 0.0
        attempt.state = narrowed(self.history.at(now - behind), attempt.target)
        documents = [_summary(*entry) for entry in attempt.state]
        if attempt.target.partition("?")[0] == LIST:
            return _Answer(attempt, 200, documents, Outcome.SHOWN, spell)
        if not documents:
            return _Answer(attempt, 404, _error(404, "item not found"), Outcome.GONE, spell)
        return _Answer(attempt, 200, documents[0], Outcome.SHOWN, spell)


def shown_by(document: object) -> State:
    """Read a body back: what it shows."""
    entries = document if isinstance(document, list) else [document]
    return tuple((entry["id"], entry["version"], entry["title"]) for entry in entries)


def _error(status: int, message: str) -> dict[str, object]:
    return {"status": status, "message": message}


def _summary(item: str, version: int, title: str) -> dict[str, object]:
    return {
        "id": item,
        "title": title,
        "version": version,
        "vault": {"id": VAULT},
        "category": "LOGIN",
        "updatedAt": f"2026-01-01T00:00:00.{version:09d}Z",
    }
