"""Retries stay few: ten in ten seconds, or a fifth of the requests."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.admission.retry_budget import RetryBudget, RetryBudgetSettings
from proxy.clock import Instant


def at(seconds: float) -> Instant:
    return Instant(wall_seconds=0.0, boot_seconds=seconds)


def taken(budget, now, times):
    return sum(budget.take(now) for _ in range(times))


def test_a_quiet_sidecar_may_retry_ten_times_in_ten_seconds():
    budget = RetryBudget(RetryBudgetSettings())
    assert taken(budget, at(0), 50) == 10
    assert taken(budget, at(9), 50) == 0
    assert taken(budget, at(11), 50) == 10


def test_a_busy_one_may_retry_a_fifth_of_its_requests():
    budget = RetryBudget(RetryBudgetSettings())
    for _ in range(200):
        budget.note_request(at(5))
    assert taken(budget, at(6), 100) == 40


def test_requests_count_for_ten_seconds_only():
    budget = RetryBudget(RetryBudgetSettings())
    for _ in range(1000):
        budget.note_request(at(0))
    assert taken(budget, at(11), 100) == 10


def test_it_holds_no_more_than_a_dozen_numbers():
    budget = RetryBudget(RetryBudgetSettings())
    for tenth in range(10_000):
        budget.note_request(at(tenth / 10))
    assert len(budget._seconds) <= 12


@given(st.lists(st.tuples(st.floats(0, 4), st.integers(0, 40), st.integers(0, 40)), max_size=40))
def test_in_any_ten_seconds_retries_keep_to_their_bound(steps):
    budget, now = RetryBudget(RetryBudgetSettings()), 0.0
    requests, retries = [], []
    for pause, asked, wished in steps:
        now += pause
        for _ in range(asked):
            budget.note_request(at(now))
        requests += [now] * asked
        for _ in range(wished):
            if budget.take(at(now)):
                retries.append(now)
                in_window = sum(1 for when in retries if now - when < 10)
                recent = sum(1 for when in requests if now - when <= 10)
                assert in_window <= max(10, recent * 0.2)


@given(
    st.lists(st.tuples(st.floats(0, 3), st.integers(0, 30), st.integers(0, 15)), max_size=30), st.floats(0, 3)
)
def test_what_is_left_is_what_can_be_taken_and_looking_costs_nothing(moments, wait):
    budget, now = RetryBudget(RetryBudgetSettings()), 0.0
    for pause, requests, retries in moments:
        now += pause
        for _ in range(requests):
            budget.note_request(at(now))
        taken(budget, at(now), retries)
    left = budget.left(at(now + wait))
    assert budget.left(at(now + wait)) == left
    assert taken(budget, at(now + wait), 1000) == left
