"""What was seen is known until all is forgotten; what was not is seldom taken for known."""

import random

from proxy.server.doorkeeper import Doorkeeper

MOST = 65_536


def test_the_second_time_it_is_known_and_stays_so():
    doorkeeper = Doorkeeper()
    assert [doorkeeper.has_seen(12) for _ in range(3)] == [False, True, True]
    assert not doorkeeper.has_seen(13)


def test_any_hash_is_a_number_for_it():
    doorkeeper = Doorkeeper()
    for number in (0, -1, 2**63 - 1, -(2**63)):
        doorkeeper.has_seen(number)
        assert doorkeeper.has_seen(number)


def test_full_it_forgets_everything_and_begins_anew():
    doorkeeper = Doorkeeper()
    assert not any(doorkeeper.has_seen(number) for number in range(MOST))
    assert doorkeeper.has_seen(0)
    assert not doorkeeper.has_seen(MOST)
    assert not doorkeeper.has_seen(0)
    assert doorkeeper.has_seen(MOST)


def test_nearly_full_it_errs_about_one_in_eight_and_never_the_other_way_round():
    numbers = random.Random(1)
    doorkeeper = Doorkeeper()
    known = [numbers.getrandbits(62) for _ in range(MOST - 1)]
    for number in known:
        doorkeeper.has_seen(number)
    assert all(doorkeeper.has_seen(number) for number in known)
    doorkeeper = Doorkeeper()
    for number in known:
        doorkeeper.has_seen(number)
    errors = sum(doorkeeper.has_seen(numbers.getrandbits(62)) for _ in range(500))
    assert errors < 500 / 8 * 1.5


def test_it_takes_no_more_memory_than_its_bits():
    doorkeeper = Doorkeeper()
    for number in range(200_000):
        doorkeeper.has_seen(number * 7919)
    assert len(doorkeeper._bits) == 65_536
