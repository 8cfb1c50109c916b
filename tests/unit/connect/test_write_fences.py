import pytest

from proxy.connect.write_fences import Evidence, WriteFences
from tests.unit.connect.samples import ITEM, OTHER_ITEM, OTHER_VAULT, VAULT, at


def fences(**settings) -> WriteFences:
    return WriteFences(**{"write_fence_seconds": 30.0} | settings)


def shows(version: int, sent: float, item: str = ITEM) -> Evidence:
    return Evidence(sent=at(sent), versions={item: version}, listed=None)


def test_a_fence_covers_the_item_the_vault_and_all_vault_lists_but_no_other_item():
    known = fences()
    known.changed(VAULT, ITEM, 5, at(10.0))
    now = at(10.0)

    assert known.item_is_fenced(VAULT, ITEM, now)
    assert known.vault_is_fenced(VAULT, now)
    assert known.any_is_fenced(now)
    assert not known.item_is_fenced(VAULT, OTHER_ITEM, now)
    assert not known.vault_is_fenced(OTHER_VAULT, now)
    assert known.open_fences(now) == 1


@pytest.mark.parametrize(("version", "lifts"), [(4, False), (5, False), (6, True), (7, True)])
def test_a_change_is_settled_by_one_version_more_than_answered(version, lifts):
    known = fences()
    known.changed(VAULT, ITEM, 5, at(10.0))

    assert bool(known.lift(VAULT, shows(version, 10.5), at(11.0))) is lifts
    assert known.item_is_fenced(VAULT, ITEM, at(11.0)) is not lifts
    assert known.vault_is_fenced(VAULT, at(11.0)) is not lifts


@pytest.mark.parametrize(("answers", "expected"), [([5, 5], 7), ([5, 6], 7), ([5, 5, 5], 8), ([5, 9], 10)])
def test_each_write_expects_one_version_more_than_answered_or_expected_before(answers, expected):
    known = fences()
    for number, version in enumerate(answers):
        known.changed(VAULT, ITEM, version, at(float(number)))

    assert not known.lift(VAULT, shows(expected - 1, 10.0), at(11.0))
    assert known.lift(VAULT, shows(expected, 10.0), at(11.0)) == (ITEM,)


def test_the_expectation_outlives_the_lifting_of_its_fence():
    known = fences()
    known.changed(VAULT, ITEM, 5, at(0.0))
    assert known.lift(VAULT, shows(6, 1.0), at(1.0))
    known.changed(VAULT, ITEM, 5, at(2.0))  # sent before the lifting, answered with the old version

    assert not known.lift(VAULT, shows(6, 3.0), at(3.0))
    assert known.lift(VAULT, shows(7, 3.0), at(3.0))


@pytest.mark.parametrize("sent", [9.0, 10.0])
def test_evidence_sent_before_the_last_write_ended_lifts_nothing(sent):
    known = fences()
    known.changed(VAULT, ITEM, 5, at(1.0))
    known.changed(VAULT, ITEM, 5, at(10.0))

    assert known.lift(VAULT, shows(99, sent), at(11.0)) == ()
    assert known.item_is_fenced(VAULT, ITEM, at(11.0))


@pytest.mark.parametrize(
    ("answered", "shown", "lifts"), [(1, 1, True), (0, 0, False), (0, 1, True), (3, 2, False)]
)
def test_a_created_item_is_awaited_in_the_answered_version_but_at_least_1(answered, shown, lifts):
    known = fences()
    known.created(VAULT, ITEM, answered, at(0.0))

    assert bool(known.lift(VAULT, shows(shown, 1.0), at(1.0))) is lifts


def test_a_deletion_is_settled_by_absence_only():
    known = fences()
    known.deleted(VAULT, ITEM, at(0.0))

    assert not known.lift(VAULT, shows(99, 1.0), at(1.0))
    assert not known.lift(VAULT, Evidence(sent=at(1.0), versions={}, listed={ITEM}), at(1.0))
    assert not known.lift(VAULT, Evidence(sent=at(1.0), versions={}), at(1.0))
    assert known.lift(VAULT, Evidence(sent=at(1.0), versions={}, listed={OTHER_ITEM}), at(1.0)) == (ITEM,)


