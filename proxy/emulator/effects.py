"""What can go wrong with one request, as values: the words of the fault plan.

Each effect belongs to a stage of a request's life. Of each stage at most one planned effect is used per
request, so that effects of different stages combine (a slow head with a truncated body) and those of one
stage queue up.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, TypeAlias

from proxy.emulator.errors import INVALID_BEARER_TOKEN, SOMETHING_WENT_WRONG, SPURIOUS_FORBIDDEN


class Stage(StrEnum):
    """Where in a request's life an effect strikes."""

    LISTENER = "listener"
    HOLD = "hold"
    OUTCOME = "outcome"
    VIEW = "view"
    HEAD = "head"
    FIELDS = "fields"
    BODY = "body"


class HoldPoint(StrEnum):
    """Where a held request stands still."""

    BEFORE_PROCESSING = "before-processing"
    WHILE_WRITING = "while-writing"
    BEFORE_ANSWERING = "before-answering"
    IN_BODY = "in-body"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """The listener is closed while this is planned: connecting is refused, open connections are cut."""

    stage: ClassVar[Stage] = Stage.LISTENER


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """The connection is reset (RST) after the request was read."""

    stage: ClassVar[Stage] = Stage.OUTCOME


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """The connection is closed (FIN) after the request was read, without an answer."""

    stage: ClassVar[Stage] = Stage.OUTCOME


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbage:
    """Bytes come that are no HTTP, then the connection is closed."""

    stage: ClassVar[Stage] = Stage.OUTCOME


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseReused:
    """As Close, but only on a connection that has carried a request before."""

    stage: ClassVar[Stage] = Stage.OUTCOME


@dataclass(frozen=True, slots=True, kw_only=True)
class LoseAnswer:
    """The request takes effect, then the connection is closed without an answer."""

    stage: ClassVar[Stage] = Stage.OUTCOME


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """Connect restarts: connections are cut, everything synced is lost, a valid token must prime it anew."""

    stage: ClassVar[Stage] = Stage.OUTCOME


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Some other answer. Without `body` it is Connect's error body with `message`."""

    stage: ClassVar[Stage] = Stage.OUTCOME
    status: int = 500
    message: str = SOMETHING_WENT_WRONG
    body: str | None = None
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpuriousForbidden:
    """The 403 that 1.7.x gave now and then to tokens in good standing (connect#82)."""

    stage: ClassVar[Stage] = Stage.OUTCOME
    message: str = SPURIOUS_FORBIDDEN


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRequestUnauthorized:
    """401 to the first request of each token, as before 1.7.2."""

    stage: ClassVar[Stage] = Stage.OUTCOME
    message: str = INVALID_BEARER_TOKEN


@dataclass(frozen=True, slots=True, kw_only=True)
class LaggingReplica:
    """A replica answers that has not seen the last changes (facts 4.10)."""

    stage: ClassVar[Stage] = Stage.VIEW
    changes_behind: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowHead:
    """The request is processed at once, its answer begins late."""

    stage: ClassVar[Stage] = Stage.HEAD
    delay_seconds: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFields:
    """The answer has other fields: a name in `remove` goes, then `add` is appended."""

    stage: ClassVar[Stage] = Stage.FIELDS
    add: tuple[tuple[str, str], ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityTags:
    """200 answers carry an ETag made of their body, and If-None-Match is honoured with 304."""

    stage: ClassVar[Stage] = Stage.FIELDS


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowBody:
    """The body arrives in drips."""

    stage: ClassVar[Stage] = Stage.BODY
    chunk_bytes: int = 16
    interval_seconds: float = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class TruncatedBody:
    """Content-Length announces the whole body, `sent_bytes` of it (default: half) come before the close."""

    stage: ClassVar[Stage] = Stage.BODY
    sent_bytes: int | None = None


Outcome: TypeAlias = (
    Reset
    | Close
    | CloseReused
    | Garbage
    | LoseAnswer
    | Restart
    | Status
    | SpuriousForbidden
    | FirstRequestUnauthorized
)
BodyEffect: TypeAlias = SlowBody | TruncatedBody
FieldEffect: TypeAlias = ChangedFields | EntityTags
PlannedEffect: TypeAlias = Refuse | Outcome | LaggingReplica | SlowHead | FieldEffect | BodyEffect
