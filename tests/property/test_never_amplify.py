"""Never amplify (design rule 11): no case sends Connect more than direct access or a plain TTL cache would.

A few of the published cases (docs/never-amplify.md), and cases that hypothesis makes up; virtual time, deterministic.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.amplification import Case, count
from tests.support.amplification_cases import POLLERS

OFTEN = [
    Case(name="20 per check", tokens=1, vaults=1, items=200, period_seconds=2.9, duration_seconds=7200),
    Case(name="30 per check", tokens=1, vaults=4, items=50, period_seconds=0.5, duration_seconds=1800),
]
VERY_OFTEN = [
    Case(name="150 per check", tokens=1, vaults=1, items=200, period_seconds=0.39, duration_seconds=3600)
]


@pytest.mark.parametrize("case", OFTEN, ids=lambda case: case.name)
def test_a_vault_read_twenty_times_per_check_costs_a_tenth_of_a_ttl_cache(case):
    counted = count(case)
    assert case.reads_per_check >= 20
    assert counted.sidecar * 10 <= counted.ttl_cache


@pytest.mark.parametrize("case", VERY_OFTEN, ids=lambda case: case.name)
def test_a_vault_read_150_times_per_check_costs_a_fiftieth_of_a_ttl_cache(case):
    counted = count(case)
    assert case.reads_per_check >= 150
    assert counted.sidecar * 50 <= counted.ttl_cache


@pytest.mark.parametrize("case", POLLERS[:3], ids=lambda case: case.name)
def test_a_poller_costs_no_more_than_it_would_directly_or_with_a_ttl_cache(case):
    counted = count(case)
    assert counted.sidecar <= counted.ttl_cache <= counted.direct
    assert counted.background <= counted.answered_here


cases = st.builds(
    Case,
    name=st.just("made up"),
    tokens=st.sampled_from([1, 3]),
    vaults=st.sampled_from([1, 2, 5]),
    items=st.sampled_from([1, 5, 20]),
    period_seconds=st.sampled_from([3.0, 5.0, 20.0, 55.0, 65.0, 300.0]),
    burst=st.sampled_from([1, 2, 8]),
    is_regular=st.booleans(),
    is_warm=st.booleans(),
    duration_seconds=st.just(600.0),
    seconds_between_changes=st.sampled_from([120.0, 3600.0]),
    seed=st.integers(0, 2**16),
)


@settings(max_examples=30, deadline=None)
@given(cases)
def test_background_requests_never_outnumber_the_reads_answered_without_connect(case):
    counted = count(case)
    assert counted.background <= max(counted.answered_here, 0)
    assert counted.sidecar <= counted.direct
