"""An event loop whose time passes only when nothing is left to do: hours cost microseconds, order is exact."""

import asyncio
import inspect
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from proxy.clock import Instant


class _TimeTravel(selectors.SelectSelector):
    """A selector that advances the clock instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0

    def select(self, timeout: float | None = None):
        events = super().select(0)
        if events or timeout == 0:
            return events
        if timeout is None:
            raise RuntimeError("deadlock: nothing is scheduled and nobody is ready")
        self.now += timeout
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """asyncio's own loop on virtual time."""

    def __init__(self) -> None:
        self._travel = _TimeTravel()
        super().__init__(self._travel)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._travel.now


class VirtualClock:
    """The loop's virtual time as `proxy.clock.Clock`; `wall_offset_seconds` may be stepped by a test."""

    EPOCH_SECONDS = 1_790_000_000.0

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.wall_offset_seconds = 0.0

    def now(self) -> Instant:
        boot = self._loop.time()
        return Instant(wall_seconds=self.EPOCH_SECONDS + boot + self.wall_offset_seconds, boot_seconds=boot)


T = TypeVar("T")


def run_in_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` on a fresh virtual loop and close it; tasks left over are cancelled."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


def in_virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Let a test that is a coroutine run on a virtual loop of its own."""

    def run(**parameters: Any) -> None:
        run_in_virtual_time(test(**parameters))

    run.__name__, run.__doc__, run.__module__ = test.__name__, test.__doc__, test.__module__
    run.__signature__ = inspect.signature(test)  # type: ignore[attr-defined]  # pytest reads parameters from it
    return run
