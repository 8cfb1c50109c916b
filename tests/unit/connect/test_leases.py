import pytest

from proxy.connect.leases import VAULT_LISTS, Lease, Leases, Refusal
from tests.unit.connect.samples import OTHER_VAULT, VAULT, at

A, B = b"a" * 32, b"b" * 32


def leases(**settings) -> Leases:
    return Leases(**{"token_verification_seconds": 60.0, "forget_after_seconds": 1000.0} | settings)


@pytest.mark.parametrize(("now", "held"), [(10.0, True), (69.9, True), (70.0, False), (1e9, False)])
def test_a_lease_counts_from_when_the_request_was_sent(now, held):
    known = leases()
    known.renew(A, VAULT, at(10.0))

    assert known.holds(A, VAULT, at(now)) is held


def test_a_lease_belongs_to_one_token_and_one_vault():
    known = leases()
    known.renew(A, VAULT, at(0.0))

    assert not known.holds(B, VAULT, at(1.0))
    assert not known.holds(A, OTHER_VAULT, at(1.0))
    assert not known.holds(A, VAULT_LISTS, at(1.0))


def test_an_answer_that_arrives_late_does_not_shorten_a_lease():
    known = leases()
    known.renew(A, VAULT, at(50.0))
    known.renew(A, VAULT, at(10.0))

    assert known.holds(A, VAULT, at(100.0))


def test_an_unfiltered_vault_list_renews_what_it_lists_and_ends_what_it_omits():
    known = leases()
    known.renew(A, VAULT, at(0.0))
    known.renew(A, VAULT_LISTS, at(10.0))

    ended = known.listed(A, {OTHER_VAULT}, at(10.0))

    assert ended == (VAULT,)
    assert known.holds(A, OTHER_VAULT, at(60.0))
    assert not known.holds(A, VAULT, at(10.0))
    assert known.holds(A, VAULT_LISTS, at(10.0))


def test_a_list_of_vaults_does_not_end_the_lease_on_lists_of_vaults():
    known = leases()
    known.renew(A, VAULT_LISTS, at(5.0))

    assert known.listed(A, {VAULT}, at(10.0)) == ()
    assert known.holds(A, VAULT_LISTS, at(11.0))


def test_a_vault_list_ends_nothing_that_was_proven_after_it_was_asked_for():
    known = leases()
    known.renew(A, VAULT, at(11.0))

    assert known.listed(A, set(), at(10.0)) == ()
    assert known.holds(A, VAULT, at(12.0))


def test_an_ended_lease_is_not_renewed_by_a_success_from_before():
    known = leases()
    known.renew(A, VAULT, at(0.0))
    assert known.end(A, VAULT, at(10.0))
    known.renew(A, VAULT, at(9.0))
    assert not known.holds(A, VAULT, at(11.0))

    known.renew(A, VAULT, at(11.0))

    assert known.holds(A, VAULT, at(12.0))


def test_a_refusal_suspends_the_token_at_once_and_a_later_success_restores_it():
    known = leases()
    known.renew(A, VAULT, at(0.0))
    assert known.refuse(A, at(5.0)) is Refusal.SUSPENDED
    assert known.state(A, VAULT, at(5.0)) is Lease.SUSPENDED

    known.renew(A, OTHER_VAULT, at(5.1))

    assert known.state(A, VAULT, at(5.2)) is Lease.HELD


def test_a_success_sent_before_the_refusal_restores_nothing():
    known = leases()
    known.renew(A, VAULT, at(0.0))
    known.refuse(A, at(5.0))
    known.renew(A, VAULT, at(4.9))

    assert known.state(A, VAULT, at(5.2)) is Lease.SUSPENDED


