"""Events as lines: what is written, how often, and what changes of state are told.

The loop only renders; a thread writes (`line_writer`). Once a second `tick` tells what ended in silence: intervals in
which lines were left out, and spells of trouble.
"""

import asyncio
import logging
import os
import random
from collections.abc import Callable
from dataclasses import dataclass

from proxy.adapters.logs import library_loggers
from proxy.adapters.logs.exchange_line import QUIET, Share, fields_of, is_outage_answer, kind_of, rank_of
from proxy.adapters.logs.library_loggers import Adopted
from proxy.adapters.logs.line_bound import Kind, LineBound
from proxy.adapters.logs.line_writer import LineWriter, standard_error
from proxy.adapters.logs.logger import Logger
from proxy.adapters.logs.rendering import LogFormat, line_of, renderer_for
from proxy.adapters.logs.spells import Spells, Trouble
from proxy.adapters.logs.words import LogEvent
from proxy.admission.circuit_breaker import BreakerState
from proxy.clock import Clock
from proxy.errors import OURS, ErrorKind
from proxy.exchange.events import (
    Answered,
    Event,
    ExchangeFinished,
    ExpressLaneLeft,
    Invalidated,
    Limited,
    ModeChanged,
    PinMoved,
    Purged,
    Reloaded,
    ReloadOutcome,
    UpstreamAnswered,
    UpstreamStateChanged,
    WouldBeHit,
)

