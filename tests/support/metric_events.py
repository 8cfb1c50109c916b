"""Metrics without a sidecar: owners of figures that say what a test wants, and one event of every kind."""

from dataclasses import dataclass, field
from itertools import product

from proxy.adapters.metrics import Metrics
from proxy.admission.circuit_breaker import BreakerState
from proxy.admission.rate_limiter import Budget
from proxy.caching.profile import WriteOutcome
from proxy.caching.reasons import ForwardReason, NotStoredReason
from proxy.clock import Instant
from proxy.connect.change_checks import CheckCause
from proxy.connect.figures import NamedToken
from proxy.connect.leases import TokenState
from proxy.connect.storing_rules import AgeBounds
from proxy.errors import ErrorKind
from proxy.exchange.events import (
    Answered,
    BackgroundFinished,
    BackgroundOutcome,
    Cause,
    ExchangeFinished,
    ExpressLaneClosed,
    ExpressLaneLeft,
    HitsRepeated,
    Invalidated,
    Limited,
    ModeChanged,
    PinMoved,
    Purged,
    Reloaded,
    ReloadOutcome,
    Retry,
    UpstreamAnswered,
    UpstreamRetried,
    UpstreamStateChanged,
    WouldBeHit,
)
from proxy.exchange.mode import Mode
from proxy.exchange.reasons import OwnReason
from tests.support.scraped import OPEN_METRICS, Scraped

TRACE = "0af7651916cd43dd8448eb211c80319c"


@dataclass
class HandClock:
    """Stands still until it is set."""

    boot_seconds: float = 1000.0

    def now(self) -> Instant:
        return Instant(wall_seconds=1_800_000_000.0 + self.boot_seconds, boot_seconds=self.boot_seconds)


@dataclass
class Owners:
    """Everybody who is asked when metrics are scraped, in one."""

    stored_responses: int = 3
    stored_bytes: int = 4000
    limit_bytes: int = 16_000
    evictions: int = 2
    mode: Mode = Mode.CACHE
    requests_under_way: int = 1
    buffered_bytes: int = 512
    writes_waiting: int = 1
    open_connections: int = 5
    turned_away: int = 6
    lag_seconds: float = 0.25
    in_use: int = 7
    waiting: int = 8
    number: int = 0
    records: int = 9
    lost: int = 1
    sequence: int = 41
    head: int = 2**52 - 1
    lines_lost: int = 3
    exported: int = 11
    is_open: bool = True
    answered: int = 12
    reads: dict[str, int] = field(
        default_factory=lambda: {"hit": 4, "stale": 3, "collapsed": 2, "background": 1}
    )
    tokens: tuple[NamedToken, ...] = (
        NamedToken(
            name="billing",
            state=TokenState.VERIFIED,
            verified_age_seconds=12.0,
            expires_wall_seconds=1_900_000_000.0,
        ),
        NamedToken(
            name="ci", state=TokenState.UNVERIFIED, verified_age_seconds=99.0, expires_wall_seconds=None
        ),
    )

    def state(self) -> BreakerState:
        return BreakerState.HALF_OPEN

    def retries_left(self) -> int:
        return 10

    def token_states(self, now):
        return {TokenState.VERIFIED: 1, TokenState.UNVERIFIED: 1, TokenState.REFUSED: 0}

    def named_tokens(self, now):
        return self.tokens

    def refusals(self):
        return {"billing": 0, "ci": 1}

    def open_fences(self, now):
        return 2

    def oldest_fence_seconds(self, now):
        return 1.5

    def age_bounds(self):
        return AgeBounds(hit_seconds=60.0, stale_seconds=14_460.0, outage_seconds=14_400.0)


def make_metrics(clock: HandClock | None = None, owners: Owners | None = None) -> Metrics:
    """Return metrics that have somebody to ask for everything."""
    metrics = Metrics(version="1.2.3", upstream="connect:8080", clock=clock or HandClock())
    owners = owners or Owners()
    metrics.watch(owners, owners)
    metrics.watch_profile(owners)
    metrics.watch_endpoints(lambda: [owners])
    for tokens in ("accepted", "unaccepted"):
        metrics.watch_queue(tokens, owners)
    metrics.watch_connections(owners)
    metrics.watch_loop(owners)
    metrics.watch_lane(owners)
    metrics.watch_audit(owners)
    metrics.watch_log(owners)
    metrics.watch_spans(owners)
    return metrics


