"""What clients get, and how it is for them: answers, waits, ages, connections."""

from collections.abc import Iterable

from prometheus_client.core import Metric

from proxy.adapters.metrics.family import TOKEN, closed, counter, gauge, histogram
from proxy.adapters.metrics.figures import (
    ConnectionFigures,
    ExchangeFigures,
    LaneFigures,
    LoopFigures,
    ProfileFigures,
)
from proxy.adapters.metrics.ledger import Cell, Counts, DurationsByWord
from proxy.adapters.metrics.section import Hearing
from proxy.caching.reasons import ForwardReason, NotStoredReason
from proxy.clock import Clock
from proxy.connect.resources import ResourceKind
from proxy.errors import ErrorKind
from proxy.exchange.events import (
    Answered,
    ExchangeFinished,
    ExpressLaneClosed,
    ExpressLaneLeft,
    HitsRepeated,
    Reloaded,
    Result,
    WouldBeHit,
)
from proxy.exchange.reasons import OwnReason
from proxy.windows import Greatest, Least

RESOURCE = closed("resource", ResourceKind)
CACHE = closed("cache", Answered)
FROM_STORE = closed("cache", Answered.HIT, Answered.STALE)

REQUESTS = counter(
    "requests_total",
    "Client requests: about what, how they were answered, why so, and what they came to.",
    RESOURCE,
    CACHE,
    closed("why", OwnReason, ForwardReason, ErrorKind),
    closed("result", Result),
)
REQUEST_DURATION = histogram(
    "request_duration_seconds",
    "Time from a client's request to its answer's head. With OpenMetrics, exemplars name a trace.",
    CACHE,
)
NOT_STORED = counter(
    "not_stored_total",
    "Complete answers of Connect that were not kept, by why.",
    closed("reason", NotStoredReason),
)
WOULD_BE_HITS = counter(
    "would_be_hits_total",
    "In mode observe: reads that memory could have answered, with the same bytes as Connect, or others.",
    RESOURCE,
    closed("bytes", "right", "wrong"),
)
OLDEST_AGE = gauge(
    "oldest_age_served_seconds",
    "Greatest age of what was served from memory in the last 5 minutes; 0 if nothing was. What a client's own "
    "max-stale has asked for is left out.",
    FROM_STORE,
)
AGE_BOUND = gauge(
    "age_bound_seconds",
    "What the settings promise as the greatest age, fresh and stale. Not there with profile http: the origin says.",
    FROM_STORE,
)
STALE_LEFT = gauge(
    "stale_seconds_left",
    "For how long what was served stale in the last 5 minutes could still be served: the least of it. The whole bound "
    "if nothing was served stale.",
)
CONNECTIONS = gauge("client_connections", "Client connections that are open.")
TURNED_AWAY = counter(
    "client_connections_turned_away_total", "Client connections refused because there were too many."
)
UNDER_WAY = gauge("requests_under_way", "Client requests that wait for their answers.")
WRITES_WAITING = gauge("writes_waiting", "Writes that wait for their turn in their vault.")
BUFFERED = gauge("buffered_bytes", "Bytes reserved for bodies that are being collected.")
LOOP_LAG = gauge(
    "event_loop_lag_seconds",
    "By how much the event loop was late, the most in the last minute: everybody waited for that long. Looked at once "
    "a second, so that a single stall shows up to a second shorter than it was.",
)
LANE_OPEN = gauge(
    "express_lane_open", "1 while heads that repeat are answered before they are parsed; 0 where that is off."
)
LANE_REQUESTS = counter("express_lane_requests_total", "Client requests that the express lane answered.")
LANE_CLOSED = counter(
    "express_lane_closed_total",
    "How often the express lane has turned itself off, by why; mismatch: it would have answered otherwise than the "
    "full path.",
    closed("why", ExpressLaneClosed),
)
TOKEN_REQUESTS = counter(
    "token_requests_total", "Client requests by token and by how they were answered.", TOKEN, CACHE
)

FAMILIES = (
    REQUESTS,
    REQUEST_DURATION,
    NOT_STORED,
    WOULD_BE_HITS,
    OLDEST_AGE,
    AGE_BOUND,
    STALE_LEFT,
    CONNECTIONS,
    TURNED_AWAY,
    UNDER_WAY,
    WRITES_WAITING,
    BUFFERED,
    LOOP_LAG,
    LANE_OPEN,
    LANE_REQUESTS,
    LANE_CLOSED,
)

_LATELY_SECONDS = 300.0


