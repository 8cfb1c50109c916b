"""Connect's own record of requests, as GET /v1/activity answers it: newest first, with a Content-Range."""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from proxy.emulator.clock import Clock
from proxy.emulator.identifiers import Identifiers
from proxy.emulator.json_documents import JsonObject, JsonValue, timestamp
from proxy.emulator.tokens import Bearer

_REMEMBERED = 10_000


class Action(StrEnum):
    """What a request did."""

    READ = "READ"
    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


class Result(StrEnum):
    """Whether it was allowed."""

    SUCCESS = "SUCCESS"
    DENY = "DENY"


class ResourceType(StrEnum):
    """What it was about."""

    ITEM = "ITEM"
    VAULT = "VAULT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asked."""

    bearer: Bearer
    user_agent: str
    ip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What was asked for."""

    vault_id: str | None = None
    item_id: str | None = None
    item_version: int | None = None

    def document(self) -> JsonObject:
        """Return it as /activity shows it."""
        kind = ResourceType.VAULT if self.item_id is None else ResourceType.ITEM
        document: JsonObject = {"type": kind.value}
        if self.vault_id is not None:
            document["vault"] = {"id": self.vault_id}
        if self.item_id is not None:
            document["item"] = {"id": self.item_id}
        if self.item_version is not None:
            document["itemVersion"] = self.item_version
        return document


class ActivityLog:
    """The latest requests."""

    def __init__(self, *, clock: Clock, identifiers: Identifiers) -> None:
        self._clock = clock
        self._identifiers = identifiers
        self._actor_id = identifiers.new_uuid()
        self._requests: deque[JsonObject] = deque(maxlen=_REMEMBERED)

    def record(self, *, action: Action, result: Result, actor: Actor, resource: Resource) -> None:
        """Remember one request."""
        self._requests.appendleft(
            {
                "requestId": self._identifiers.new_uuid(),
                "timestamp": timestamp(self._clock.now_nanoseconds()),
                "action": action.value,
                "result": result.value,
                "actor": {
                    "id": self._actor_id,
                    "account": actor.bearer.account,
                    "jti": actor.bearer.jti,
                    "userAgent": actor.user_agent,
                    "requestIp": actor.ip,
                },
                "resource": resource.document(),
            }
        )

    def page(self, *, limit: int, offset: int) -> tuple[list[JsonValue], str]:
        """Return a page and its Content-Range, e.g. `1-50/1134`."""
        page: list[JsonValue] = list(islice(self._requests, offset, offset + limit))
        first = offset + 1 if page else 0
        return page, f"{first}-{offset + len(page) if page else 0}/{len(self._requests)}"