def scraped(metrics: Metrics, accept: str = "") -> Scraped:
    body, media_type = metrics.render(accept)
    assert media_type.startswith(OPEN_METRICS if accept else "text/plain")
    return Scraped(body.decode())


def finished(clock: HandClock | None = None, **changed) -> ExchangeFinished:
    """Return the end of a hit, but for what a test changes."""
    values = {
        "method": "GET",
        "resource": "item",
        "token": "billing",
        "status": 200,
        "cache": Answered.HIT,
        "why": OwnReason.FRESH,
        "duration_seconds": 0.0004,
        "at": (clock or HandClock()).now(),
    }
    return ExchangeFinished(**(values | changed))


def repeated(clock: HandClock | None = None, **changed) -> HitsRepeated:
    """Return three hits told in one sum, but for what a test changes."""
    values = {
        "resource": "item",
        "token": "billing",
        "count": 3,
        "total_seconds": 0.0003,
        "greatest_age_seconds": 2.0,
        "at": (clock or HandClock()).now(),
    }
    return HitsRepeated(**(values | changed))


def answered(**changed) -> UpstreamAnswered:
    """Return Connect's answer to a read, but for what a test changes."""
    values = {
        "method": "GET",
        "cause": Cause.READ,
        "endpoint_number": 0,
        "attempt": 1,
        "status": 200,
        "error": None,
        "duration_seconds": 0.02,
    }
    return UpstreamAnswered(**(values | changed))


def state_changed(before: BreakerState, state: BreakerState) -> UpstreamStateChanged:
    return UpstreamStateChanged(
        endpoint_number=0,
        before=before,
        state=state,
        cause=ErrorKind.CONNECTION_REFUSED,
        failures=5,
        outage_seconds=0.0,
    )


def one_of_each():
    """Return events of every kind, so that every metric has series."""
    whys = (*OwnReason, *ForwardReason, *ErrorKind)
    for number, (cache, why) in enumerate(product(Answered, whys)):
        yield finished(
            cache=cache,
            why=why,
            status=(200, 404, 503)[number % 3],
            not_stored=list(NotStoredReason)[number % len(NotStoredReason)],
            age_seconds=1.0 if cache in {Answered.HIT, Answered.STALE} else None,
            stale_left_seconds=1000.0 if cache is Answered.STALE else None,
            trace_id=TRACE,
        )
    yield repeated()
    yield from (ExpressLaneLeft(why=why) for why in ExpressLaneClosed)
    for cause in Cause:
        yield from (answered(cause=cause, status=status) for status in (204, 304, 404, 500, 599, 999))
        yield from (answered(cause=cause, status=None, error=error, trace_id=TRACE) for error in ErrorKind)
    yield from (UpstreamRetried(endpoint_number=0, retry=retry) for retry in Retry)
    yield state_changed(BreakerState.CLOSED, BreakerState.OPEN)
    yield PinMoved(endpoint_number=1)
    yield from (Invalidated(resource="item", outcome=outcome, removed=2) for outcome in WriteOutcome)
    yield Purged(removed=3)
    for cause, outcome in product(CheckCause, BackgroundOutcome):
        yield BackgroundFinished(
            cause=cause, outcome=outcome, resource="items", token="ci", at=HandClock().now()
        )
    for budget, is_enforced in product(Budget, (True, False)):
        yield Limited(budget=budget, token="ci", is_enforced=is_enforced)
    yield ModeChanged(before=Mode.CACHE, mode=Mode.OBSERVE)
    yield from (WouldBeHit(resource="item", is_wrong=is_wrong) for is_wrong in (True, False))
    yield from (Reloaded(outcome=outcome) for outcome in ReloadOutcome)
