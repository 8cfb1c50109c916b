"""Request collapsing: one upstream request answers everyone who asked for the same thing meanwhile.

A flight is a task owned by this table, never by a client: whoever leaves, it goes on, and followers wake the
moment it lands. Nobody joins a flight of an older generation, so a read that starts after a write never gets
what was fetched before it. There is no await between look-up and join.
"""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from proxy.caching.key import CacheKey
from proxy.semantics.trace_context import TraceContext


class Arrival(Protocol):
    """How a flight ended; it may hold something which somebody must take or let go."""

    @property
    def is_answer(self) -> bool:
        """Whether the upstream answered."""
        ...

    def abandon(self) -> None:
        """Let go of what nobody took. Idempotent."""
        ...


LandingT = TypeVar("LandingT", bound=Arrival)


class Flight(Generic[LandingT]):
    """One upstream request under way.

    `head_seen` is set by the task when the upstream's head has arrived, `trace` when a trace is kept of it.
    """

    __slots__ = ("_is_open", "aboard", "generation", "head_seen", "is_superseded", "number", "task", "trace")

    def __init__(self, generation: int, number: int) -> None:
        self.generation = generation
        self.number = number
        self.head_seen = False
        self.trace: TraceContext | None = None
        self.is_superseded = False
        self.aboard = 0
        self.task: asyncio.Task[LandingT] | None = None
        self._is_open = True

    def close(self) -> None:
        """Take no more followers."""
        self._is_open = False

    def supersede(self) -> None:
        """Note that a later request for the same thing has been answered: what comes here is old."""
        self.is_superseded = True
        self.close()

    def takes_followers(self, generation: int) -> bool:
        """Tell whether a request of `generation` may wait for this flight."""
        landed = self.task is not None and self.task.done()
        return self._is_open and self.generation == generation and not landed

    def abandon_if_empty(self) -> None:
        """Let go of the landing once nobody is left who could take it."""
        task = self.task
        if self.aboard or task is None or not task.done() or task.cancelled() or task.exception() is not None:
            return
        task.result().abandon()


class Boarding(Generic[LandingT]):
    """A client's place in a flight, held with `with`: who is last to leave lets go of what nobody took.

    `is_early` means that the place was taken before the upstream's head had arrived.
    """

    __slots__ = ("_flight", "is_early", "is_leader")

    def __init__(self, flight: Flight[LandingT], *, is_leader: bool) -> None:
        self._flight = flight
        self.is_leader = is_leader
        self.is_early = not flight.head_seen

    def __enter__(self) -> Self:
        self._flight.aboard += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._flight.aboard -= 1
        self._flight.abandon_if_empty()

    @property
    def trace(self) -> TraceContext | None:
        """The span of the flight, once it has taken off."""
        return self._flight.trace

    async def landing(self) -> LandingT:
        """Wait for the flight's outcome. Cancelling the wait leaves the flight alone."""
        task = await self._wait(None)
        return task.result()

    async def landing_before(self, deadline: float) -> LandingT | None:
        """Wait for the flight's outcome until then (the loop's time); None if it hasn't landed."""
        task = await self._wait(deadline)
        return task.result() if task.done() else None

    async def _wait(self, deadline: float | None) -> "asyncio.Task[LandingT]":
        """Wait with one future and one timer: `asyncio.timeout_at` and `asyncio.shield` take three times as long."""
        task = self._flight.task
        assert task is not None
        loop = task.get_loop()
        waiter: asyncio.Future[None] = loop.create_future()

        def wake(_: object = None) -> None:
            if not waiter.done():
                waiter.set_result(None)

        task.add_done_callback(wake)
        timer = None if deadline is None else loop.call_at(deadline, wake)
        try:
            await waiter
        finally:
            task.remove_done_callback(wake)
            if timer is not None:
                timer.cancel()
        return task


Fly = Callable[[Flight[LandingT]], Awaitable[LandingT]]


class Flights(Generic[LandingT]):
    """All flights under way, at most one open one per key."""

    def __init__(self) -> None:
        self._open: dict[CacheKey, Flight[LandingT]] = {}
        self._tasks: set[asyncio.Task[LandingT]] = set()
        self._departures = 0

    def __len__(self) -> int:
        return len(self._tasks)

    def join(self, key: CacheKey, generation: int, fly: Fly[LandingT]) -> Boarding[LandingT]:
        """Join the flight of `key` and `generation`, or lead a new one that others may join."""
        flight = self._open.get(key)
        if flight is not None and flight.takes_followers(generation):
            return Boarding(flight, is_leader=False)
        flight = self._start(key, generation, fly)
        self._open[key] = flight
        return Boarding(flight, is_leader=True)

    def lead_alone(self, key: CacheKey, generation: int, fly: Fly[LandingT]) -> Boarding[LandingT]:
        """Start a flight that nobody else can join."""
        return Boarding(self._start(key, generation, fly), is_leader=True)

    def is_under_way(self, key: CacheKey, generation: int) -> bool:
        """Tell whether a request of `generation` would find a flight to join."""
        flight = self._open.get(key)
        return flight is not None and flight.takes_followers(generation)

    async def cancel_all(self) -> None:
        """Give up all flights and wait until they have ended."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, key: CacheKey, generation: int, fly: Fly[LandingT]) -> Flight[LandingT]:
        self._departures += 1
        flight: Flight[LandingT] = Flight(generation, self._departures)

        async def run() -> LandingT:
            landing = await fly(flight)
            if landing.is_answer:
                # Before anyone wakes: who asks from now on must not get less than these clients got.
                self._supersede_older(key, flight)
            return landing

        task = asyncio.get_running_loop().create_task(run())
        flight.task = task
        self._tasks.add(task)
        task.add_done_callback(lambda _: self._landed(key, flight))
        return flight

    def _supersede_older(self, key: CacheKey, flight: Flight[LandingT]) -> None:
        listed = self._open.get(key)
        if listed is not None and listed.number < flight.number:
            listed.supersede()

    def _landed(self, key: CacheKey, flight: Flight[LandingT]) -> None:
        task = flight.task
        assert task is not None
        self._tasks.discard(task)
        if self._open.get(key) is flight:
            del self._open[key]
        flight.abandon_if_empty()
