"""The upstream as many share it: known tokens never wait for unknown ones, and guesses are paid for by refusals."""

import asyncio

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.admission.refusal_budgets import RefusalBudgets
from proxy.admission.token_bucket import Limit
from proxy.errors import ErrorKind, UpstreamError
from proxy.exchange.ports import UpstreamRequest
from proxy.exchange.shared_upstream import SharedUpstream
from proxy.exchange.slots import SlotLimits
from proxy.semantics.message import ResponseHead
from tests.support.virtual_time import VirtualClock, run_in_virtual_time

NO_FIELDS = CIMultiDictProxy(CIMultiDict())


class _Answer:
    content_length_bytes = 0

    def __init__(self, status):
        self.head = ResponseHead(status=status, reason="", fields=NO_FIELDS)

    def close(self):
        pass


class Connect:
    """Answers after a tenth of a second: 200 to valid tokens, 401 to others; `log` has the tokens in order."""

    def __init__(self, valid):
        self.valid, self.log, self.under_way, self.most = valid, [], 0, 0
        self.fault = None

    async def send(self, request):
        self.log.append(request.partition)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(0.1)
        finally:
            self.under_way -= 1
        if self.fault is not None:
            raise self.fault
        return _Answer(200 if request.partition in self.valid else 401)


class World:
    def __init__(self, valid=frozenset(), known=frozenset()):
        self.connect = Connect(valid)
        self.known = set(known)
        self.shared = SharedUpstream(
            self.connect,
            known=SlotLimits(most=4, most_per_party=3),
            unknown=SlotLimits(most=2, most_per_party=2),
            budgets=RefusalBudgets(per_party=Limit.of(2, 5), overall=Limit.of(10, 50)),
            is_known=self.known.__contains__,
            clock=VirtualClock(asyncio.get_running_loop()),
        )

    async def ask(self, token, peer="10.0.0.1"):
        request = UpstreamRequest(
            method="GET", target="/v1/vaults", fields=NO_FIELDS, partition=token, peer=peer
        )
        try:
            answer = await self.shared.send(request)
        except UpstreamError as error:
            return error.kind
        if answer.head.status == 200:
            self.known.add(token)
        return answer.head.status


def play(scene, **world):
    async def run():
        return await scene(World(**world))

    return run_in_virtual_time(run())


def seconds():
    return asyncio.get_running_loop().time() - 1_000.0


def test_a_known_token_is_served_at_once_while_guesses_wait():
    async def scene(world):
        guesses = [asyncio.create_task(world.ask(b"guess%d" % number)) for number in range(200)]
        await asyncio.sleep(1)
        began = seconds()
        assert await world.ask(b"known") == 200
        assert seconds() - began == pytest.approx(0.1)
        results = await asyncio.gather(*guesses)
        assert set(results) == {401, ErrorKind.CONNECTION_LIMIT_REACHED}
        assert world.connect.most <= 3, "two guesses and the known one"

    play(scene, valid=frozenset({b"known"}), known={b"known"})


def test_guesses_are_bounded_by_refusals_and_not_by_successes():
    async def scene(world):
        results = await asyncio.gather(*(world.ask(b"guess%d" % number) for number in range(200)))
        refused = results.count(401)
        assert 5 <= refused <= 5 + 2 * 3 + 2, "the burst, what three seconds refill, what was under way"
        assert seconds() == pytest.approx(3, abs=0.2), "the others waited for so long, and no longer"

    play(scene)

    async def valid(world):
        results = await asyncio.gather(*(world.ask(b"valid%d" % number) for number in range(50)))
        assert set(results) == {200}

    play(valid, valid=frozenset(b"valid%d" % number for number in range(50)))


def test_three_hundred_valid_tokens_start_beside_a_guesser_with_the_same_address():
    tokens = [b"valid%d" % number for number in range(300)]

    async def scene(world):
        world.shared = SharedUpstream(
            world.connect,
            known=SlotLimits(most=56, most_per_party=42),
            unknown=SlotLimits(most=8, most_per_party=8, wait_seconds=30),
            budgets=RefusalBudgets(),
            is_known=world.known.__contains__,
            clock=VirtualClock(asyncio.get_running_loop()),
        )
        stop = asyncio.Event()

        async def guess(number):
            while not stop.is_set():
                await world.ask(b"guess%d.%f" % (number, seconds()))

        guessers = [asyncio.create_task(guess(number)) for number in range(20)]
        results = await asyncio.gather(*(world.ask(token) for token in tokens))
        stop.set()
        await asyncio.gather(*guessers)
        return results

    assert set(play(scene, valid=frozenset(tokens))) == {200}


def test_peers_take_turns_so_that_a_guesser_holds_up_only_its_own():
    async def scene(world):
        guesses = [asyncio.create_task(world.ask(b"guess%d" % number)) for number in range(40)]
        await asyncio.sleep(0.05)
        began = seconds()
        assert await world.ask(b"new", peer="10.0.0.2") == 200
        assert seconds() - began <= 0.2, "the next turn is the other peer's"
        for guess in guesses:
            guess.cancel()
        await asyncio.gather(*guesses, return_exceptions=True)

    play(scene, valid=frozenset({b"new"}))


def test_our_own_requests_are_never_taken_for_a_strangers():
    async def scene(world):
        for _ in range(3):
            await asyncio.gather(*(world.ask(b"guess") for _ in range(2)))
        began = seconds()
        await world.ask(b"", peer="")
        assert seconds() - began == pytest.approx(0.1)

    play(scene)


def test_a_request_that_fails_gives_its_slot_back():
    async def scene(world):
        world.connect.fault = UpstreamError(ErrorKind.CONNECTION_REFUSED, sent=False)
        for _ in range(5):
            assert await world.ask(b"known") is ErrorKind.CONNECTION_REFUSED
        world.connect.fault = None
        assert (world.shared.known.in_use, world.shared.unknown.in_use) == (0, 0)
        assert await asyncio.gather(*(world.ask(b"known") for _ in range(4))) == [200] * 4

    play(scene, valid=frozenset({b"known"}), known={b"known"})
