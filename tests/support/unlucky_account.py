"""A vault behind the `Upstream` port that changes elsewhere, and a Connect in front of it that has bad days.

What was true when is known (`History`), so a test can tell how old an answer is. Weather is a fault for a while; it
strikes every request sent in it.
"""

import asyncio
import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

from proxy.errors import ErrorKind, UpstreamError
from proxy.exchange.ports import UpstreamRequest
from tests.support.model_account import item_id, title_of, vault_id
from tests.support.model_answer import ModelAnswer

VAULT = vault_id(0)
_LATENCY_SECONDS = 0.02
_SLOW_SECONDS = 4.0


class Weather(StrEnum):
    """What goes wrong."""

    DOWN = "down"
    RESET = "reset"
    TRUNCATED = "truncated"
    SLOW = "slow"
    UNSYNCED = "unsynced"
    TIMEOUT = "408"
    LIMITED = "429"
    ERROR = "500"
    UNAVAILABLE = "503"


_LOSSES = {
    Weather.DOWN: ErrorKind.CONNECTION_REFUSED,
    Weather.RESET: ErrorKind.CONNECTION_TERMINATED,
    Weather.TRUNCATED: ErrorKind.HTTP_RESPONSE_INCOMPLETE,
}
_STATUSES = {Weather.TIMEOUT: 408, Weather.LIMITED: 429, Weather.ERROR: 500, Weather.UNAVAILABLE: 503}


@dataclass(frozen=True, slots=True)
class Spell:
    """Some weather for a while; seconds count from the beginning."""

    weather: Weather
    starts: float
    lasts: float

    def covers(self, since: float, until: float) -> bool:
        return self.starts <= until and since <= self.starts + self.lasts


class History:
    """The versions of every item: each begins with 1 and is one higher after each change."""

    def __init__(self, changes: Sequence[tuple[float, int]], items: int) -> None:
        self._changes = {
            item_id(number): sorted(at for at, changed in changes if changed == number)
            for number in range(items)
        }

    @property
    def items(self) -> list[str]:
        return list(self._changes)

    def version(self, item: str, at: float) -> int:
        return 1 + bisect_right(self._changes[item], at)

    def superseded(self, item: str, version: int) -> float:
        """Return when a version stopped being true."""
        changes = self._changes[item]
        return changes[version - 1] if version <= len(changes) else float("inf")


class UnluckyAccount:
    """Connect. `sync_lag_seconds` is how late it shows what has changed; a token is refused once it is revoked."""

    def __init__(
        self, history: History, spells: Sequence[Spell], *, sync_lag_seconds: float, revoked: dict[str, float]
    ) -> None:
        self._history = history
        self._spells = spells
        self._sync_lag_seconds = sync_lag_seconds
        self._revoked = revoked
        self._began = asyncio.get_running_loop().time()

    def now(self) -> float:
        return asyncio.get_running_loop().time() - self._began

    async def close(self) -> None:
        pass

    async def send(self, request: UpstreamRequest) -> ModelAnswer:
        weather = next(
            (spell.weather for spell in self._spells if spell.covers(self.now(), self.now())), None
        )
        await asyncio.sleep(_LATENCY_SECONDS)
        answer = self._answer(request, weather)
        if weather is Weather.SLOW:
            await asyncio.sleep(_SLOW_SECONDS)  # what is on its way grows old
        return answer

    def _answer(self, request: UpstreamRequest, weather: Weather | None) -> ModelAnswer:
        if weather in _LOSSES:
            raise UpstreamError(_LOSSES[weather], sent=weather is not Weather.DOWN)
        if weather in _STATUSES:
            return _refusal(_STATUSES[weather])
        if request.target == "/health":
            synced = "AVAILABLE" if weather is not Weather.UNSYNCED else "NOT_SYNCED"
            document = {"dependencies": [{"service": "account_data", "status": synced}]}
            return ModelAnswer(200, json.dumps(document).encode())
        token = request.fields["Authorization"].removeprefix("Bearer ")
        if weather is Weather.UNSYNCED or self.now() >= self._revoked.get(token, float("inf")):
            return _refusal(401)
        return ModelAnswer(200, json.dumps(self._shown(request.target)).encode())

    def _shown(self, target: str) -> object:
        path, _, query = target.partition("?")
        parts = path.removeprefix(f"/v1/vaults/{VAULT}/items").strip("/")
        if parts:
            return self._summary(parts)
        wanted = unquote(query).partition('"')[2].rstrip('"')
        titles = {item: title_of(number) for number, item in enumerate(self._history.items)}
        return [self._summary(item) for item, title in titles.items() if wanted in ("", title)]

    def _summary(self, item: str) -> dict[str, object]:
        version = self._history.version(item, self.now() - self._sync_lag_seconds)
        return {
            "id": item,
            "title": title_of(self._history.items.index(item)),
            "version": version,
            "vault": {"id": VAULT},
            "category": "LOGIN",
            "updatedAt": f"2026-01-01T00:00:00.{version:09d}Z",
        }


def _refusal(status: int) -> ModelAnswer:
    return ModelAnswer(status, json.dumps({"status": status, "message": "no"}).encode())