def test_a_missing_answer_settles_a_deletion_but_no_change():
    known = fences()
    known.deleted(VAULT, ITEM, at(0.0))
    known.changed(VAULT, OTHER_ITEM, 1, at(0.0))
    missing = [Evidence(sent=at(1.0), versions={}, missing=item) for item in (ITEM, OTHER_ITEM)]

    assert [known.lift(VAULT, evidence, at(1.0)) for evidence in missing] == [(ITEM,), ()]


@pytest.mark.parametrize("name", [ITEM, None])
def test_an_unknown_outcome_is_lifted_by_time_only(name):
    known = fences()
    known.unknown(VAULT, name, at(0.0))
    everything = Evidence(sent=at(1.0), versions={ITEM: 99}, listed={ITEM}, missing=ITEM)

    assert known.lift(VAULT, everything, at(1.0)) == ()
    assert known.vault_is_fenced(VAULT, at(29.9))
    assert not known.vault_is_fenced(VAULT, at(30.0))


def test_a_write_with_a_known_end_does_not_hide_one_with_an_unknown_end():
    known = fences()
    known.unknown(VAULT, ITEM, at(0.0))
    known.changed(VAULT, ITEM, 5, at(10.0))

    assert known.lift(VAULT, shows(6, 11.0), at(11.0)) == ()
    assert known.item_is_fenced(VAULT, ITEM, at(29.9))
    assert not known.item_is_fenced(VAULT, ITEM, at(30.0))


def test_a_change_after_a_deletion_is_lifted_by_time_only():
    known = fences()
    known.deleted(VAULT, ITEM, at(0.0))
    known.changed(VAULT, ITEM, 5, at(1.0))
    everything = Evidence(sent=at(2.0), versions={ITEM: 99}, missing=ITEM)

    assert known.lift(VAULT, everything, at(2.0)) == ()
    assert known.item_is_fenced(VAULT, ITEM, at(30.9))


def test_no_fence_outlives_its_cap():
    known = fences()
    known.changed(VAULT, ITEM, 5, at(10.0))

    assert known.item_is_fenced(VAULT, ITEM, at(39.9))
    assert not known.item_is_fenced(VAULT, ITEM, at(40.0))
    assert not known.vault_is_fenced(VAULT, at(40.0))
    assert not known.any_is_fenced(at(40.0))
    assert known.open_fences(at(40.0)) == 0


def test_the_vault_stays_fenced_while_another_of_its_items_is():
    known = fences()
    known.changed(VAULT, ITEM, 5, at(0.0))
    known.changed(VAULT, OTHER_ITEM, 5, at(0.0))
    known.lift(VAULT, shows(6, 1.0), at(1.0))

    assert not known.item_is_fenced(VAULT, ITEM, at(2.0))
    assert known.vault_is_fenced(VAULT, at(2.0))


def test_a_write_that_may_have_changed_anything_fences_everything():
    known = fences()
    known.unknown_everywhere(at(0.0))

    assert known.item_is_fenced(OTHER_VAULT, OTHER_ITEM, at(29.0))
    assert known.vault_is_fenced(OTHER_VAULT, at(29.0))
    assert known.any_is_fenced(at(29.0))
    assert not known.any_is_fenced(at(30.0))


def test_too_many_fences_become_one_around_everything():
    known = fences(capacity=3)
    for number in range(5):
        known.changed(VAULT, f"{number}" * 26, 1, at(0.0))

    assert known.item_is_fenced(OTHER_VAULT, ITEM, at(1.0))
    assert sum(map(len, known._vaults.values())) <= 3


def test_old_fences_are_forgotten():
    known = fences(capacity=3)
    for number in range(100):
        known.changed(VAULT, f"{number}", 1, at(number * 100.0))

    assert sum(map(len, known._vaults.values())) <= 2
    assert not known.item_is_fenced(OTHER_VAULT, ITEM, at(9900.0))


