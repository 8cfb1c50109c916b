"""The sweeper: one piece a turn, everybody else in between, and an end with its owner."""

import asyncio

from proxy.exchange.sweeper import Sweeper


class Pieces:
    """So many pieces, and the turn of the loop at which each went."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.turn = 0
        self.swept_at: list[int] = []
        self.is_clean = asyncio.Event()

    def sweep(self) -> bool:
        self.left -= 1
        self.swept_at.append(self.turn)
        if not self.left:
            self.is_clean.set()
        return self.left > 0

    async def count_turns(self) -> None:
        while not self.is_clean.is_set():
            self.turn += 1
            await asyncio.sleep(0)


async def test_one_piece_is_swept_in_a_turn_and_others_have_theirs_in_between():
    pieces = Pieces(5)
    sweeper = Sweeper(pieces.sweep)
    sweeper.wake()
    sweeper.wake()
    await pieces.count_turns()
    assert len(pieces.swept_at) == len(set(pieces.swept_at)) == 5
    await sweeper.close()


async def test_it_is_woken_again():
    pieces = Pieces(2)
    sweeper = Sweeper(pieces.sweep)
    for _ in range(2):
        sweeper.wake()
        await pieces.is_clean.wait()
        await asyncio.sleep(0)
        pieces.left = 2
        pieces.is_clean.clear()
    assert len(pieces.swept_at) == 4


async def test_it_ends_with_its_owner():
    pieces = Pieces(10**9)
    sweeper = Sweeper(pieces.sweep)
    sweeper.wake()
    while len(pieces.swept_at) < 3:
        await asyncio.sleep(0)
    await sweeper.close()
    swept = len(pieces.swept_at)
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(pieces.swept_at) == swept


async def test_one_that_never_woke_ends_too():
    await Sweeper(lambda: False).close()
