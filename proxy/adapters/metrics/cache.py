"""What is kept, what goes and why; writes and their fences; the mode; what is asked for ahead of time."""

from collections.abc import Iterable

from prometheus_client.core import Metric

from proxy.adapters.metrics.family import closed, counter, gauge
from proxy.adapters.metrics.figures import ExchangeFigures, ProfileFigures, StoreFigures
from proxy.adapters.metrics.ledger import Cell, Counts
from proxy.adapters.metrics.section import Hearing
from proxy.caching.profile import WriteOutcome
from proxy.clock import Clock
from proxy.connect.change_checks import CheckCause
from proxy.exchange.events import BackgroundFinished, BackgroundOutcome, Invalidated, ModeChanged, Purged
from proxy.exchange.mode import Mode

_PURGE = "purge"
_AFTER_WRITE = {outcome: f"write_{outcome}" for outcome in WriteOutcome}

STORED_RESPONSES = gauge("stored_responses", "Responses in memory.")
STORED_BYTES = gauge(
    "stored_bytes",
    "Bytes that they, and what a purge is still giving back, are counted with; overhead included.",
)
STORE_LIMIT = gauge("store_limit_bytes", "Bytes that they may be counted with.")
EVICTIONS = counter("evictions_total", "Responses that went to make room for others.")
INVALIDATED = counter(
    "invalidated_responses_total",
    "Stored responses that went because of a write or a purge.",
    closed("cause", *_AFTER_WRITE.values(), _PURGE),
)
PURGES = counter("purges_total", "How often an operator had stored responses dropped.")
WRITES = counter(
    "writes_total",
    "Writes by what became of them; unknown is one that may have been applied.",
    closed("outcome", WriteOutcome),
)
FENCES_OPEN = gauge(
    "write_fences_open",
    "Writes whose new version Connect has not shown yet: what they touch is read from Connect.",
)
FENCE_OLDEST = gauge(
    "write_fence_oldest_seconds",
    "How long ago the write ended whose fence has been open for longest; 0 without any.",
)
MODE = gauge("mode", "1 for the mode the sidecar is in, 0 for the others.", closed("mode", Mode))
MODE_CHANGES = counter("mode_changes_total", "How often the mode was switched.")
BACKGROUND = counter(
    "background_requests_total",
    "Requests to Connect that no client waited for, by why and by how they ended.",
    closed("cause", CheckCause),
    closed("outcome", BackgroundOutcome),
)

FAMILIES = (
    STORED_RESPONSES,
    STORED_BYTES,
    STORE_LIMIT,
    EVICTIONS,
    INVALIDATED,
    PURGES,
    WRITES,
    FENCES_OPEN,
    FENCE_OLDEST,
    MODE,
    MODE_CHANGES,
    BACKGROUND,
)


class Cache:
    """Counts what goes, and asks the store, the exchange and the profile for the rest."""

    store: StoreFigures | None = None
    exchange: ExchangeFigures | None = None
    profile: ProfileFigures | None = None

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._invalidated = Counts(*((cause,) for cause in (*_AFTER_WRITE.values(), _PURGE)))
        self._purges = Cell()
        self._writes = Counts(*((outcome,) for outcome in WriteOutcome))
        self._mode_changes = Cell()
        self._background = Counts()

    def hearing(self) -> Hearing:
        """Return the events that are counted here."""
        return {
            Invalidated: self._written,
            Purged: self._purged,
            ModeChanged: self._mode_changed,
            BackgroundFinished: self._background_finished,
        }

    def collect(self) -> Iterable[Metric]:
        """Return the metrics as they are now."""
        if self.store is not None:
            yield STORED_RESPONSES.of(self.store.stored_responses)
            yield STORED_BYTES.of(self.store.stored_bytes)
            yield STORE_LIMIT.of(self.store.limit_bytes)
            yield EVICTIONS.of(self.store.evictions)
        yield INVALIDATED.rows(self._invalidated.rows())
        yield PURGES.of(self._purges.count)
        yield WRITES.rows(self._writes.rows())
        if self.profile is not None:
            now = self._clock.now()
            yield FENCES_OPEN.of(self.profile.open_fences(now))
            yield FENCE_OLDEST.of(self.profile.oldest_fence_seconds(now))
        if self.exchange is not None:
            present = self.exchange.mode
            yield MODE.rows(((mode,), float(mode is present)) for mode in Mode)
        yield MODE_CHANGES.of(self._mode_changes.count)
        yield BACKGROUND.rows(self._background.rows())

    def _written(self, event: Invalidated) -> None:
        self._writes[(event.outcome,)].count += 1
        self._invalidated[(_AFTER_WRITE[event.outcome],)].count += event.removed

    def _purged(self, event: Purged) -> None:
        self._purges.count += 1
        self._invalidated[(_PURGE,)].count += event.removed

    def _mode_changed(self, _: ModeChanged) -> None:
        self._mode_changes.count += 1

    def _background_finished(self, event: BackgroundFinished) -> None:
        self._background[(event.cause, event.outcome)].count += 1
