"""Proofs of a list are applied in pieces: what it outdates goes at once, and what happens in between wins."""

import asyncio
import itertools
from dataclasses import dataclass, replace

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.adapters.memory_store import MemoryStore
from proxy.caching import freshness
from proxy.caching.generations import Generations
from proxy.caching.key import Tag
from proxy.caching.profile import CacheRules, Sent
from proxy.caching.receipt import Receipt
from proxy.caching.stored_response import StoredResponse
from proxy.clock import Instant
from proxy.exchange.proofs import _MOST_WAITING, Proofs
from proxy.semantics.message import ResponseHead
from tests.unit.adapters.test_companions import Paper
from tests.unit.adapters.test_memory_store import key, response, roomy

VAULT: Tag = ("vault", "v")
COUNT, PIECE = 10, 3
DATED = CIMultiDictProxy(CIMultiDict(Date="Sun, 06 Nov 1994 08:49:37 GMT"))
ASKED = Instant(wall_seconds=1000.0, boot_seconds=1000.0)
ARRIVED = Instant(wall_seconds=1001.0, boot_seconds=1001.0)
RULES = CacheRules(
    shared=False,
    heuristics=False,
    assigned_freshness_seconds=60.0,
    stale_if_error_seconds=3600.0,
    ages_by_date=False,
)


def scope(number: int) -> Tag:
    return ("item", str(number))


@dataclass(frozen=True)
class Listed:
    """A proof about everything in the vault, with some items outdated."""

    outdated: frozenset[int] = frozenset()

    @property
    def about(self) -> tuple[Tag, ...]:
        return (VAULT,)

    def confirms(self, stored: StoredResponse) -> CacheRules | None:
        return RULES

    def outdates(self, stored: StoredResponse) -> bool:
        return stored.key in {key(number) for number in self.outdated}


class World:
    """A vault of some stored items, and a list that has just arrived."""

    def __init__(self, count: int = COUNT) -> None:
        self.store: MemoryStore = roomy()
        self.generations = Generations()
        self.proofs = Proofs(store=self.store, generations=self.generations, piece=PIECE)
        self.count = count
        for number in range(count):
            self.store.put(self.item(number))
        head = response().response
        self.head: ResponseHead = head

    def item(self, number: int) -> StoredResponse:
        stored = response(number, VAULT)
        return replace(stored, scopes=(scope(number),), generation=0)

    def list_arrives(self, *outdated: int, asked: Instant = ASKED) -> Receipt:
        sent = Sent(at=asked, generation=0, latest=self.generations.latest)
        receipt = self.receipt(asked)
        self.proofs.apply(Listed(frozenset(outdated)), self.head, sent, receipt)
        return receipt

    def receipt(self, asked: Instant) -> Receipt:
        return freshness.receipt(self.head, RULES, asked, ARRIVED)

    def stored(self, number: int) -> StoredResponse | None:
        return next(iter(self.store.peek(key(number))), None)

    def confirmed(self) -> set[int]:
        found = ((number, self.stored(number)) for number in range(self.count))
        return {number for number, stored in found if stored is not None and stored.is_confirmed}

    async def settle(self) -> None:
        for _ in range(2 * self.count):
            await asyncio.sleep(0)


async def test_one_piece_is_confirmed_at_once_and_the_others_a_turn_each():
    world = World()
    world.list_arrives()
    seen = [len(world.confirmed())]
    for _ in range(5):
        await asyncio.sleep(0)
        seen.append(len(world.confirmed()))
    assert seen[0] == PIECE
    assert {later - earlier for earlier, later in itertools.pairwise(seen)} <= {0, 1, PIECE}
    assert seen[-1] == COUNT


async def test_decisions_about_what_a_piece_has_confirmed_are_made_anew_and_no_others():
    world = World()
    companions = [Paper() for _ in range(COUNT)]
    for number, companion in enumerate(companions):
        assert world.store.attach(key(number), companion)
    world.list_arrives()
    while True:
        confirmed = world.confirmed()
        assert {n for n, companion in enumerate(companions) if companion.times_outdated} == confirmed
        if len(confirmed) == COUNT:
            break
        await asyncio.sleep(0)
    await world.settle()
    assert {companion.times_outdated for companion in companions} == {1}


async def test_a_list_that_is_one_piece_leaves_nothing_for_later():
    world = World(count=PIECE)
    world.list_arrives()
    assert world.confirmed() == set(range(PIECE))
    assert not world.proofs._waiting


async def test_all_that_is_outdated_goes_at_once():
    world = World()
    world.list_arrives(0, 5, 9)
    assert [world.stored(number) for number in (0, 5, 9)] == [None, None, None]
    await world.settle()
    assert world.confirmed() == set(range(COUNT)) - {0, 5, 9}


