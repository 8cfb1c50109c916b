"""A model of Connect behind the `Upstream` port, in virtual time: one vault, versions, sync lag, lost answers.

Every answer about one item tells which request it answers (`served`), so that a test can ask when that request was
sent; lists don't, so that they come again octet for octet as long as nothing has changed. Time in
the model is the loop's; order is a counter, so that no two moments are equal.
"""

import asyncio
import itertools
import json
from dataclasses import dataclass, field

from proxy.errors import ErrorKind, UpstreamError
from proxy.exchange.ports import UpstreamRequest
from tests.support.model_answer import ModelAnswer

VAULT = "v" * 26
_NOBODY = 0


def item_id(number: int) -> str:
    return f"item{number}".ljust(26, "a")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What happens to one request: seconds before and after it takes effect, and how its answer is lost."""

    before_seconds: float = 0.0
    after_seconds: float = 0.0
    sync_seconds: float = 0.0
    loses_answer: bool = False
    never_applied: bool = False


@dataclass(slots=True)
class _Item:
    written: int = 1
    deleted: bool = False
    changes: list[tuple[float, int | None]] = field(default_factory=lambda: [(0.0, 1)])

    def visible(self, now: float) -> int | None:
        return [version for since, version in self.changes if since <= now][-1]


def _answer_of(status: int, document: object) -> ModelAnswer:
    return ModelAnswer(
        status, b"" if document is None else json.dumps(document, separators=(",", ":")).encode()
    )


class ModelConnect:
    """One vault of items; `weather` is asked for every request, in the order they arrive."""

    def __init__(self, *, items: int, tokens: frozenset[str], order: "itertools.count[int]") -> None:
        self.items = {item_id(number): _Item() for number in range(items)}
        self.tokens = tokens
        self.order = order
        self.sent_order: dict[int, int] = {}
        self.answered_order: dict[str, int] = {}
        self.weather: dict[str, Weather] = {}
        self._serial = itertools.count(1)

    async def send(self, request: UpstreamRequest) -> ModelAnswer:
        serial = next(self._serial)
        self.sent_order[serial] = next(self.order)
        weather = self.weather.get(request.fields.get("X-Weather", ""), Weather())
        await asyncio.sleep(weather.before_seconds)
        answer = self._answer(request, serial, weather)
        await asyncio.sleep(weather.after_seconds)
        self.answered_order[request.fields.get("X-Weather", "")] = next(self.order)
        if weather.loses_answer:
            raise UpstreamError(ErrorKind.CONNECTION_TERMINATED, sent=True)
        return answer

    def _answer(self, request: UpstreamRequest, serial: int, weather: Weather) -> ModelAnswer:
        token = request.fields.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return _answer_of(401, {"status": 401, "message": "Invalid token signature"})
        path = request.target.partition("?")[0]
        parts = path.removeprefix("/v1/vaults/").split("/")
        now = asyncio.get_running_loop().time()
        if len(parts) == 2:
            return _answer_of(200, self._list(token, now))
        identifier = parts[2]
        item = self.items[identifier]
        if request.method == "GET":
            version = item.visible(now)
            if version is None:
                return _answer_of(404, {"status": 404, "message": f"item {identifier} not found"})
            return _answer_of(200, self._document(identifier, version, token, serial))
        return self._write(request.method, identifier, item, weather, now, token, serial)

    def _write(
        self, method: str, identifier: str, item: _Item, weather: Weather, now: float, token: str, serial: int
    ) -> ModelAnswer:
        if weather.never_applied:
            return _answer_of(500, {"status": 500, "message": "Something went wrong"})
        if item.deleted:
            return _answer_of(404, {"status": 404, "message": f"item {identifier} not found"})
        visible_at = max(now + weather.sync_seconds, item.changes[-1][0])
        if method == "DELETE":
            item.deleted = True
            item.changes.append((visible_at, None))
            return _answer_of(204, None)
        answered = item.written
        item.written += 1
        item.changes.append((visible_at, item.written))
        return _answer_of(200, self._document(identifier, answered, token, serial))

    def _list(self, token: str, now: float) -> list[dict[str, object]]:
        return [
            self._document(identifier, version, token, _NOBODY)
            for identifier, item in self.items.items()
            if (version := item.visible(now)) is not None
        ]

    @staticmethod
    def _document(identifier: str, version: int, token: str, serial: int) -> dict[str, object]:
        return {
            "id": identifier,
            "title": token,
            "version": version,
            "vault": {"id": VAULT},
            "category": "LOGIN",
            "served": serial,
            "updatedAt": "2026-01-01T00:00:00Z",
        }
