"""From start to stop: what opens when, and how a termination signal is obeyed.

First signal: not ready any more, but new connections are served for `drain_delay_seconds`, because load
balancers learn late, and on while a neighbour wants us: an application in the same pod hears its SIGTERM when we
hear ours, and may need a secret to end well. Then listeners close and what is under way may end. Whoever asks to
`quit` knows that nobody will come: no waiting for late-comers. A second signal ends it at once. Fronts and background
work are injected; the clock is the event loop's.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

_LOOK_SECONDS = (
    0.25  # between two looks for neighbours: short beside a pod's end, rare enough to cost nothing
)


class Phase(StrEnum):
    """Where in its life the service is."""

    STARTING = "starting"
    SERVING = "serving"
    DRAINING = "draining"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainSettings:
    """`server.drain_*`. The time spent on neighbours is a part of `drain_timeout_seconds`: the sum stays as it is."""

    drain_delay_seconds: float = 5.0
    drain_neighbour_seconds: float = 15.0
    drain_timeout_seconds: float = (
        20.0  # longer than a write may take, with the delay shorter than Kubernetes' 30
    )


class Listening(Protocol):
    """A front, as far as its life goes."""

    async def open(self) -> None: ...

    def begin_drain(self) -> None: ...

    def begin_keeping_neighbours(self) -> None: ...

    def has_neighbour(self, quiet_seconds: float) -> bool: ...

    def close_listeners(self) -> None: ...

    async def finish(self, hurry: asyncio.Event, deadline_seconds: float) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is opened and closed: `traffic` drains first, `operator` (observe, control) answers to the end.

    `stop_background` is called once no client is left.
    """

    traffic: Sequence[Listening]
    operator: Sequence[Listening]
    stop_background: Callable[[], Awaitable[None]]


class Lifecycle:
    """One run of the service. `on_phase` hears of every change, in order."""

    def __init__(self, *, settings: DrainSettings, on_phase: Callable[[Phase], None] | None = None) -> None:
        self._settings = settings
        self._on_phase = on_phase
        self._stop = asyncio.Event()
        self._nobody_comes = asyncio.Event()
        self._hurry = asyncio.Event()
        self.phase = Phase.STARTING

    def is_ready(self) -> bool:
        """Whether new traffic is welcome."""
        return self.phase is Phase.SERVING

    def request_stop(self) -> None:
        """Ask for a drain; asked again, for the end."""
        if self._stop.is_set():
            self._nobody_comes.set()
            self._hurry.set()
        self._stop.set()

    def quit(self) -> None:
        """Ask for a drain without the wait for late-comers: what is under way ends, then we do."""
        self._nobody_comes.set()
        self._stop.set()

    async def run(self, parts: Parts) -> None:
        """Open everything, serve until asked to stop, drain. Raises ListenError with all closed again."""
        fronts = [*parts.operator, *parts.traffic]
        try:
            for front in fronts:
                await front.open()
            self._enter(Phase.SERVING)
            await self._stop.wait()
            self._enter(Phase.DRAINING)
            await self._drain(parts)
        finally:
            for front in fronts:
                front.close_listeners()
            await parts.stop_background()
            self._hurry.set()
            await self._finish(parts.operator, self._settings.drain_timeout_seconds)
            self._enter(Phase.STOPPED)

    @contextmanager
    def obeying_signals(self, on_hang_up: Callable[[], object] = lambda: None) -> Iterator[None]:
        """Let SIGTERM and SIGINT ask for the stop inside the block; SIGHUP ends nothing."""
        loop = asyncio.get_running_loop()
        heard = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        for number in heard:
            loop.add_signal_handler(number, on_hang_up if number is signal.SIGHUP else self.request_stop)
        try:
            yield
        finally:
            for number in heard:
                loop.remove_signal_handler(number)

    async def _drain(self, parts: Parts) -> None:
        settings = self._settings
        for front in parts.traffic:
            if settings.drain_neighbour_seconds:
                front.begin_keeping_neighbours()
            else:
                front.begin_drain()
        await wait_at_most(self._nobody_comes, settings.drain_delay_seconds)
        began = asyncio.get_running_loop().time()
        most = min(settings.drain_neighbour_seconds, settings.drain_timeout_seconds)
        await self._serve_neighbours(parts.traffic, began + most)
        for front in parts.traffic:
            front.close_listeners()
        spent = asyncio.get_running_loop().time() - began
        await self._finish(parts.traffic, settings.drain_timeout_seconds - spent)

    async def _serve_neighbours(self, fronts: Sequence[Listening], until: float) -> None:
        quiet_seconds = self._settings.drain_delay_seconds
        while any(front.has_neighbour(quiet_seconds) for front in fronts):
            left = until - asyncio.get_running_loop().time()
            if left <= 0 or await wait_at_most(self._nobody_comes, min(left, _LOOK_SECONDS)):
                return

    async def _finish(self, fronts: Sequence[Listening], seconds: float) -> None:
        await asyncio.gather(*(front.finish(self._hurry, seconds) for front in fronts))

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        if self._on_phase is not None:
            self._on_phase(phase)


async def wait_at_most(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, but no longer than `seconds`; tell whether it came."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
