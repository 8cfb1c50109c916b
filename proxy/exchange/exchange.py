"""The exchange put together from its ports and a profile: what the server asks, and what an operator may do."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Generic

from proxy.admission.rate_limiter import RateLimiter
from proxy.admission.route_policy import RoutePolicy
from proxy.caching.background import Foresight
from proxy.caching.generations import Generations
from proxy.caching.inspection import Inspection
from proxy.caching.key import ROOT
from proxy.caching.profile import Effects, FindingT, Profile, SubjectT
from proxy.clock import Clock
from proxy.exchange.answer import Answer
from proxy.exchange.buffering import BodyCollector, BufferBudget
from proxy.exchange.composer import Composer
from proxy.exchange.crowd import Crowd
from proxy.exchange.entry import Entry
from proxy.exchange.epoch import Epoch
from proxy.exchange.events import ModeChanged, Purged
from proxy.exchange.explainer import Explainer
from proxy.exchange.fetcher import Fetcher
from proxy.exchange.forwarder import Forwarder
from proxy.exchange.handler import ExchangeHandler
from proxy.exchange.learner import Learner
from proxy.exchange.lookup import Lookup
from proxy.exchange.mode import Mode
from proxy.exchange.ports import AuditTrail, NoAudit, Observer, RequestBody, ResponseStore, Upstream
from proxy.exchange.prober import Prober
from proxy.exchange.proofs import Proofs
from proxy.exchange.rate_limits import LimitMode, RateLimits
from proxy.exchange.reader import Reader
from proxy.exchange.rehearsal import Rehearsal
from proxy.exchange.relay import LargeResponses
from proxy.exchange.repeats import Repeats
from proxy.exchange.reporter import Reporter
from proxy.exchange.spans import NO_TRACING, Tracing
from proxy.exchange.stored_answers import StoredAnswers
from proxy.exchange.tickets import Tickets
from proxy.exchange.write_queue import WriteQueue
from proxy.exchange.writer import Writer
from proxy.semantics.message import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeLimits:
    """`total_seconds` per client and per upstream request; bytes of one collected body and of all of them."""

    total_seconds: float = 15.0
    response_bytes: int = 1_048_576
    buffered_bytes: int = 67_108_864
    large_response_concurrency: int = 4
    write_queue_wait_seconds: float | None = 3.0  # None: writes to one vault don't wait for each other
    write_queue_body_bytes: int = 1_048_576
    most_waiting: int = 1024
    limit_mode: LimitMode = LimitMode.SHADOW
    stale_instead_of_429: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside(Generic[SubjectT, FindingT]):
    """Everything an exchange is given. `each_hit_is_told`: somebody wants an event for every hit, now.

    `epoch` may be moved by whatever decides with the exchange: the audit, when it can't be written.
    """

    profile: Profile[SubjectT, FindingT]
    store: ResponseStore
    upstream: Upstream
    clock: Clock
    observer: Observer
    foresight: Foresight[Any] | None
    entity_tag: Callable[[bytes], str]
    pseudonym: str
    routes: RoutePolicy = field(default_factory=RoutePolicy)
    limiter: RateLimiter = field(default_factory=RateLimiter)
    audit: AuditTrail = field(default_factory=NoAudit)
    epoch: Epoch = field(default_factory=Epoch)
    each_hit_is_told: Callable[[], bool] = lambda: False
    tracing: Tracing = NO_TRACING


class Exchange(Generic[SubjectT, FindingT]):
    """Answers requests, purges, and ends in order."""

    def __init__(
        self, outside: Outside[SubjectT, FindingT], limits: ExchangeLimits, mode: Mode = Mode.CACHE
    ) -> None:
        self._observer = outside.observer
        self._clock = outside.clock
        self._foresight = outside.foresight
        self._epoch = outside.epoch
        generations = Generations()
        composer = Composer(pseudonym=outside.pseudonym, clock=outside.clock)
        large_responses = LargeResponses(limits.large_response_concurrency)
        self._crowd = Crowd(limits.most_waiting)
        self._entry = Entry(composer=composer, crowd=self._crowd, routes=outside.routes)
        self._buffers = BufferBudget(limits.buffered_bytes)
        collector = BodyCollector(self._buffers, limit_bytes=limits.response_bytes)
        self._proofs = Proofs(store=outside.store, generations=generations)
        self._learner = learner = Learner(
            profile=outside.profile,
            store=outside.store,
            generations=generations,
            clock=outside.clock,
            entity_tag=outside.entity_tag,
            epoch=outside.epoch,
            proofs=self._proofs,
        )
        fetcher = Fetcher(
            profile=outside.profile,
            upstream=outside.upstream,
            generations=generations,
            learner=learner,
            collector=collector,
            clock=outside.clock,
            tracing=outside.tracing,
            total_seconds=limits.total_seconds,
        )
        self._lookup = lookup = Lookup(profile=outside.profile, store=outside.store, generations=generations)
        self.rate_limits = rate_limits = RateLimits(
            limiter=outside.limiter,
            mode=limits.limit_mode,
            serves_stale=limits.stale_instead_of_429,
            profile=outside.profile,
            observer=outside.observer,
        )
        answers = StoredAnswers(lookup=lookup, composer=composer, clock=outside.clock)
        self._reader = reader = Reader(
            profile=outside.profile,
            lookup=lookup,
            answers=answers,
            generations=generations,
            fetcher=fetcher,
            large_responses=large_responses,
            composer=composer,
            limits=rate_limits,
            crowd=self._crowd,
            tracing=outside.tracing,
            clock=outside.clock,
            total_seconds=limits.total_seconds,
        )
        rehearsal = Rehearsal(
            profile=outside.profile,
            lookup=lookup,
            reader=reader,
            collector=collector,
            upstream=outside.upstream,
            composer=composer,
            clock=outside.clock,
            observer=outside.observer,
            total_seconds=limits.total_seconds,
        )
        self._prober = None
        if outside.foresight is not None:
            self._prober = Prober(
                profile=outside.profile,
                foresight=outside.foresight,
                reader=reader,
                clock=outside.clock,
                observer=outside.observer,
                tracing=outside.tracing,
            )
        wait_seconds = limits.write_queue_wait_seconds
        self._writer = writer = Writer(
            profile=outside.profile,
            upstream=outside.upstream,
            learner=learner,
            collector=collector,
            clock=outside.clock,
            observer=outside.observer,
            total_seconds=limits.total_seconds,
            queue=None if wait_seconds is None else WriteQueue(wait_seconds=wait_seconds),
            queue_body_bytes=limits.write_queue_body_bytes,
            tracing=outside.tracing,
        )
        self._handler = ExchangeHandler(
            profile=outside.profile,
            forwarder=Forwarder(
                upstream=outside.upstream,
                generations=generations,
                learner=learner,
                large_responses=large_responses,
                composer=composer,
                clock=outside.clock,
                total_seconds=limits.total_seconds,
            ),
            reader=reader,
            rehearsal=rehearsal,
            writer=writer,
            prober=self._prober,
            limits=rate_limits,
            entry=self._entry,
            composer=composer,
            clock=outside.clock,
            reporter=Reporter(
                audit=outside.audit,
                observer=outside.observer,
                composer=composer,
                tracing=outside.tracing,
            ),
            mode=mode,
        )

        self.repeats = Repeats(
            profile=outside.profile, prober=self._prober, observer=outside.observer, clock=outside.clock
        )
        self.tickets = Tickets(
            profile=outside.profile,
            store=outside.store,
            lookup=lookup,
            limits=rate_limits,
            entry=self._entry,
            composer=composer,
            audit=outside.audit,
            repeats=self.repeats,
            epoch=outside.epoch,
            clock=outside.clock,
            may_repeat=lambda: self.mode is Mode.CACHE and not outside.each_hit_is_told(),
        )

    @property
    def mode(self) -> Mode:
        """How much is done."""
        return self._handler.mode

    @property
    def requests_under_way(self) -> int:
        """How many requests wait for their answers."""
        return self._crowd.size

    @property
    def writes_waiting(self) -> int:
        """How many writes wait for their turn in their vault."""
        return self._writer.waiting

    @property
    def buffered_bytes(self) -> int:
        """Bytes reserved for bodies under collection."""
        return self._buffers.reserved_bytes

    def handle(self, request: Request, body: RequestBody | None) -> Coroutine[Any, Any, Answer]:
        """Answer one request. Raises only RequestBodyError (the client's body failed) and cancellation."""
        return self._handler.handle(request, body)

    def origin_is_back(self, delay_seconds: float) -> None:
        """Have the origin asked for something soon, whoever asks us: it may wait for a request."""
        if self._prober is not None and self._foresight is not None and self.mode is Mode.CACHE:
            self._foresight.prime(self._clock.now(), delay_seconds)
            self._prober.wake()

    def explainer(self, inspection: Inspection[SubjectT]) -> Explainer[SubjectT, FindingT]:
        """Return who tells what would become of a request; `inspection` is the profile's."""
        return Explainer(
            inspection=inspection,
            lookup=self._lookup,
            limits=self.rate_limits,
            entry=self._entry,
            is_under_way=self._reader.is_under_way,
            mode=lambda: self.mode,
            clock=self._clock,
        )

    def purge(self, effects: Effects) -> int:
        """Remove stored responses and outdate what is under way; return how many went."""
        removed = self._learner.carry_out(effects)
        self._observer.notify(Purged(removed=removed))
        return removed

    def permit(self, routes: RoutePolicy) -> None:
        """Let pass what other rules say, from now on."""
        self._entry.routes = routes

    def reconsider(self) -> None:
        """Have decisions that are kept for repeating made anew: settings have changed."""
        self._epoch.move()

    def revalidate(self) -> None:
        """Have everything that is stored validated before it is used again."""
        self._learner.carry_out(Effects(advance=(ROOT,)))

    def switch(self, mode: Mode) -> None:
        """Change the mode. What is stored is validated before it is used again: much may have happened meanwhile."""
        before = self.mode
        if mode is before:
            return
        self._handler.mode = mode
        if self._prober is not None:
            self._prober.rest()
        self.revalidate()
        self._observer.notify(ModeChanged(before=before, mode=mode))

    async def close(self) -> None:
        """Finish the writes under way, give up everything else."""
        if self._prober is not None:
            await self._prober.close()
        await self._handler.close()
        await self._proofs.close()
        self.repeats.close()
