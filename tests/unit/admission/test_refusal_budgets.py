"""What guessing costs: by refusals, per party, under a cap for all, in a bounded table."""

from proxy.admission.refusal_budgets import RefusalBudgets
from proxy.admission.token_bucket import Limit
from proxy.clock import Instant

PER_PARTY, OVERALL = Limit.of(2, 3), Limit.of(5, 10)


def at(seconds):
    return Instant(wall_seconds=0.0, boot_seconds=1000.0 + seconds)


def budgets(capacity=100):
    return RefusalBudgets(per_party=PER_PARTY, overall=OVERALL, capacity=capacity)


def test_a_party_waits_once_its_refusals_are_used_up_and_others_do_not():
    guesses = budgets()
    for _ in range(3):
        assert guesses.wait_seconds("a", at(0)) == 0
        guesses.refused("a", at(0))
    assert guesses.wait_seconds("a", at(0)) == 0.5
    assert guesses.wait_seconds("a", at(0.5)) == 0
    assert guesses.wait_seconds("b", at(0)) == 0


def test_what_was_under_way_is_charged_too_and_paid_by_time():
    guesses = budgets()
    for _ in range(7):
        guesses.refused("a", at(0))
    assert guesses.wait_seconds("a", at(0)) == 2.5
    assert guesses.wait_seconds("a", at(2.5)) == 0


def test_many_parties_together_have_one_cap():
    guesses = budgets()
    for number in range(12):
        guesses.refused(str(number), at(0))
    assert round(guesses.wait_seconds("new", at(0)), 6) == 0.6
    assert guesses.wait_seconds("new", at(0.6)) == 0


def test_the_table_is_bounded_and_forgets_first_who_owes_nothing():
    guesses = budgets(capacity=3)
    guesses.refused("old", at(0))
    guesses.refused("a", at(10))
    guesses.refused("b", at(10))
    guesses.refused("c", at(10))
    assert len(guesses) == 3
    for party in "abc":
        for _ in range(2):
            guesses.refused(party, at(10))
    assert guesses.wait_seconds("a", at(10)) > 0, "who owes something was kept"
