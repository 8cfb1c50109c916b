from proxy.connect.sightings import Omissions, Sightings
from proxy.connect.versions import Versions
from tests.unit.connect.samples import ITEM, OTHER_ITEM, OTHER_VAULT, VAULT, at

A, B = b"a" * 32, b"b" * 32
SEEN = (VAULT, ITEM)


def test_a_version_below_the_highest_known_is_a_regress():
    versions = Versions(keep_seconds=100.0)
    versions.note([(SEEN, 5)], at(0.0))

    assert versions.is_regressed([(SEEN, 4)], at(1.0))
    assert not versions.is_regressed([(SEEN, 5)], at(1.0))
    assert not versions.is_regressed([((OTHER_VAULT, ITEM), 1)], at(1.0))


def test_what_was_not_confirmed_for_long_refuses_nothing():
    versions = Versions(keep_seconds=100.0)
    versions.note([(SEEN, 5)], at(0.0))

    assert versions.is_regressed([(SEEN, 4)], at(100.0))
    assert not versions.is_regressed([(SEEN, 4)], at(100.1))


def test_only_what_moved_beyond_something_known_is_news():
    versions = Versions(keep_seconds=100.0)

    assert versions.note([(SEEN, 5)], at(0.0)) == ()
    assert versions.note([(SEEN, 5)], at(1.0)) == ()
    assert versions.note([(SEEN, 6), ((VAULT, OTHER_ITEM), 9)], at(2.0)) == (SEEN,)
    assert versions.note([(SEEN, 4)], at(3.0)) == ()
    assert versions.highest(SEEN, at(3.0)) == 6


def test_of_an_answer_with_any_regress_nothing_is_noted():
    versions = Versions(keep_seconds=100.0)
    other = (VAULT, OTHER_ITEM)
    assert versions.note_unless_regressed([(SEEN, 5), (other, 1)], at(0.0)) == ()
    assert versions.note_unless_regressed([(other, 2), (SEEN, 4)], at(1.0)) is None
    assert versions.highest(other, at(1.0)) == 1
    assert versions.note_unless_regressed([(other, 2), (SEEN, 5)], at(2.0)) == (other,)
    assert versions.note_unless_regressed([(other, 1), (SEEN, 1)], at(200.0)) == ()


def test_what_an_answer_shows_twice_counts_by_its_highest():
    versions = Versions(keep_seconds=100.0)
    versions.note([(SEEN, 3), (SEEN, 2)], at(0.0))
    assert versions.highest(SEEN, at(0.0)) == 3


def test_the_table_of_versions_is_bounded_and_forgets_the_longest_unconfirmed():
    versions = Versions(keep_seconds=100.0, capacity=2)
    versions.note([((VAULT, "a"), 1), ((VAULT, "b"), 1)], at(0.0))
    versions.note([((VAULT, "a"), 1), ((VAULT, "c"), 1)], at(1.0))

    assert [versions.highest((VAULT, item), at(1.0)) for item in "abc"] == [1, None, 1]


def test_one_list_makes_an_item_absent_and_a_second_one_says_it_is_gone():
    sightings = Sightings()
    sightings.saw(A, VAULT, ITEM, 0.0)

    assert sightings.listed(A, VAULT, {OTHER_ITEM}, 1.0) == Omissions(first=(ITEM,))
    assert sightings.is_absent(A, VAULT, ITEM)
    assert sightings.listed(A, VAULT, {OTHER_ITEM}, 2.0) == Omissions(again=(ITEM,))
    assert not sightings.is_absent(A, VAULT, ITEM)


def test_the_same_moment_does_not_count_twice():
    sightings = Sightings()
    sightings.saw(A, VAULT, ITEM, 0.0)
    sightings.listed(A, VAULT, set(), 1.0)

    assert sightings.listed(A, VAULT, set(), 1.0) == Omissions()


def test_a_list_asked_for_before_the_item_was_proves_nothing():
    sightings = Sightings()
    sightings.saw(A, VAULT, ITEM, 5.0)

    assert sightings.listed(A, VAULT, set(), 4.0) == Omissions()
    assert sightings.listed(A, VAULT, set(), 5.0) == Omissions()


def test_an_omission_means_nothing_to_a_token_that_has_never_seen_the_item():
    sightings = Sightings()
    sightings.saw(A, VAULT, ITEM, 0.0)

    assert sightings.listed(B, VAULT, set(), 1.0) == Omissions()
    assert not sightings.is_absent(A, VAULT, ITEM)


def test_fetching_an_absent_item_makes_it_present_but_only_if_asked_for_later():
    sightings = Sightings()
    sightings.saw(A, VAULT, ITEM, 0.0)
    sightings.listed(A, VAULT, set(), 2.0)
    sightings.saw(A, VAULT, ITEM, 1.0)
    assert sightings.is_absent(A, VAULT, ITEM)

    sightings.saw(A, VAULT, ITEM, 3.0)

    assert not sightings.is_absent(A, VAULT, ITEM)


def test_a_list_that_shows_an_absent_item_again_does_not_make_it_servable():
    sightings = Sightings()
    sightings.saw(A, VAULT, ITEM, 0.0)
    sightings.listed(A, VAULT, set(), 1.0)
    sightings.listed(A, VAULT, {ITEM}, 2.0)

    assert sightings.is_absent(A, VAULT, ITEM)


def test_a_listed_item_counts_as_seen():
    sightings = Sightings()
    sightings.listed(A, VAULT, {ITEM}, 0.0)

    assert sightings.listed(A, VAULT, set(), 1.0).first == (ITEM,)


def test_sightings_are_bounded():
    sightings = Sightings(capacity=10)
    for number in range(100):
        sightings.saw(number.to_bytes(32, "big"), VAULT, ITEM, 0.0)
    for number in range(100):
        sightings.listed(number.to_bytes(32, "big"), OTHER_VAULT, set(), 0.0)

    assert sightings._count <= 10
    assert len(sightings._vaults) <= 10