def test_an_item_that_is_written_again_stays_while_older_fences_are_forgotten():
    known = fences()
    known.changed(VAULT, "again", 1, at(0.0))
    known.changed(OTHER_VAULT, "once", 1, at(1.0))
    known.changed(VAULT, "again", 2, at(80.0))
    known.changed(VAULT, "new", 1, at(100.0))

    assert known.item_is_fenced(VAULT, "again", at(100.0))
    assert OTHER_VAULT not in known._vaults


def around(known, vault, item, now):
    return [
        (fence.waits_for, fence.version, fence.age_seconds, fence.left_seconds)
        for fence in known.open_around(vault, item, at(now))
    ]


def test_open_fences_say_what_they_wait_for_and_how_long():
    known = fences()
    known.changed(VAULT, ITEM, 5, at(10.0))
    known.deleted(VAULT, OTHER_ITEM, at(12.0))
    known.unknown(OTHER_VAULT, None, at(14.0))
    change, deletion, unclear = (
        ("version", 6, 5.0, 25.0),
        ("absence", None, 3.0, 27.0),
        ("time", None, 1.0, 29.0),
    )
    assert around(known, VAULT, ITEM, 15.0) == [change]
    assert around(known, VAULT, None, 15.0) == [change, deletion]
    assert around(known, None, None, 15.0) == [change, deletion, unclear]
    assert around(known, OTHER_VAULT, ITEM, 15.0) == []
    assert around(known, None, None, 60.0) == []
    known.lift(VAULT, shows(6, 16.0), at(16.0))
    assert around(known, VAULT, ITEM, 16.0) == []


def test_the_fence_around_everything_concerns_everything():
    known = fences()
    known.unknown_everywhere(at(10.0))
    everything = [("time", None, 4.0, 26.0)]
    assert around(known, VAULT, ITEM, 14.0) == around(known, None, None, 14.0) == everything


@pytest.mark.parametrize(("shown", "closes"), [(5, True), (6, False), (7, False)])
def test_an_answer_from_a_replica_that_is_behind_closes_a_fence_again(shown, closes):
    known = fences()
    known.changed(VAULT, ITEM, 5, at(10.0))
    known.lift(VAULT, shows(6, 11.0), at(11.0))

    assert known.lower(VAULT, shows(shown, 12.0), at(12.0)) == ((ITEM,) if closes else ())
    assert known.item_is_fenced(VAULT, ITEM, at(12.0)) is closes
    assert known.vault_is_fenced(VAULT, at(12.0)) is closes
    assert bool(known.lift(VAULT, shows(6, 13.0), at(13.0))) is closes


@pytest.mark.parametrize(("sent", "now"), [(10.0, 12.0), (12.0, 40.0)])
def test_what_was_asked_before_the_write_or_comes_after_its_time_closes_nothing(sent, now):
    known = fences()
    known.changed(VAULT, ITEM, 5, at(10.0))
    known.lift(VAULT, shows(6, 11.0), at(11.0))

    assert not known.lower(VAULT, shows(5, sent), at(now))
    assert not known.item_is_fenced(VAULT, ITEM, at(now))


def test_what_was_never_lifted_is_not_closed_again():
    known = fences()
    known.changed(VAULT, ITEM, 5, at(10.0))

    assert not known.lower(VAULT, shows(5, 12.0), at(12.0))
    assert known.item_is_fenced(VAULT, ITEM, at(12.0))


@pytest.mark.parametrize(
    ("evidence", "closes"),
    [
        (shows(5, 12.0), True),
        (Evidence(sent=at(12.0), versions={}, listed=frozenset({ITEM})), True),
        (Evidence(sent=at(12.0), versions={}, listed=frozenset({OTHER_ITEM})), False),
        (Evidence(sent=at(12.0), versions={}, missing=ITEM), False),
        (shows(5, 12.0, OTHER_ITEM), False),
    ],
)
def test_a_deleted_item_that_is_there_again_closes_its_fence_again(evidence, closes):
    known = fences()
    known.deleted(VAULT, ITEM, at(10.0))
    known.lift(VAULT, Evidence(sent=at(11.0), versions={}, missing=ITEM), at(11.0))

    assert bool(known.lower(VAULT, evidence, at(12.0))) is closes
    assert known.item_is_fenced(VAULT, ITEM, at(12.0)) is closes