async def test_what_is_outdated_by_a_write_in_between_is_not_made_fresh():
    world = World()
    world.list_arrives()
    world.generations.advance([scope(number) for number in range(COUNT)])
    await world.settle()
    assert len(world.confirmed()) == PIECE


async def test_what_has_gone_in_between_does_not_come_back():
    world = World()
    world.list_arrives()
    world.store.remove_tagged([VAULT])
    await world.settle()
    assert not world.store.stored_responses


async def test_a_later_answer_about_the_same_thing_stays():
    world = World()
    world.list_arrives()
    receipt = world.receipt(ARRIVED)
    later = [replace(world.item(number), receipt=receipt, version=4) for number in range(COUNT)]
    for stored in later:
        world.store.put(stored)
    await world.settle()
    assert [world.stored(number) for number in range(COUNT)] == later


async def test_an_earlier_answer_that_comes_in_between_is_confirmed_as_well():
    world = World()
    world.list_arrives()
    for number in range(COUNT):
        world.store.put(replace(world.item(number), version=4))
    await world.settle()
    assert len(world.confirmed()) == COUNT - PIECE


async def test_lists_that_come_together_have_their_turns():
    world = World()
    world.list_arrives()
    world.list_arrives(asked=ARRIVED)
    await world.settle()
    assert {world.store.peek(key(number))[0].request_sent_boot_seconds for number in range(COUNT)} == {
        ARRIVED.boot_seconds
    }
    world.list_arrives(asked=replace(ARRIVED, boot_seconds=1002.0))
    await world.settle()
    assert {world.store.peek(key(number))[0].request_sent_boot_seconds for number in range(COUNT)} == {1002.0}


async def test_lists_that_come_faster_than_their_turns_keep_no_more_memory_and_leave_nothing_out():
    """Whoever asks for lists without a pause must not fill the memory with what they prove, nor starve anything."""
    world = World()
    for second in range(50):
        world.list_arrives(asked=replace(ASKED, boot_seconds=ASKED.boot_seconds + second))
        assert len(world.proofs._waiting) <= _MOST_WAITING
    oldest = min(world.store.peek(key(number))[0].request_sent_boot_seconds for number in range(COUNT))
    assert oldest >= ASKED.boot_seconds + 49 - _MOST_WAITING
    await world.settle()
    await world.settle()
    asked = {world.store.peek(key(number))[0].request_sent_boot_seconds for number in range(COUNT)}
    assert asked == {ASKED.boot_seconds + 49}


def dated() -> World:
    """Return a world whose answers say when they were made, and no more."""
    world = World()
    world.head = ResponseHead(status=200, reason="", fields=DATED)
    for number in range(COUNT):
        item = world.item(number)
        world.store.put(replace(item, response=replace(item.response, fields=DATED)))
    return world


async def test_a_receipt_is_complete_when_all_that_is_confirmed_goes_by_it_and_no_longer():
    world = dated()
    world.generations.advance([scope(99)])
    first = world.list_arrives()
    assert first.complete_as_of is None
    await world.settle()
    assert first.complete_as_of == world.generations.latest
    assert {id(world.store.peek(key(number))[0].receipt) for number in range(COUNT)} == {id(first)}
    second = world.list_arrives(asked=ARRIVED)
    assert first.complete_as_of is None
    await world.settle()
    assert second.complete_as_of == world.generations.latest


async def test_a_receipt_that_one_response_does_not_go_by_is_never_complete():
    world = dated()
    odd = world.item(3)
    fields = CIMultiDictProxy(CIMultiDict(DATED, Expires="Thu, 01 Jan 2099 00:00:00 GMT"))
    world.store.put(replace(odd, response=replace(odd.response, fields=fields)))
    receipt = world.list_arrives()
    await world.settle()
    assert world.confirmed() == set(range(COUNT))
    assert receipt.complete_as_of is None


class Failing(Listed):
    """A proof with a fault that shows after the first piece."""

    def confirms(self, stored: StoredResponse) -> CacheRules | None:
        if stored.key in {key(number) for number in range(COUNT - PIECE)}:
            raise ZeroDivisionError
        return RULES


async def test_a_proof_that_fails_does_not_stand_in_the_way_of_the_next():
    world = World()
    world.proofs.apply(Failing(), world.head, Sent(at=ASKED, generation=0, latest=0), world.receipt(ASKED))
    await world.settle()
    assert len(world.confirmed()) == PIECE
    world.list_arrives(asked=ARRIVED)
    await world.settle()
    assert world.confirmed() == set(range(COUNT))


@pytest.mark.parametrize("turns", [0, 1])
async def test_it_ends_with_its_owner(turns: int):
    world = World(count=100)
    world.list_arrives()
    for _ in range(turns):
        await asyncio.sleep(0)
    await world.proofs.close()
    confirmed = world.confirmed()
    await world.settle()
    assert world.confirmed() == confirmed
    assert len(confirmed) < 100
