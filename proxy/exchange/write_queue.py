"""Turns: writes to one vault go one at a time, because two at once conflict inside Connect (facts.md 4.2).

A lane is a vault. Tokens with waiting writes take turns in it, and a token's own writes keep their order. Who leaves
while waiting is forgotten; a turn is never lost: whoever gives it back hands it on.
"""

import asyncio

from proxy.admission.round_robin import RoundRobin
from proxy.caching.key import Tag

_Waiter = asyncio.Future[None]
_Lane = RoundRobin[bytes, _Waiter]


class Turn:
    """The right to write in a lane until it is given back."""

    __slots__ = ("_lane", "_queue")

    def __init__(self, queue: "WriteQueue", lane: Tag) -> None:
        self._queue: WriteQueue | None = queue
        self._lane = lane

    def give_back(self) -> None:
        """Let the next one write. Idempotent."""
        queue, self._queue = self._queue, None
        if queue is not None:
            queue.hand_on(self._lane)


class WriteQueue:
    """All lanes in which somebody writes. At most `most_waiting` wait in one of them, each for `wait_seconds`."""

    def __init__(self, *, wait_seconds: float, most_waiting: int = 256) -> None:
        self._wait_seconds = wait_seconds
        self._most_waiting = most_waiting
        self._lanes: dict[Tag, _Lane] = {}
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many writes wait for their turn, in all lanes."""
        return self._waiting

    @property
    def lanes(self) -> int:
        """In how many lanes somebody writes."""
        return len(self._lanes)

    async def take_turn(self, lane: Tag, partition: bytes) -> Turn | None:
        """Wait for a turn; None if it doesn't come in time. Cancelling the wait gives up the place."""
        known = self._lanes.get(lane)
        if known is None:
            self._lanes[lane] = RoundRobin()
            return Turn(self, lane)
        if len(known) >= self._most_waiting:
            return None
        waiter: _Waiter = asyncio.get_running_loop().create_future()
        known.add(partition, waiter)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_seconds):
                await waiter
        except BaseException as fault:
            if waiter.done() and not waiter.cancelled():
                self.hand_on(lane)  # the turn came in the moment of leaving
            else:
                known.remove(partition, waiter)
            if isinstance(fault, TimeoutError):
                return None
            raise
        finally:
            self._waiting -= 1
        return Turn(self, lane)

    def hand_on(self, lane: Tag) -> None:
        """Give the turn in a lane to the next one; close the lane if nobody waits."""
        while (taken := self._lanes[lane].take()) is not None:
            _, waiter = taken
            if not waiter.done():
                waiter.set_result(None)
                return
        del self._lanes[lane]
