"""What uses of a ticket mean to others, and what becomes of it; what decides is in test_express_equivalence."""

import asyncio
import weakref
from dataclasses import replace

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.admission.rate_limiter import Budget, RateLimiter
from proxy.caching import freshness
from proxy.caching.http_profile import PRIVATE_RULES
from proxy.caching.kept_fields import blanked, filled_in
from proxy.exchange.events import BackgroundFinished, HitsRepeated
from proxy.exchange.exchange import ExchangeLimits
from proxy.exchange.rate_limits import LimitMode
from proxy.exchange.tickets import Issued
from proxy.semantics.message import Request
from tests.support.exchanges import make_exchange
from tests.support.model_connect import VAULT, ModelConnect, item_id
from tests.support.scripted_upstream import Notes
from tests.support.virtual_time import VirtualClock, in_virtual_time

TOKEN = "alpha"


def request(item: int) -> Request:
    fields = CIMultiDictProxy(CIMultiDict({"Authorization": f"Bearer {TOKEN}"}))
    return Request(method="GET", target=f"/v1/vaults/{VAULT}/items/{item_id(item)}", fields=fields)


class World:
    """An exchange past its cautious first half minute, with one item stored and a ticket for it."""

    async def begin(self, **more) -> Issued:
        self.notes = Notes()
        connect = ModelConnect(items=3, tokens=frozenset({TOKEN}), order=iter(range(10**6)))
        self.clock = VirtualClock(asyncio.get_running_loop())
        self.exchange = make_exchange(upstream=connect, clock=self.clock, observer=self.notes, **more)
        await asyncio.sleep(31)
        await self.exchange.handle(request(0), None)
        issued = self.exchange.tickets.issue(request(0), self.clock.now())
        assert issued is not None
        return issued

    def use(self, issued: Issued, times: int = 1) -> None:
        now = self.clock.now()
        assert self.exchange.tickets.renew(issued.ticket, now)
        for _ in range(times):
            assert issued.ticket.use(now.boot_seconds, now.wall_seconds) is not None


@in_virtual_time
async def test_reads_by_ticket_earn_the_change_check_that_keeps_them_fresh():
    world = World()
    issued = await world.begin()
    for _ in range(30):
        await asyncio.sleep(2.0)
        if not world.exchange.tickets.renew(issued.ticket, world.clock.now()):
            issued = world.exchange.tickets.issue(request(0), world.clock.now())
        world.use(issued)
    assert world.notes.of(BackgroundFinished), "nobody else has read anything"
    await world.exchange.close()


@in_virtual_time
async def test_a_ticket_says_once_whether_it_was_used():
    world = World()
    issued = await world.begin()
    assert not issued.ticket.was_used()
    world.use(issued, 2)
    assert issued.ticket.was_used()
    assert not issued.ticket.was_used()
    await world.exchange.close()


@in_virtual_time
async def test_uses_of_tickets_are_told_once_with_the_first_and_the_last_that_was_reused():
    world = World()
    issued = await world.begin()
    await world.exchange.handle(request(1), None)
    other = world.exchange.tickets.issue(request(1), world.clock.now())
    world.use(issued, 2)
    world.use(other)
    told = []
    tell = world.exchange.profile.repeated
    world.exchange.profile.repeated = lambda *said: told.append(said) or tell(*said)
    assert world.exchange.repeats.tell() == 3
    assert world.exchange.repeats.tell() == 0
    await asyncio.sleep(1.0)
    ((subject, reused, count, _),) = told
    assert subject.names.vault == VAULT
    assert reused == (issued.ticket.stored, other.ticket.stored)
    assert count == 3
    assert sum(event.count for event in world.notes.of(HitsRepeated)) == 3
    await world.exchange.close()


def freshened(old, at, *, fields=(), **changed):
    """Return it as a list confirms it, with the fields of another answer besides."""
    known = filled_in(old.response, old.receipt.date)
    known.update(fields)
    response = replace(old.response, fields=CIMultiDictProxy(known), **changed)
    receipt = freshness.receipt(response, replace(PRIVATE_RULES, ages_by_date=False), at, at)
    return replace(old, receipt=receipt, response=blanked(response))


def dated(text):
    return [("Date", text)]


