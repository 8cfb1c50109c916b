"""How late the event loop is: a timer each second, and by how much it was overdue, the most in the last minute.

A loop that something blocks answers nobody meanwhile, and nothing else would show it. A stall counts from when the
timer was due: one that keeps recurring shows soon, a single short one may fall between two looks.
"""

import asyncio

from proxy.windows import Greatest

_EVERY_SECONDS = 1.0
_WINDOW_SECONDS = 60.0


class EventLoopLag:
    """Watches the loop it was begun in, until it is ended."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._greatest = Greatest(_WINDOW_SECONDS)

    @property
    def lag_seconds(self) -> float:
        """The greatest lag of the last minute; what is overdue at this moment counts already."""
        if self._loop is None or self._timer is None:
            return 0.0
        now_seconds = self._loop.time()
        return max(now_seconds - self._timer.when(), self._greatest.read(now_seconds) or 0.0, 0.0)

    def begin(self) -> None:
        """Start to watch the running loop."""
        self._loop = asyncio.get_running_loop()
        self._wait(self._loop)

    def end(self) -> None:
        """Stop."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        due_seconds = loop.time() + _EVERY_SECONDS
        self._timer = loop.call_at(due_seconds, self._woken, loop, due_seconds)

    def _woken(self, loop: asyncio.AbstractEventLoop, due_seconds: float) -> None:
        now_seconds = loop.time()
        self._greatest.note(max(0.0, now_seconds - due_seconds), now_seconds)
        self._wait(loop)
