"""Generations: what is under way or stored when something is outdated."""

import pytest

from proxy.caching.generations import Generations
from proxy.caching.key import ROOT, Tag

A: Tag = ("vault", "a")
B: Tag = ("vault", "b")


def test_nothing_raised_is_the_same_generation():
    generations = Generations()
    assert generations.current((ROOT, A)) == generations.current((B,)) == generations.current(())


RAISED = [
    ((A,), (A,), True),
    ((A,), (ROOT, A), True),
    ((A,), (B,), False),
    ((A, B), (B,), True),
    ((ROOT,), (A,), True),
    ((A, ROOT), (B,), True),
    ((ROOT, A), (A,), True),
    ((), (A,), False),
]


@pytest.mark.parametrize(("raised", "scopes", "outdated"), RAISED)
def test_a_raised_scope_outdates_what_depends_on_it(raised, scopes, outdated):
    generations = Generations()
    before = generations.current(scopes)
    generations.advance(raised)
    assert (generations.current(scopes) != before) is outdated


def test_what_is_sent_after_a_raise_is_not_outdated_by_it():
    generations = Generations()
    generations.advance((A,))
    sent = generations.current((A, B))
    assert generations.current((A, B)) == sent
    generations.advance((B,))
    assert generations.current((A, B)) > sent


def test_every_raise_counts_even_if_the_other_scope_was_raised_more_often():
    generations = Generations()
    for _ in range(5):
        generations.advance((A,))
    before = generations.current((A, B))
    generations.advance((B,))
    assert generations.current((A, B)) != before


def test_after_the_root_was_raised_each_scope_can_be_raised_again():
    generations = Generations()
    generations.advance((A,))
    generations.advance((ROOT,))
    before = generations.current((A,))
    generations.advance((A,))
    assert generations.current((A,)) > before


def test_the_root_outdates_what_was_raised_before_on_its_own():
    generations = Generations()
    generations.advance((A,))
    before = generations.current((A,))
    generations.advance((ROOT,))
    assert generations.current((A,)) > before


def test_what_is_forgotten_counts_as_raised():
    generations = Generations(capacity=2)
    generations.advance((A,))
    sent = generations.current((A,))
    never_raised = generations.current((("vault", "z"),))
    for number in range(3):
        generations.advance((("vault", str(number)),))
    assert generations.current((A,)) >= sent
    assert generations.current((("vault", "z"),)) > never_raised


def test_a_forgotten_scope_never_falls_back():
    generations = Generations(capacity=1)
    seen = 0
    for number in range(50):
        generations.advance((A if number % 3 else B,))
        now = generations.current((A,))
        assert now >= seen
        seen = now


def test_the_table_is_bounded():
    generations = Generations(capacity=3)
    for number in range(100):
        generations.advance((("vault", str(number)),))
    assert len(generations._raised) == 3
