"""Requests that no client waits for: what the profile foresees is sent, a few at a time, and learnt from.

Each is a read like any other (a flight that clients may join), so everything that holds for reads holds here. The
prober's own task exists only while there is something to wait for: an idle sidecar has none.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Generic

from proxy.caching.background import BackgroundT, Foresight
from proxy.caching.profile import FindingT, Profile, SubjectT
from proxy.clock import Clock
from proxy.exchange.events import BackgroundFinished, BackgroundOutcome
from proxy.exchange.landing import Landed, Landing, Lost, Overflowing
from proxy.exchange.ports import Observer
from proxy.exchange.reader import Reader
from proxy.exchange.spans import NO_TRACING, SpanName, Tracing, attributes_of
from proxy.semantics.trace_context import TraceContext

_AT_ONCE = 4
"""Background requests at one time: clients come first."""


class Prober(Generic[SubjectT, FindingT, BackgroundT]):
    """Owns all background requests."""

    def __init__(
        self,
        *,
        profile: Profile[SubjectT, FindingT],
        foresight: Foresight[BackgroundT],
        reader: Reader[SubjectT, FindingT],
        clock: Clock,
        observer: Observer,
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self._profile = profile
        self._foresight = foresight
        self._reader = reader
        self._clock = clock
        self._observer = observer
        self._tracing = tracing
        self._cause: TraceContext | None = None  # the last one whose trace is kept
        self._hurried = asyncio.Event()
        self._is_full = False  # more may be due than there was room for
        self._watching: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    def wake(self, cause: TraceContext | None = None) -> None:
        """See to it that somebody waits for what comes due, and for no longer than that; `cause` is why."""
        self._cause = cause or self._cause
        if self._watching is None or self._watching.done():
            self._watching = asyncio.get_running_loop().create_task(self._watch())
        elif self._foresight.is_sooner:
            self._hurried.set()

    def rest(self) -> None:
        """Give up everything, until somebody wakes us again."""
        for task in self._tasks():
            task.cancel()

    async def close(self) -> None:
        """Give up everything and wait until it has ended."""
        self.rest()
        await asyncio.gather(*self._tasks(), return_exceptions=True)

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [*self._under_way, *([] if self._watching is None else [self._watching])]

    async def _watch(self) -> None:
        while (wait_seconds := self._foresight.background_wait_seconds(self._clock.now())) is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_seconds):
                    await self._hurried.wait()
            self._hurried.clear()
            room = _AT_ONCE - len(self._under_way)
            due = self._foresight.background_due(self._clock.now(), room)
            self._is_full = len(due) == room
            for background in due:
                task = asyncio.get_running_loop().create_task(self._perform(background))
                self._under_way.add(task)
                task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if self._is_full:
            self._hurried.set()

    async def _perform(self, background: BackgroundT) -> None:
        landing: Landing | None = None
        subject = self._profile.subject(background.request, self._clock.now())
        cause, self._cause = self._cause, None
        try:
            with self._tracing.follow_up(SpanName.BACKGROUND, cause) as span:
                span.note({"connect_sidecar.cause": background.cause})
                span.note(attributes_of(subject.about))
                request = replace(background.request, trace=span.context)
                landing = await self._reader.fetch(subject, request)
        finally:
            self._foresight.background_ended(
                background, self._clock.now(), is_too_large=isinstance(landing, Overflowing)
            )
        self._observer.notify(
            BackgroundFinished(
                cause=background.cause.value,
                outcome=_outcome(landing),
                resource=subject.resource,
                token=subject.partition_label,
                token_id=subject.credential_id,
                about=subject.about,
                at=self._clock.now(),
            )
        )
        self.wake()


def _outcome(landing: Landing) -> BackgroundOutcome:
    match landing:
        case Landed():
            is_success = landing.response.status == 200
            return BackgroundOutcome.DONE if is_success else BackgroundOutcome.REFUSED
        case Overflowing():
            return BackgroundOutcome.TOO_LARGE
        case Lost():
            return BackgroundOutcome.FAILED
