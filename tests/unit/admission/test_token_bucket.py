"""The token bucket's promise, exactly: never more than burst + rate x time, and its own figures come true."""

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.admission.token_bucket import Limit, TokenBucket
from proxy.clock import Instant

limits = st.builds(
    Limit,
    per_second=st.sampled_from(
        [Fraction(1, 7), Fraction(1, 3), Fraction(1), Fraction(20), Fraction("33.3"), Fraction(10**7)]
    ),
    burst=st.integers(1, 20),
)
gaps = st.lists(
    st.sampled_from([0.0, 1e-9, 0.0049, 0.05, 0.3, 1.0, 2.9999, 3.0, 7.0, 100.0]), min_size=1, max_size=60
)


def at(seconds):
    return Instant(wall_seconds=0.0, boot_seconds=seconds)


def moments(gaps):
    now, all_moments = 1_000_000.0, []
    for gap in gaps:
        now += gap
        all_moments.append(now)
    return all_moments


@given(limits, gaps)
def test_over_any_interval_no_more_is_admitted_than_the_burst_and_the_rate(limit, gaps):
    bucket = TokenBucket(limit)
    admitted = [moment for moment in moments(gaps) if bucket.take(at(moment))]
    for first, begin in enumerate(admitted):
        for last in range(first, len(admitted)):
            nanoseconds = int(admitted[last] * 10**9) - int(begin * 10**9)
            assert last - first + 1 <= limit.burst + limit.per_second * Fraction(nanoseconds, 10**9)


@given(limits, gaps)
def test_what_is_said_to_remain_is_admitted_at_once_and_no_more(limit, gaps):
    bucket = TokenBucket(limit)
    for moment in moments(gaps):
        bucket.take(at(moment))
    now = at(moments(gaps)[-1])
    remaining = bucket.remaining(now)
    assert 0 <= remaining <= limit.burst
    assert [bucket.take(now) for _ in range(remaining + 1)] == [True] * remaining + [False]


@given(limits, gaps)
def test_after_the_wait_one_is_admitted_and_not_before(limit, gaps):
    bucket = TokenBucket(limit)
    now = moments(gaps)[-1]
    while bucket.take(at(now)):
        pass
    wait_seconds = bucket.wait_seconds(at(now))
    assert wait_seconds > 0
    assert not bucket.take(at(now + wait_seconds - min(2e-6, wait_seconds / 2)))
    assert bucket.take(at(now + wait_seconds + 1e-6))  # a microsecond: floats of a million seconds


@given(limits)
def test_when_it_says_it_is_full_it_is(limit):
    bucket = TokenBucket(limit)
    while bucket.take(at(1000.0)):
        pass
    full_in_seconds = bucket.reset_seconds(at(1000.0))
    assert bucket.remaining(at(1000.0 + full_in_seconds + 1e-6)) == limit.burst
    assert bucket.remaining(at(1000.0 + full_in_seconds / 2)) < limit.burst


def test_a_clock_that_stands_still_or_goes_back_gives_nothing_away():
    bucket = TokenBucket(Limit(per_second=Fraction(1), burst=2))
    assert [bucket.take(at(second)) for second in (100.0, 100.0, 99.0, 50.0)] == [True, True, False, False]


@pytest.mark.parametrize(
    ("rate", "burst", "seconds"), [(Fraction(100), 2000, 20), (Fraction(1, 3), 10, 30), (Fraction(7), 10, 2)]
)
def test_the_window_is_what_an_empty_bucket_takes_to_fill(rate, burst, seconds):
    assert Limit(per_second=rate, burst=burst).window_seconds == seconds


@given(limits, gaps)
def test_what_is_left_after_a_charge_is_what_is_told_to_whoever_asks(limit, gaps):
    bucket, plain = TokenBucket(limit), TokenBucket(limit)
    for moment in moments(gaps):
        left = bucket.take_at(moment)
        assert plain.take(at(moment)) == (left is not None)
        told = (plain.remaining(at(moment)), ceil(plain.reset_seconds(at(moment))))
        assert left in (None, told)
        assert bucket.left_at(moment) == told
