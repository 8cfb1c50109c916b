"""Slots: so many at one time, and whoever must wait for one does so in turn, for so long and in such numbers.

Parties take turns, and one party never holds all slots: a slow upstream would else belong to whoever asks most. A slot
is never lost: whoever gives it back, or leaves in the moment of getting it, hands it on.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from proxy.admission.round_robin import RoundRobin

_Waiter = asyncio.Future[None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotLimits:
    """`most` at one time and `most_per_party`; `most_waiting` wait for at most `wait_seconds`."""

    most: int
    most_per_party: int
    most_waiting: int = 1024
    wait_seconds: float = 3.0


def _at_once(_party: str) -> float:
    return 0.0


class Slots:
    """Slots of one kind. `pause_seconds` tells for how long a party must pause, whether or not there are slots."""

    def __init__(self, limits: SlotLimits, pause_seconds: Callable[[str], float] = _at_once) -> None:
        self.limits = limits
        """May change: slots beyond a smaller bound are not handed on."""
        self._pause_seconds = pause_seconds
        self._held: Counter[str] = Counter()
        self._in_use = 0
        self._waiting: RoundRobin[str, _Waiter] = RoundRobin()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def in_use(self) -> int:
        """How many are held."""
        return self._in_use

    @property
    def waiting(self) -> int:
        """How many wait for one."""
        return len(self._waiting)

    def take_free(self, party: str) -> bool:
        """Take a slot at once, if there is one and nobody is before. It must be given back."""
        if (self._waiting and party in self._waiting) or not self._may_go(party):
            return False
        self._hold(party)
        return True

    async def take(self, party: str) -> bool:
        """Wait for a slot; False if there is none in time, or too many wait. It must be given back."""
        if self.take_free(party):
            return True
        if len(self._waiting) >= self.limits.most_waiting:
            return False
        waiter: _Waiter = asyncio.get_running_loop().create_future()
        self._waiting.add(party, waiter)
        self._watch_pauses()
        try:
            async with asyncio.timeout(self.limits.wait_seconds):
                await waiter
        except BaseException as fault:
            if waiter.done() and not waiter.cancelled():
                self.give_back(party)  # it came in the moment of leaving
            else:
                self._waiting.remove(party, waiter)
            if isinstance(fault, TimeoutError):
                return False
            raise
        return True

    def give_back(self, party: str) -> None:
        """Let the next one have it."""
        self._in_use -= 1
        self._held[party] -= 1
        if not self._held[party]:
            del self._held[party]
        if self._waiting:
            self._hand_on()

    def _may_go(self, party: str) -> bool:
        limits = self.limits
        is_free = self._in_use < limits.most and self._held.get(party, 0) < limits.most_per_party
        return is_free and self._pause_seconds(party) <= 0

    def _hold(self, party: str) -> None:
        self._in_use += 1
        self._held[party] += 1

    def _hand_on(self) -> None:
        while self._in_use < self.limits.most:
            taken = self._waiting.take(self._may_go)
            if taken is None:
                break
            party, waiter = taken
            if not waiter.done():
                self._hold(party)
                waiter.set_result(None)
        self._watch_pauses()

    def _watch_pauses(self) -> None:
        """See to it that who only waits for the end of a pause is not forgotten."""
        if self._timer is not None or not self._waiting or self._in_use >= self.limits.most:
            return
        pauses = [seconds for party in self._waiting if (seconds := self._pause_seconds(party)) > 0]
        if pauses:
            self._timer = asyncio.get_running_loop().call_later(min(pauses), self._pause_ended)

    def _pause_ended(self) -> None:
        self._timer = None
        self._hand_on()
