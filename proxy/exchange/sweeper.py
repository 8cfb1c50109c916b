"""What may wait is done in pieces, and everybody has a turn in between: what a large removal has left, say."""

import asyncio
from collections.abc import Callable


class Sweeper:
    """Owns the task that sweeps; `sweep` does away with one piece and tells whether more is left."""

    def __init__(self, sweep: Callable[[], bool]) -> None:
        self._sweep = sweep
        self._sweeping: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Begin, if it isn't under way."""
        if self._sweeping is None or self._sweeping.done():
            self._sweeping = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Leave what is left: the process ends."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)

    async def _run(self) -> None:
        is_left = True
        while is_left:
            await asyncio.sleep(0)  # whoever removed it goes on first
            is_left = self._sweep()