_TICK_SECONDS = 1.0
_STALE = Trouble(begins=LogEvent.STALE, ends=LogEvent.FRESH_AGAIN, is_connects=True)
_FAILING = Trouble(begins=LogEvent.FAILING, ends=LogEvent.WORKING_AGAIN, is_connects=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPolicy:
    """What is written (`log.*`): from which level on, and of how many reads that Connect answered."""

    level: str = "info"
    miss_sample_ratio: float = 0.1

    @property
    def threshold(self) -> int:
        """The level as `logging` numbers it."""
        return logging.getLevelNamesMapping()[self.level.upper()]


class Log:
    """An Observer that writes lines. `draw` gives numbers from 0 to 1 for sampling.

    Sampling is by lot: every tenth of requests that come in turns would always be the same client's.
    """

    def __init__(
        self,
        log_format: LogFormat,
        policy: LogPolicy,
        *,
        clock: Clock,
        descriptor: int | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        descriptor = standard_error() if descriptor is None else descriptor
        self._clock = clock
        self._draw = draw
        self._bound = LineBound()
        self._spells = Spells()
        self._render = renderer_for(log_format, has_colours=os.isatty(descriptor))
        self._writer = LineWriter(
            descriptor,
            lost_line=lambda count: line_of(log_format, "error", LogEvent.LOST, count=count),
        )
        self.adopt(policy)

    def adopt(self, policy: LogPolicy) -> None:
        """Go by another policy from now on, libraries' loggers included."""
        self._threshold = policy.threshold
        self._has_everything = policy.threshold <= logging.DEBUG
        self._miss_sample_ratio = policy.miss_sample_ratio
        self.logger = Logger(self._render, self._writer.write, threshold=policy.threshold)
        library_loggers.adopt(Adopted(self.logger, self._admits), policy.threshold)

    @property
    def has_everything(self) -> bool:
        """Whether every exchange has a line, hits as well."""
        return self._has_everything

    @property
    def lines_lost(self) -> int:
        """Lines that nobody will see, because their reader was too slow or the disk full."""
        return self._writer.lines_lost

    def notify(self, event: Event) -> None:
        """Write the line of an event that is worth one."""
        match event:
            case ExchangeFinished():
                self._exchange(event)
            case UpstreamAnswered():
                if event.status is not None and event.status < 500 and event.status != 408:
                    self._spells.connect_answered()
            case Limited():
                self._limited(event)
            case UpstreamStateChanged():
                self._upstream(event)
            case Reloaded():
                self._reloaded(event)
            case _:
                self._rare(event)

    async def run(self) -> None:
        """Tell what ends in silence, until cancelled."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self.tick()

    def tick(self) -> None:
        """Tell what has ended since."""
        now_seconds = self._clock.now().boot_seconds
        self._tell_left_out(now_seconds)
        for spell in self._spells.ended(now_seconds):
            self.logger.info(
                spell.trouble.ends,
                **dict(spell.trouble.about),
                why=spell.why,
                duration_s=round(spell.duration_seconds, 1),
                count=spell.count,
            )

    def close(self) -> None:
        """Write out everything, within a bound."""
        self._tell_left_out(float("inf"))
        self._writer.close()

    def _exchange(self, event: ExchangeFinished) -> None:
        if event.cache in QUIET and event.status < 400 and not self._has_everything:
            return
        if is_outage_answer(event):
            self._trouble(_STALE, event.why)
        elif event.cache is Answered.FAILED and isinstance(event.why, ErrorKind) and event.why not in OURS:
            self._trouble(_FAILING, event.why)
        rank = rank_of(event)
        if rank.level >= self._threshold and (self._has_everything or self._is_shown(event, rank.share)):
            self.logger.log(rank.level, LogEvent.EXCHANGE, **fields_of(event))

    def _is_shown(self, event: ExchangeFinished, share: Share) -> bool:
        match share:
            case Share.ALL:
                return True
            case Share.BOUNDED:
                return self._admits(kind_of(event))
            case Share.SAMPLED:
                return self._draw() < self._miss_sample_ratio
            case Share.NONE:
                return False

    def _admits(self, kind: Kind) -> bool:
        return self._bound.admits(kind, self._clock.now().boot_seconds)

    def _tell_left_out(self, now_seconds: float) -> None:
        for left_out in self._bound.left_out(now_seconds):
            kind = left_out.kind
            self.logger.warning(
                LogEvent.LEFT_OUT,
                of=kind.of,
                token=kind.token,
                resource=kind.resource,
                cache=kind.cache,
                why=kind.why,
                library=kind.library,
                where=kind.where,
                count=left_out.count,
                interval_s=round(self._bound.interval_seconds),
            )

    def _trouble(self, trouble: Trouble, why: str | None = None) -> None:
        """Tell that a spell of trouble begins, if one does."""
        if self._spells.happened(trouble, self._clock.now().boot_seconds, why):
            self.logger.warning(trouble.begins, **dict(trouble.about), why=why)

    def _limited(self, event: Limited) -> None:
        about = (("token", event.token), ("budget", event.budget.value), ("enforced", event.is_enforced))
        self._trouble(
            Trouble(begins=LogEvent.EXCEEDED, ends=LogEvent.KEPT_AGAIN, is_connects=False, about=about)
        )

    def _upstream(self, event: UpstreamStateChanged) -> None:
        """Write one line when an outage begins and one when it ends; the attempts in between are counted only."""
        details = {"endpoint": event.endpoint_number, "why": event.cause, "failed": event.failures}
        if event.state is BreakerState.CLOSED:
            self.logger.info(LogEvent.RECOVERED, **details, outage_s=round(event.outage_seconds, 1))
        elif event.before is BreakerState.CLOSED:
            self.logger.warning(LogEvent.DOWN, **details)

    def _reloaded(self, event: Reloaded) -> None:
        """Write one line that says what became of it, and why."""
        self.logger.log(
            logging.ERROR if event.outcome is ReloadOutcome.REFUSED else logging.INFO,
            LogEvent.RELOADED,
            outcome=event.outcome,
            problems=event.problems or None,
            changed=event.changed or None,
            pending=event.pending or None,
            ignored=event.ignored or None,
        )

    def _rare(self, event: Event) -> None:
        match event:
            case Invalidated() if event.removed:
                self.logger.info(
                    LogEvent.INVALIDATED,
                    resource=event.resource,
                    outcome=event.outcome,
                    removed=event.removed,
                )
            case PinMoved():
                self.logger.warning(LogEvent.SWITCHED, endpoint=event.endpoint_number)
            case ModeChanged():
                self.logger.warning(LogEvent.MODE_CHANGED, before=event.before, mode=event.mode)
            case WouldBeHit() if event.is_wrong:
                self.logger.info(LogEvent.WOULD_BE_WRONG, resource=event.resource)
            case ExpressLaneLeft():
                self.logger.error(LogEvent.LANE_CLOSED, why=event.why)
            case Purged():
                self.logger.info(LogEvent.PURGED, removed=event.removed)
            case _:
                pass