@pytest.mark.parametrize(
    "fields", [((), ()), (dated("a"), dated("b"))], ids=["as it was", "with another date"]
)
@in_virtual_time
async def test_a_ticket_for_what_has_been_freshened_is_good_for_the_new_response(fields):
    world = World()
    issued = await world.begin()
    tickets, store = world.exchange.tickets, world.exchange.tickets.store
    for number, more in enumerate(fields):
        await asyncio.sleep(1.0)
        now = world.clock.now()
        store.renew(freshened(issued.ticket.stored, now, fields=more))
        world.exchange.reconsider()
        is_good = tickets.renew(issued.ticket, now)
        assert is_good or (number == 0 and more and tickets.reissue(issued.ticket, now))
    assert is_good
    assert (issued.ticket.stored,) == tuple(store.peek(issued.ticket.subject.key))
    assert issued.ticket.use(now.boot_seconds, now.wall_seconds) == (0, 60)
    await world.exchange.close()


OTHER = {
    "a field more": {"fields": [("X-Server", "two")]},
    "another reason": {"reason": "Fine"},
    "another body": {"body": b"{ }"},
}


@pytest.mark.parametrize("changed", OTHER.values(), ids=OTHER)
@in_virtual_time
async def test_a_ticket_is_issued_anew_for_a_response_that_says_something_else(changed):
    world = World()
    issued = await world.begin()
    await asyncio.sleep(1.0)
    fresh = freshened(issued.ticket.stored, world.clock.now(), **changed)
    world.exchange.tickets.store.renew(fresh)
    world.exchange.reconsider()
    assert not world.exchange.tickets.renew(issued.ticket, world.clock.now())
    again = world.exchange.tickets.reissue(issued.ticket, world.clock.now())
    assert again is not None
    assert again.ticket is issued.ticket
    assert issued.ticket.stored is fresh
    await world.exchange.close()


@in_virtual_time
async def test_a_ticket_charges_nobody_whose_budget_is_forgotten():
    world = World()
    limiter = RateLimiter(capacity=1)
    issued = await world.begin(limiter=limiter, limits=ExchangeLimits(limit_mode=LimitMode.ENFORCE))
    now = world.clock.now()
    world.use(issued)
    limiter.charge(Budget.REQUESTS, b"another", "another", now)
    assert issued.ticket.use(now.boot_seconds, now.wall_seconds) is None
    await world.exchange.close()


@in_virtual_time
async def test_tickets_of_one_token_in_one_vault_share_their_terms_and_others_do_not():
    world = World()
    issued = await world.begin()
    await world.exchange.handle(request(1), None)
    other = world.exchange.tickets.issue(request(1), world.clock.now())
    assert world.exchange.tickets.renew(issued.ticket, world.clock.now())
    assert issued.ticket._terms is other.ticket._terms
    world.exchange.reconsider()
    assert world.exchange.tickets.renew(other.ticket, world.clock.now())
    assert issued.ticket._terms is not other.ticket._terms
    await world.exchange.close()


@in_virtual_time
async def test_terms_go_with_the_last_ticket_that_agrees_in_them():
    world = World()
    issued = await world.begin()
    terms = weakref.ref(issued.ticket._terms)
    world.use(issued)
    world.exchange.repeats.tell()
    await asyncio.sleep(1.0)
    assert terms() is not None
    del issued
    assert terms() is None
    await world.exchange.close()


@in_virtual_time
async def test_a_ticket_holds_until_its_response_is_stale_or_another_is_stored_and_no_longer():
    world = World()
    issued = await world.begin()
    ticket, tickets = issued.ticket, world.exchange.tickets
    known = ticket.stored.receipt
    # Stale before its lease ends.
    older = replace(known, age_zero_boot_seconds=known.age_zero_boot_seconds - 30.0)
    tickets.store.renew(replace(ticket.stored, receipt=older))
    assert ticket.still_holds(world.clock.now())
    ticket.outdate()
    assert not ticket.still_holds(world.clock.now())
    assert ticket.use(world.clock.now().boot_seconds, world.clock.now().wall_seconds) is None
    assert tickets.renew(ticket, world.clock.now())
    await asyncio.sleep(ticket.stored.ttl_seconds(world.clock.now()) - 0.01)
    assert ticket.still_holds(world.clock.now())
    await asyncio.sleep(0.02)
    now = world.clock.now()
    assert not ticket.still_holds(now)
    assert ticket.use(now.boot_seconds, now.wall_seconds) is None
    assert not tickets.renew(ticket, now)
    await world.exchange.close()