@pytest.mark.parametrize(
    ("second", "outcome"),
    [(5.0, Refusal.SUSPENDED), (5.05, Refusal.SUSPENDED), (5.1, Refusal.DROPPED), (60.0, Refusal.DROPPED)],
)
def test_a_second_refusal_a_tenth_of_a_second_later_drops_the_token(second, outcome):
    known = leases()
    known.renew(A, VAULT, at(0.0))
    known.refuse(A, at(5.0))

    assert known.refuse(A, at(second)) is outcome


@pytest.mark.parametrize("start", [0.0, 0.3, 1.7, 100.1, 12345.6, 1e6 + 0.7])
def test_a_retry_after_a_tenth_of_a_second_is_not_missed_by_rounding(start):
    known = leases()
    known.renew(A, VAULT, at(start - 1.0))
    known.refuse(A, at(start))

    assert known.refuse(A, at(start + 0.1)) is Refusal.DROPPED


def test_a_success_between_two_refusals_starts_the_count_again():
    known = leases()
    known.renew(A, VAULT, at(0.0))
    known.refuse(A, at(5.0))
    known.renew(A, VAULT, at(6.0))

    assert known.refuse(A, at(7.0)) is Refusal.SUSPENDED


def test_refusals_from_before_a_success_drop_nothing():
    known = leases()
    known.renew(A, VAULT, at(10.0))
    known.refuse(A, at(8.0))

    assert known.refuse(A, at(9.0)) is Refusal.SUSPENDED


def test_a_dropped_token_holds_nothing_until_a_later_success():
    known = leases()
    known.renew(A, VAULT, at(0.0))
    known.refuse(A, at(5.0))
    known.refuse(A, at(6.0))
    known.renew(A, VAULT, at(5.5))
    assert known.state(A, VAULT, at(7.0)) is Lease.SUSPENDED

    known.renew(A, OTHER_VAULT, at(7.0))

    assert known.state(A, OTHER_VAULT, at(8.0)) is Lease.HELD
    assert known.state(A, VAULT, at(8.0)) is Lease.LAPSED


def test_a_token_that_never_succeeded_is_a_stranger_and_an_older_success_does_not_help_it():
    known = leases()
    assert known.refuse(A, at(5.0)) is Refusal.STRANGER
    known.renew(A, VAULT, at(4.0))
    assert not known.is_known(A)

    known.renew(A, VAULT, at(6.0))

    assert known.holds(A, VAULT, at(6.0))


def test_refusing_one_token_leaves_the_other_alone():
    known = leases()
    known.renew(A, VAULT, at(0.0))
    known.renew(B, VAULT, at(0.0))
    known.refuse(A, at(1.0))
    known.refuse(A, at(2.0))

    assert known.holds(B, VAULT, at(3.0))


def test_idle_tokens_are_forgotten_and_named_so_that_their_responses_go():
    known = leases(forget_after_seconds=100.0)
    known.renew(A, VAULT, at(0.0))
    known.renew(B, VAULT, at(50.0))

    assert known.forget(at(99.0)) == ()
    assert known.forget(at(100.0)) == (A,)
    assert not known.is_known(A)
    assert known.is_known(B)


def test_the_number_of_tokens_is_bounded_and_the_longest_unused_goes_first():
    known = leases(capacity=2)
    known.renew(A, VAULT, at(0.0))
    known.renew(B, VAULT, at(1.0))
    known.renew(A, VAULT, at(2.0))
    known.renew(b"c" * 32, VAULT, at(3.0))

    assert known.forget(at(3.0)) == (B,)


def test_junk_tokens_take_bounded_room():
    known = leases(capacity=10)
    for number in range(1000):
        known.refuse(number.to_bytes(32, "big"), at(float(number)))

    assert len(known._strangers) == 10
    assert len(known._standings) == 0


def test_the_age_of_a_proof_is_that_of_its_request():
    known = leases()
    assert known.age_seconds(A, VAULT, at(0.0)) is None
    known.renew(A, VAULT, at(10.0))

    assert known.age_seconds(A, VAULT, at(14.0)) == 4
    assert known.age_seconds(A, OTHER_VAULT, at(14.0)) is None
