"""The last changes of state, each with its moment, and whether the last reload was refused. Texts are the caller's."""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from proxy.admission.circuit_breaker import BreakerState
from proxy.clock import Instant
from proxy.exchange.events import (
    Event,
    ModeChanged,
    PinMoved,
    Purged,
    Reloaded,
    ReloadOutcome,
    UpstreamStateChanged,
)

_KEPT = 16


class ChangeKind(StrEnum):
    """What changed. Equal words in the log: `upstream.down`, `upstream.recovered`, ..."""

    DOWN = "upstream.down"
    RECOVERED = "upstream.recovered"
    SWITCHED = "upstream.switched"
    MODE = "mode.changed"
    RELOADED = "settings.reloaded"
    RELOAD_REFUSED = "settings.refused"
    PURGED = "responses.purged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change: `detail` is a word or a number that belongs to its kind."""

    at: Instant
    kind: ChangeKind
    detail: str


class Changes:
    """The last of them, the latest first; `refused` is when and why the settings, as they are now, were refused."""

    def __init__(self) -> None:
        self._changes: deque[Change] = deque(maxlen=_KEPT)
        self.refused: tuple[Instant, tuple[str, ...]] | None = None

    def latest(self) -> tuple[Change, ...]:
        """Return what is remembered."""
        return tuple(self._changes)

    def notify(self, event: Event, now: Instant) -> None:
        """Take note of an event that is a change of state."""
        match event:
            case UpstreamStateChanged() if event.state is BreakerState.CLOSED:
                self._note(now, ChangeKind.RECOVERED, f"{event.outage_seconds:.0f}")
            case UpstreamStateChanged() if event.before is BreakerState.CLOSED:
                self._note(now, ChangeKind.DOWN, event.cause.value)
            case PinMoved():
                self._note(now, ChangeKind.SWITCHED, str(event.endpoint_number))
            case ModeChanged():
                self._note(now, ChangeKind.MODE, event.mode.value)
            case Purged():
                self._note(now, ChangeKind.PURGED, str(event.removed))
            case Reloaded():
                self._reloaded(event, now)
            case _:
                pass

    def _reloaded(self, event: Reloaded, now: Instant) -> None:
        if event.outcome is ReloadOutcome.REFUSED:
            self.refused = (now, event.problems)
            self._note(now, ChangeKind.RELOAD_REFUSED, str(len(event.problems)))
            return
        self.refused = None
        if event.outcome is ReloadOutcome.APPLIED:
            self._note(now, ChangeKind.RELOADED, str(len(event.changed)))

    def _note(self, now: Instant, kind: ChangeKind, detail: str) -> None:
        self._changes.appendleft(Change(at=now, kind=kind, detail=detail))
