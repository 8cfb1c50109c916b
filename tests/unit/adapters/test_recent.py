"""The short memory: what is counted, for how long, and what an outage is."""

import tracemalloc

import pytest

from proxy.adapters.recent import ChangeKind, Recent
from proxy.adapters.recent.latencies import BOUNDS_SECONDS, bucket_of, quantile_seconds
from proxy.admission.circuit_breaker import BreakerState
from proxy.admission.rate_limiter import Budget
from proxy.clock import Instant
from proxy.errors import ErrorKind
from proxy.exchange.events import (
    Answered,
    Cause,
    ExchangeFinished,
    HitsRepeated,
    Limited,
    ModeChanged,
    PinMoved,
    Purged,
    Reloaded,
    ReloadOutcome,
    UpstreamAnswered,
    UpstreamStateChanged,
)
from proxy.exchange.mode import Mode
from proxy.exchange.reasons import OwnReason

WALL = 1_800_000_000.0


def at(boot):
    return Instant(wall_seconds=WALL + boot, boot_seconds=boot)


class HandClock:
    def __init__(self, boot=1000.0):
        self.boot = boot

    def now(self):
        return at(self.boot)


class World:
    def __init__(self):
        self.clock = HandClock()
        self.recent = Recent(self.clock)

    def answer(self, cache=Answered.HIT, status=200, seconds=0.001, stale_left=None):
        self.recent.notify(
            ExchangeFinished(
                method="GET",
                resource="item",
                token="ci",
                status=status,
                cache=cache,
                why=OwnReason.FRESH,
                duration_seconds=seconds,
                at=self.clock.now(),
                stale_left_seconds=stale_left,
            )
        )

    def attempt(self, status=200, error=None, number=0, seconds=0.0):
        self.recent.notify(
            UpstreamAnswered(
                method="GET",
                cause=Cause.READ,
                endpoint_number=number,
                attempt=1,
                status=None if error else status,
                error=error,
                duration_seconds=seconds,
            )
        )

    def breaker(self, before, state, outage_seconds=0.0, cause=ErrorKind.HTTP_RESPONSE_INCOMPLETE):
        self.recent.notify(
            UpstreamStateChanged(
                endpoint_number=0,
                before=before,
                state=state,
                cause=cause,
                failures=3,
                outage_seconds=outage_seconds,
            )
        )

    @property
    def lately(self):
        return self.recent.window.lately(self.clock.now())


@pytest.fixture
def world():
    return World()


def test_requests_are_counted_by_how_they_were_answered(world):
    for kind in (Answered.HIT, Answered.HIT, Answered.STALE, Answered.FORWARDED):
        world.answer(kind)
    world.answer(Answered.FAILED, status=503)
    assert world.lately.answers == dict.fromkeys(Answered, 0) | {
        Answered.HIT: 2,
        Answered.STALE: 1,
        Answered.FORWARDED: 1,
        Answered.FAILED: 1,
    }


def test_hits_that_are_told_in_one_sum_are_counted_and_timed_as_each_by_itself_would_be(world):
    world.recent.notify(
        HitsRepeated(
            resource="item",
            token="ci",
            count=3,
            total_seconds=0.3,
            greatest_age_seconds=1.0,
            at=world.clock.now(),
        )
    )
    lately = world.lately
    for _ in range(3):
        world.answer(Answered.HIT, seconds=0.1)
    assert lately.answers[Answered.HIT] == 3
    assert world.lately.answers[Answered.HIT] == 6
    assert world.lately.p50_seconds == lately.p50_seconds


@pytest.mark.parametrize(
    ("status", "errors"), [(200, 0), (404, 0), (401, 0), (408, 1), (429, 1), (500, 1), (503, 1)]
)
def test_an_error_is_what_the_request_is_not_to_blame_for(world, status, errors):
    world.answer(Answered.FORWARDED, status=status)
    assert world.lately.errors[Answered.FORWARDED] == errors


def test_after_five_minutes_it_is_forgotten(world):
    world.answer()
    world.attempt()
    world.clock.boot += 294
    assert (world.lately.answers[Answered.HIT], world.lately.attempts) == (1, 1)
    world.clock.boot += 6
    assert (world.lately.answers[Answered.HIT], world.lately.attempts) == (0, 0)


def test_a_slot_that_was_not_used_for_hours_is_empty(world):
    world.answer()
    world.clock.boot += 300 * 12
    world.answer()
    assert world.lately.answers[Answered.HIT] == 1


def test_a_window_that_has_just_begun_is_as_long_as_it_has_lasted(world):
    assert world.lately.seconds == 1.0
    world.clock.boot += 30
    assert world.lately.seconds == 30
    world.clock.boot += 3000
    assert 295 <= world.lately.seconds <= 300


def test_history_is_slot_by_slot_with_the_latest_last(world):
    world.answer()
    world.clock.boot += 5
    world.answer()
    world.answer()
    world.attempt()
    history = world.recent.window.history(world.clock.now())
    assert list(history.answers[Answered.HIT][-3:]) == [0, 1, 2]
    assert list(history.attempts[-2:]) == [0, 1]
    assert len(history.attempts) == 60


