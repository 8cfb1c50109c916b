"""The breaker opens for an outage and for nothing else, asks again one at a time, and never listens to late results."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.admission.circuit_breaker import BreakerSettings, BreakerState, CircuitBreaker, Pace
from proxy.clock import Instant
from proxy.errors import ErrorKind

REFUSED = ErrorKind.CONNECTION_REFUSED
UNAVAILABLE = ErrorKind.DESTINATION_UNAVAILABLE
SETTINGS = BreakerSettings(failures=3, open_seconds=1.0, open_limit_seconds=10.0)


def at(seconds: float) -> Instant:
    return Instant(wall_seconds=1_790_000_000.0 + seconds, boot_seconds=1_000.0 + seconds)


def fail(breaker, now, *, jitter=1.0):
    return breaker.failed(breaker.admit(now), REFUSED, now=now, jitter=jitter)


def opened(*, jitter=1.0):
    breaker = CircuitBreaker(SETTINGS)
    for _ in range(3):
        fail(breaker, at(0), jitter=jitter)
    return breaker


def test_failures_in_a_row_open_it_and_are_told_once():
    breaker = CircuitBreaker(SETTINGS)
    changes = [fail(breaker, at(second)) for second in range(3)]
    assert changes[:2] == [None, None]
    assert (changes[2].before, changes[2].after) == (BreakerState.CLOSED, BreakerState.OPEN)
    assert (changes[2].cause, changes[2].failures, changes[2].outage_seconds) == (REFUSED, 3, 0.0)
    assert breaker.admit(at(2.5)) is None
    assert breaker.cause is REFUSED


def test_a_success_in_between_begins_the_count_anew():
    breaker = CircuitBreaker(SETTINGS)
    for _ in range(5):
        fail(breaker, at(0))
        fail(breaker, at(0))
        breaker.succeeded(breaker.admit(at(0)), at(0))
    assert breaker.state(at(0)) is BreakerState.CLOSED


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
def test_jitter_places_the_next_attempt_in_the_second_half_of_the_wait(jitter, seconds):
    breaker = opened(jitter=jitter)
    assert breaker.retry_after_seconds(at(0)) == seconds
    assert breaker.admit(at(seconds - 0.001)) is None
    assert breaker.admit(at(seconds)).is_probe


def test_the_wait_doubles_from_failed_probe_to_failed_probe_up_to_its_limit():
    breaker, now, waits = opened(), 0.0, []
    for _ in range(6):
        waits.append(breaker.retry_after_seconds(at(now)))
        now += waits[-1]
        fail(breaker, at(now))
    assert waits == [1, 2, 4, 8, 10, 10]


def test_a_recovery_shortens_the_next_wait_again():
    breaker = opened()
    fail(breaker, at(1))
    assert breaker.retry_after_seconds(at(1)) == 2
    breaker.succeeded(breaker.admit(at(3)), at(3))
    for _ in range(3):
        fail(breaker, at(4))
    assert breaker.retry_after_seconds(at(4)) == 1


def test_half_open_one_request_tries_while_the_others_are_refused():
    breaker = opened()
    probe = breaker.admit(at(1))
    assert probe.is_probe
    assert breaker.admit(at(1)) is None
    change = breaker.succeeded(probe, at(2))
    assert (change.before, change.after) == (BreakerState.HALF_OPEN, BreakerState.CLOSED)
    assert (change.failures, change.outage_seconds) == (4, 2.0)
    assert not breaker.admit(at(2)).is_probe


def test_a_failed_probe_opens_it_again():
    breaker = opened()
    change = breaker.failed(breaker.admit(at(1)), ErrorKind.CONNECTION_TIMEOUT, now=at(1), jitter=1.0)
    assert (change.before, change.after) == (BreakerState.HALF_OPEN, BreakerState.OPEN)
    assert breaker.cause is ErrorKind.CONNECTION_TIMEOUT
    assert breaker.state(at(2.9)) is BreakerState.OPEN


def test_a_probe_whose_client_left_gives_its_place_back_and_counts_nothing():
    breaker = opened()
    probe = breaker.admit(at(1))
    breaker.abandoned(probe)
    assert breaker.state(at(1)) is BreakerState.HALF_OPEN
    assert breaker.admit(at(1)).is_probe
    assert breaker.failed(probe, REFUSED, now=at(1), jitter=1.0) is None
    assert breaker.succeeded(probe, at(1)) is None


@pytest.mark.parametrize("late_result", ["succeeded", "failed", "suspect"])
def test_a_result_from_before_the_state_moved_is_discarded(late_result):
    breaker = CircuitBreaker(SETTINGS)
    early = breaker.admit(at(0))
    for _ in range(3):
        fail(breaker, at(0))
    match late_result:
        case "succeeded":
            breaker.succeeded(early, at(0.1))
        case "failed":
            breaker.failed(early, UNAVAILABLE, now=at(0.1), jitter=1.0)
        case _:
            breaker.suspect(early, UNAVAILABLE, partition=b"a", now=at(0.1), jitter=1.0)
    assert breaker.state(at(0.1)) is BreakerState.OPEN
    assert (breaker.cause, breaker.failures) == (REFUSED, 3)
    assert breaker.retry_after_seconds(at(0)) == 1


def suspect(breaker, partition, now=None):
    now = now or at(0)
    return breaker.suspect(breaker.admit(now), UNAVAILABLE, partition=partition, now=now, jitter=1.0)


def test_what_one_partition_alone_suffers_never_opens_it():
    breaker = CircuitBreaker(SETTINGS)
    for _ in range(1000):
        assert suspect(breaker, b"a") is None
    assert breaker.state(at(0)) is BreakerState.CLOSED


def test_what_two_partitions_suffer_counts_as_failures():
    breaker = CircuitBreaker(SETTINGS)
    changes = [suspect(breaker, partition) for partition in (b"a", b"a", b"b", b"a", b"b")]
    assert [change is not None for change in changes] == [False, False, False, False, True]
    assert breaker.cause is UNAVAILABLE


def test_a_success_ends_every_suspicion():
    breaker = CircuitBreaker(SETTINGS)
    for _ in range(20):
        suspect(breaker, b"a")
        breaker.succeeded(breaker.admit(at(0)), at(0))
        suspect(breaker, b"b")
        breaker.succeeded(breaker.admit(at(0)), at(0))
    assert breaker.state(at(0)) is BreakerState.CLOSED


def test_half_open_an_answer_that_only_one_partition_suffers_ends_the_outage():
    breaker = opened()
    change = suspect(breaker, b"a", at(1))
    assert change.after is BreakerState.CLOSED


def test_half_open_an_answer_that_others_suffered_too_goes_on_with_the_outage():
    breaker = CircuitBreaker(SETTINGS)
    for partition in (b"a", b"b", b"a", b"b"):
        suspect(breaker, partition)
    assert suspect(breaker, b"a", at(1)).after is BreakerState.OPEN


def test_a_request_that_a_client_may_drag_out_yields_its_place_to_one_that_leaves_at_once():
    breaker = opened()
    dripping = breaker.admit(at(1), Pace.CLIENTS)
    assert breaker.admit(at(1), Pace.CLIENTS) is None
    probe = breaker.admit(at(1), Pace.OURS)
    assert probe.is_probe
    assert breaker.admit(at(1), Pace.CLIENTS) is None
    assert breaker.admit(at(1), Pace.OURS) is None
    breaker.abandoned(dripping)
    assert breaker.failed(dripping, REFUSED, now=at(1), jitter=1.0) is None
    assert breaker.admit(at(1), Pace.OURS) is None
    assert breaker.succeeded(probe, at(1)).after is BreakerState.CLOSED


results = st.sampled_from(["succeeded", "failed", "suspect", "abandoned", "hold"])
steps = st.lists(st.tuples(st.floats(0, 3), results, st.integers(0, 9), st.floats(0, 1)), max_size=80)
paces = st.lists(st.sampled_from(Pace), min_size=1, max_size=5)


@given(steps, paces)
def test_never_more_than_one_probe_is_out_and_late_results_change_nothing(steps, paces):
    breaker = CircuitBreaker(SETTINGS)
    now, out = 0.0, []
    for pause, result, which, jitter in steps:
        now += pause
        ticket = breaker.admit(at(now), paces[which % len(paces)])
        if ticket is not None:
            out.append(ticket)
        live_probes = [t for t in out if t.is_probe and t.generation == breaker._generation]
        assert len(live_probes) <= 1
        assert ticket is None or breaker.state(at(now)) is not BreakerState.OPEN
        if result == "hold" or not out:
            continue
        ticket = out.pop(which % len(out))
        was = (breaker.state(at(now)), breaker.failures, breaker.cause, breaker.retry_after_seconds(at(now)))
        is_late = ticket.generation != breaker._generation
        match result:
            case "succeeded":
                breaker.succeeded(ticket, at(now))
            case "failed":
                breaker.failed(ticket, REFUSED, now=at(now), jitter=jitter)
            case "suspect":
                breaker.suspect(ticket, UNAVAILABLE, partition=bytes([which]), now=at(now), jitter=jitter)
            case _:
                breaker.abandoned(ticket)
        if is_late:
            assert was == (
                breaker.state(at(now)),
                breaker.failures,
                breaker.cause,
                breaker.retry_after_seconds(at(now)),
            )
        assert breaker.retry_after_seconds(at(now)) <= SETTINGS.open_limit_seconds
        if ticket.is_probe and not is_late and result in {"succeeded", "abandoned"}:
            assert breaker.state(at(now)) is not BreakerState.OPEN


@given(steps)
def test_whatever_happened_it_closes_once_the_upstream_answers(steps):
    breaker = CircuitBreaker(SETTINGS)
    now = 0.0
    for pause, result, _, jitter in steps:
        now += pause
        ticket = breaker.admit(at(now))
        if ticket is not None and result == "failed":
            breaker.failed(ticket, REFUSED, now=at(now), jitter=jitter)
        elif ticket is not None:
            breaker.abandoned(ticket)
    now += SETTINGS.open_limit_seconds
    breaker.succeeded(breaker.admit(at(now)), at(now))
    assert breaker.state(at(now)) is BreakerState.CLOSED


def test_a_suspicion_from_before_an_outage_is_forgotten_with_it():
    breaker = CircuitBreaker(SETTINGS)
    early = breaker.admit(at(0))
    for _ in range(3):
        fail(breaker, at(0))
    breaker.succeeded(breaker.admit(at(1)), at(1))
    breaker.suspect(early, UNAVAILABLE, partition=b"a", now=at(1), jitter=1.0)
    suspect(breaker, b"b", at(1))
    assert breaker.failures == 0


def test_a_probe_abandoned_twice_does_not_give_away_anothers_place():
    breaker = opened()
    probe = breaker.admit(at(1))
    breaker.abandoned(probe)
    assert breaker.admit(at(1)).is_probe
    breaker.abandoned(probe)
    assert breaker.admit(at(1)) is None


def test_after_a_success_one_partition_alone_is_suspected_anew():
    breaker = CircuitBreaker(SETTINGS)
    suspect(breaker, b"a")
    suspect(breaker, b"b")
    breaker.succeeded(breaker.admit(at(0)), at(0))
    for _ in range(10):
        suspect(breaker, b"a")
    assert breaker.failures == 0


def test_what_one_partition_suffers_is_no_success_either():
    breaker = CircuitBreaker(SETTINGS)
    fail(breaker, at(0))
    fail(breaker, at(0))
    suspect(breaker, b"a")
    assert fail(breaker, at(0)).after is BreakerState.OPEN
