"""Bodies that pass through without being kept, and the bound on how many of one large thing pass at a time."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from proxy.caching.key import CacheKey
from proxy.exchange.ports import UpstreamResponse


class RelayedBody:
    """The stream of an upstream answer on its way to one client; `on_end` is called once, whatever happens."""

    def __init__(self, answer: UpstreamResponse, on_end: Callable[[], None] | None = None) -> None:
        self._answer = answer
        self._on_end = on_end

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._answer:
                yield chunk
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Let go of the upstream. Idempotent."""
        self._answer.close()
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end()


class LargeResponses:
    """How many answers of one key, too large to collect, pass at a time; the other clients wait their turn."""

    def __init__(self, most_per_key: int) -> None:
        self._most_per_key = most_per_key
        self._turns: dict[CacheKey, _Turns] = {}

    def is_busy(self, key: CacheKey) -> bool:
        """Tell whether large answers of this key are on their way, so that collapsing would be in vain."""
        return key in self._turns

    def occupy(self, key: CacheKey) -> Callable[[], None]:
        """Take a turn at once, beyond the bound if need be; return what gives it back."""
        turns = self._turns.setdefault(key, _Turns())
        turns.passing += 1
        return lambda: self._give_back(key, turns)

    async def acquire(self, key: CacheKey) -> Callable[[], None]:
        """Wait for a turn, first come first served; return what gives it back."""
        turns = self._turns.setdefault(key, _Turns())
        if turns.passing < self._most_per_key and not turns.waiting:
            return self.occupy(key)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        turns.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give_back(key, turns)  # the turn came together with the cancellation
            else:
                with suppress(ValueError):  # it may just have been passed over
                    turns.waiting.remove(turn)
            raise
        return lambda: self._give_back(key, turns)

    def _give_back(self, key: CacheKey, turns: "_Turns") -> None:
        turns.passing -= 1
        while turns.waiting and turns.passing < self._most_per_key:
            turn = turns.waiting.popleft()
            if not turn.done():
                turns.passing += 1
                turn.set_result(None)
        if not turns.passing and not turns.waiting:
            self._turns.pop(key, None)


class _Turns:
    """Who passes and who waits under one key."""

    __slots__ = ("passing", "waiting")

    def __init__(self) -> None:
        self.passing = 0
        self.waiting: deque[asyncio.Future[None]] = deque()
