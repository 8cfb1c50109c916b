"""Which lists need not be read again is remembered for a bounded number of them, and a bounded time."""

import pytest

from proxy.connect.repeated_lists import Grounds, RepeatedLists
from tests.unit.connect.samples import at

GROUNDS = Grounds(target="/v1/vaults/v/items", discoveries=1, rules={})


def test_what_was_read_longest_ago_is_forgotten_first():
    lists = RepeatedLists(keep_seconds=3600.0, capacity=2)
    for vault in ("a", "b", "a", "c"):
        lists.read(b"p", vault, GROUNDS, at(0.0))
    known = [vault for vault in "abc" if lists.says_nothing_new(b"p", vault, GROUNDS, at(1.0))]
    assert known == ["a", "c"]


@pytest.mark.parametrize(("keep_seconds", "seconds"), [(100_000.0, 600.0), (20.0, 10.0)])
def test_none_is_taken_unread_for_longer_than_half_of_what_versions_are_kept_for(keep_seconds, seconds):
    lists = RepeatedLists(keep_seconds=keep_seconds)
    lists.read(b"p", "v", GROUNDS, at(0.0))
    assert lists.says_nothing_new(b"p", "v", GROUNDS, at(seconds))
    assert not lists.says_nothing_new(b"p", "v", GROUNDS, at(seconds + 0.1))


def test_it_is_one_tokens_own():
    lists = RepeatedLists(keep_seconds=3600.0)
    lists.read(b"p", "v", GROUNDS, at(0.0))
    lists.learnt(b"q", "v")
    assert lists.says_nothing_new(b"p", "v", GROUNDS, at(1.0))
    assert not lists.says_nothing_new(b"q", "v", GROUNDS, at(1.0))
