"""Budgets of tokens: apart from each other, bounded, not to be refreshed by being forgotten."""

from fractions import Fraction

from proxy.admission.rate_limiter import Budget, RateLimiter
from proxy.admission.token_bucket import Limit
from proxy.clock import Instant

SMALL = {
    Budget.REQUESTS: Limit(per_second=Fraction(1), burst=3),
    Budget.UPSTREAM: Limit(per_second=Fraction(1), burst=1),
}


def at(seconds):
    return Instant(wall_seconds=0.0, boot_seconds=seconds)


def spend(limiter, token, name="x", budget=Budget.REQUESTS, now=0.0):
    count = 0
    while limiter.charge(budget, token, name, at(now)):
        count += 1
    return count


def test_tokens_and_budgets_do_not_share():
    limiter = RateLimiter(limits=SMALL)
    assert spend(limiter, b"a") == 3
    assert spend(limiter, b"b") == 3
    assert spend(limiter, b"a", budget=Budget.UPSTREAM) == 1


def test_a_name_may_have_limits_of_its_own():
    large = {budget: Limit(per_second=Fraction(1), burst=10) for budget in Budget}
    limiter = RateLimiter(limits=SMALL, named={"billing": large})
    assert spend(limiter, b"a", "billing") == 10
    assert spend(limiter, b"b", "other") == 3


def test_one_verification_passes_in_a_while():
    limiter = RateLimiter(limits=SMALL, verification_seconds=60)
    taken = [limiter.take_verification(b"a", "x", at(second)) for second in (0, 1, 59, 60, 61, 130)]
    assert taken == [True, False, False, True, False, True]


def test_the_table_is_bounded_and_who_has_spent_nothing_goes_first():
    limiter = RateLimiter(limits=SMALL, capacity=4)
    spend(limiter, b"spender")
    for number in range(3):
        limiter.balances(bytes([number]), "x", at(0))
    limiter.balances(b"new", "x", at(0))
    assert len(limiter) == 4
    assert spend(limiter, b"spender") == 0, "it was not forgotten and is not full again"


def test_balances_say_what_is_left():
    limiter = RateLimiter(limits=SMALL)
    limiter.charge(Budget.REQUESTS, b"a", "x", at(0))
    requests, upstream = limiter.balances(b"a", "x", at(0))
    assert (requests.budget, requests.remaining, requests.reset_seconds) == (Budget.REQUESTS, 2, 1.0)
    assert (upstream.remaining, upstream.retry_after_seconds) == (1, 0.0)


def test_peeking_tells_the_same_and_makes_no_account():
    limiter = RateLimiter(limits=SMALL, verification_seconds=60.0)
    assert [balance.remaining for balance in limiter.peek(b"a", "x", at(0))] == [3, 1]
    assert limiter.verification_is_due(b"a", at(0))
    assert len(limiter) == 0
    spend(limiter, b"a")
    assert limiter.take_verification(b"a", "x", at(0))
    for now in (0.0, 1.5, 9.0):
        assert limiter.peek(b"a", "x", at(now)) == limiter.balances(b"a", "x", at(now))
    assert not limiter.verification_is_due(b"a", at(59))
    assert limiter.verification_is_due(b"a", at(60))


def test_peeking_after_a_change_of_limits_tells_the_new_ones():
    limiter = RateLimiter(limits=SMALL)
    spend(limiter, b"a")
    limiter.adopt({**SMALL, Budget.REQUESTS: Limit(per_second=Fraction(1), burst=9)}, {})
    assert limiter.peek(b"a", "x", at(0))[0].remaining == 9


def test_who_keeps_an_account_charges_the_budgets_that_everybody_charges():
    limiter = RateLimiter(limits=SMALL)
    account = limiter.account(b"a", "x", at(0))
    assert account.buckets[Budget.REQUESTS].take_at(0.0) == (2, 1)
    assert spend(limiter, b"a") == 2
    assert account.buckets[Budget.REQUESTS].take_at(0.0) is None
    assert limiter.account(b"a", "x", at(1)) is account
    assert account.is_current


def test_an_account_is_no_longer_current_once_there_are_other_limits_or_it_had_to_make_room():
    limiter = RateLimiter(limits=SMALL, capacity=1)
    first = limiter.account(b"a", "x", at(0))
    limiter.adopt({**SMALL, Budget.REQUESTS: Limit(per_second=Fraction(1), burst=9)}, {})
    second = limiter.account(b"a", "x", at(0))
    assert (first.is_current, second.is_current) == (False, True)
    limiter.account(b"b", "x", at(0))
    assert not second.is_current


def test_other_limits_renew_the_budgets_but_not_the_time_of_the_last_verification():
    limiter = RateLimiter(limits=SMALL, verification_seconds=60)
    assert limiter.take_verification(b"a", "x", at(0))
    limiter.adopt({**SMALL, Budget.REQUESTS: Limit(per_second=Fraction(1), burst=9)}, {})
    assert spend(limiter, b"a", now=59.0) == 9
    assert not limiter.take_verification(b"a", "x", at(59))