def test_what_lasts_least_of_what_was_served_stale_counts_and_time_goes_on(world):
    assert world.lately.stale_left_seconds is None
    world.answer(Answered.STALE, stale_left=100.0)
    world.answer(Answered.STALE, stale_left=500.0)
    assert world.lately.stale_left_seconds == 100
    world.clock.boot += 60
    assert world.lately.stale_left_seconds == 40
    world.clock.boot += 60
    assert world.lately.stale_left_seconds == 0


def test_limits_in_shadow_are_told_from_those_that_refused(world):
    for is_enforced in (True, False, False):
        world.recent.notify(Limited(budget=Budget.REQUESTS, token="ci", is_enforced=is_enforced))
    assert (world.lately.limited, world.lately.would_limit) == (1, 2)


@pytest.mark.parametrize("seconds", [0.000_05, 0.000_1, 0.000_9, 0.012, 0.34, 4.9, 29.0])
def test_a_quantile_is_never_less_than_what_it_was_and_at_most_a_fifth_more(seconds):
    counts = [0] * (len(BOUNDS_SECONDS) + 1)
    counts[bucket_of(seconds)] += 1
    shown = quantile_seconds(counts, 0.99)
    assert max(seconds, BOUNDS_SECONDS[0]) <= shown <= max(seconds, BOUNDS_SECONDS[0]) * 1.19


def test_quantiles_of_many_and_of_none(world):
    assert world.lately.p99_seconds is None
    for _ in range(989):
        world.answer(seconds=0.001)
    for _ in range(11):
        world.answer(seconds=0.9)
    assert world.lately.p50_seconds == pytest.approx(0.001, rel=0.2)
    assert world.lately.p99_seconds == pytest.approx(0.9, rel=0.2)
    world.answer(seconds=1e9)
    assert world.lately.p99_seconds <= BOUNDS_SECONDS[-1]


def test_an_outage_begins_with_the_first_failure_and_ends_with_what_is_none(world):
    outages = world.recent.outages
    assert outages.of(0) is None
    world.attempt(error=ErrorKind.CONNECTION_REFUSED, seconds=2.0)
    world.clock.boot += 10
    world.attempt(status=503)
    assert outages.of(0).since.boot_seconds == 998
    assert outages.of(0).why == 503
    world.attempt(status=404)
    assert outages.of(0) is None


@pytest.mark.parametrize("kind", [ErrorKind.CONNECTION_LIMIT_REACHED, ErrorKind.HTTP_REQUEST_ERROR])
def test_faults_of_our_own_are_no_outage(world, kind):
    world.attempt(error=kind)
    assert world.recent.outages.of(0) is None


def test_bodies_that_break_off_are_an_outage_once_the_breaker_says_so(world):
    world.attempt(status=200)
    world.breaker(BreakerState.CLOSED, BreakerState.OPEN, outage_seconds=4.0)
    assert world.recent.outages.of(0).since.boot_seconds == 996
    assert world.recent.outages.of(0).why is ErrorKind.HTTP_RESPONSE_INCOMPLETE
    world.breaker(BreakerState.HALF_OPEN, BreakerState.CLOSED, outage_seconds=9.0)
    assert world.recent.outages.of(0) is None


def test_outages_of_endpoints_that_come_and_go_are_bounded(world):
    for number in range(1000):
        world.attempt(error=ErrorKind.CONNECTION_REFUSED, number=number)
    assert world.recent.outages.of(999) is not None
    assert world.recent.outages.of(0) is None


def test_changes_of_state_are_remembered_the_latest_first(world):
    world.breaker(BreakerState.CLOSED, BreakerState.OPEN, cause=ErrorKind.CONNECTION_REFUSED)
    world.breaker(BreakerState.OPEN, BreakerState.HALF_OPEN)
    world.breaker(BreakerState.HALF_OPEN, BreakerState.CLOSED, outage_seconds=61.4)
    world.recent.notify(PinMoved(endpoint_number=1))
    world.recent.notify(ModeChanged(before=Mode.CACHE, mode=Mode.OBSERVE))
    world.recent.notify(Purged(removed=7))
    told = [(change.kind, change.detail) for change in world.recent.changes.latest()]
    assert told == [
        (ChangeKind.PURGED, "7"),
        (ChangeKind.MODE, "observe"),
        (ChangeKind.SWITCHED, "1"),
        (ChangeKind.RECOVERED, "61"),
        (ChangeKind.DOWN, "connection_refused"),
    ]


def test_a_refused_reload_counts_until_one_is_not(world):
    changes = world.recent.changes
    for outcome, is_refused in (
        (ReloadOutcome.REFUSED, True),
        (ReloadOutcome.APPLIED, False),
        (ReloadOutcome.REFUSED, True),
        (ReloadOutcome.UNCHANGED, False),
    ):
        world.recent.notify(Reloaded(outcome=outcome, problems=("a", "b")))
        assert (changes.refused is not None) is is_refused
    assert [change.kind for change in changes.latest()] == [
        ChangeKind.RELOAD_REFUSED,
        ChangeKind.RELOADED,
        ChangeKind.RELOAD_REFUSED,
    ]


def test_its_memory_does_not_grow(world):
    def an_hour():
        for _ in range(3600 * 5):
            world.clock.boot += 0.2
            world.answer(Answered.STALE, stale_left=10.0)
            world.attempt(error=ErrorKind.CONNECTION_REFUSED)
            world.recent.notify(Purged(removed=1))

    an_hour()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        an_hour()
        assert tracemalloc.get_traced_memory()[0] - before < 100_000
    finally:
        tracemalloc.stop()