class Clients:
    """Counts what clients get."""

    exchange: ExchangeFigures | None = None
    connections: ConnectionFigures | None = None
    loop: LoopFigures | None = None
    lane: LaneFigures | None = None
    profile: ProfileFigures | None = None

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._requests = Counts()  # by token, too: one cell for both metrics
        self._durations = DurationsByWord(*Answered)
        self._not_stored = Counts()
        self._would_be_hits = Counts()
        self._lane_closed = Counts(*((why,) for why in ExpressLaneClosed))
        self._ages = {cache: Greatest(_LATELY_SECONDS) for cache in (Answered.HIT, Answered.STALE)}
        self._stale_left = Least(_LATELY_SECONDS)

    def hearing(self) -> Hearing:
        """Return the events that are counted here."""
        return {
            ExchangeFinished: self._finished,
            HitsRepeated: self._repeated,
            ExpressLaneLeft: self._lane_left,
            WouldBeHit: self._would_be_hit,
            Reloaded: self._reloaded,
        }

    def cell(self, finished: ExchangeFinished) -> Cell:
        """Return where exchanges are counted that end like this one."""
        return self._requests[
            (finished.resource, finished.cache, finished.why, finished.result, finished.token)
        ]

    def collect(self) -> Iterable[Metric]:
        """Return the metrics as they are now."""
        yield REQUESTS.rows(self._requests.summed(0, 1, 2, 3))
        yield TOKEN_REQUESTS.rows(self._requests.summed(4, 1))
        yield REQUEST_DURATION.histograms(self._durations.histograms())
        yield NOT_STORED.rows(self._not_stored.rows())
        yield WOULD_BE_HITS.rows(self._would_be_hits.rows())
        yield from self._collect_ages()
        if self.connections is not None:
            yield CONNECTIONS.of(self.connections.open_connections)
            yield TURNED_AWAY.of(self.connections.turned_away)
        if self.exchange is not None:
            yield UNDER_WAY.of(self.exchange.requests_under_way)
            yield WRITES_WAITING.of(self.exchange.writes_waiting)
            yield BUFFERED.of(self.exchange.buffered_bytes)
        yield LANE_OPEN.of(float(self.lane is not None and self.lane.is_open))
        yield LANE_REQUESTS.of(0 if self.lane is None else self.lane.answered)
        yield LANE_CLOSED.rows(self._lane_closed.rows())
        if self.loop is not None:
            yield LOOP_LAG.of(self.loop.lag_seconds)

    def _collect_ages(self) -> Iterable[Metric]:
        boot_seconds = self._clock.now().boot_seconds
        yield OLDEST_AGE.rows(
            ((cache,), oldest.read(boot_seconds) or 0.0) for cache, oldest in self._ages.items()
        )
        least_left_seconds = self._stale_left.read(boot_seconds)
        if self.profile is not None:
            bounds = self.profile.age_bounds()
            yield AGE_BOUND.rows(
                [((Answered.HIT,), bounds.hit_seconds), ((Answered.STALE,), bounds.stale_seconds)]
            )
            if least_left_seconds is None:
                least_left_seconds = bounds.outage_seconds
        if least_left_seconds is not None:
            yield STALE_LEFT.of(least_left_seconds)

    def _finished(self, event: ExchangeFinished) -> None:
        cache = event.cache
        self.cell(event).count += 1
        if event.trace_id:
            self._durations[cache].note_traced(event.duration_seconds, event.trace_id, event.at.wall_seconds)
        else:
            self._durations[cache].note(event.duration_seconds)
        if event.not_stored is not None:
            self._not_stored[(event.not_stored,)].count += 1
        if event.age_seconds is not None and event.why is not OwnReason.MAX_STALE:
            self._age(event, event.age_seconds)

    def _repeated(self, event: HitsRepeated) -> None:
        kind = (event.resource, Answered.HIT, OwnReason.FRESH, Result.OK, event.token)
        self._requests[kind].count += event.count
        self._durations[Answered.HIT].note_many(event.count, event.total_seconds)
        self._ages[Answered.HIT].note(event.greatest_age_seconds, event.at.boot_seconds)

    def _age(self, event: ExchangeFinished, age_seconds: float) -> None:
        boot_seconds = event.at.boot_seconds
        oldest = self._ages.get(event.cache)
        if oldest is not None:
            oldest.note(age_seconds, boot_seconds)
        if event.stale_left_seconds is not None:
            self._stale_left.note(event.stale_left_seconds, boot_seconds)

    def _lane_left(self, event: ExpressLaneLeft) -> None:
        self._lane_closed[(event.why,)].count += 1

    def _would_be_hit(self, event: WouldBeHit) -> None:
        self._would_be_hits[(event.resource, "wrong" if event.is_wrong else "right")].count += 1

    def _reloaded(self, event: Reloaded) -> None:
        """Forget ages under settings that have changed: they say nothing about the bounds as they are now."""
        if event.changed:
            for oldest in self._ages.values():
                oldest.clear()
            self._stale_left.clear()
