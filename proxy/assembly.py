"""The composition root: settings in, a running service out. The only module that knows everything.

What stands behind it is put together in `proxy.upstreams`, what decides in `proxy.profiles`, what stands in front in
`proxy.fronts`.
"""

import asyncio
import hmac
import random
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proxy import __version__
from proxy.adapters.file_watch import FileWatch
from proxy.adapters.logs import LogEvent
from proxy.adapters.memory_store import MemoryStore
from proxy.adapters.recent import Recent
from proxy.clock import Clock, SystemClock
from proxy.config import Loaded, Settings
from proxy.connect import purging
from proxy.connect.profile import ConnectProfile
from proxy.exchange.events import ExpressLaneClosed, ExpressLaneLeft, Reloaded
from proxy.exchange.exchange import Exchange, ExchangeLimits, Outside
from proxy.exchange.explanation import Explanation
from proxy.exchange.mode import Mode
from proxy.exchange.rate_limits import LimitMode
from proxy.exchange.recovery import OnRecovery
from proxy.exchange.sweeper import Sweeper
from proxy.expressing import make_hits, make_lane
from proxy.fronts import control_fronts, drain_settings, make_tls, observe_fronts, traffic_front
from proxy.hardening import never_unmap_much, spare_what_stays
from proxy.observation import Everyone, Observation
from proxy.profiles import make_limiter, make_profile, make_route_policy
from proxy.reloading import LiveParts, Reloading
from proxy.server.control_app import Controls, Purge, PurgeScope, Question, UnknownName
from proxy.server.lifecycle import Lifecycle, Parts, Phase
from proxy.server.observe_app import Observed, Service
from proxy.status.document import Status
from proxy.status.sources import StatusSources
from proxy.upstreams import are_away, make_shared, make_upstreams


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Where a service listens."""

    traffic_addresses: list[str]
    observe_addresses: list[str]
    control_path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where settings come from, should they change: `read` raises ConfigError."""

    read: Callable[[], Loaded]
    config_file: Path | None = None


class Sidecar:
    """One sidecar: made from settings inside a running loop, run once."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        sources: Sources | None = None,
        observation: Observation | None = None,
    ) -> None:
        self._settings = settings
        self._sources = sources or Sources(read=lambda: Loaded(settings=settings, ignored=()))
        self._clock = clock or SystemClock()
        self._started = self._clock.now()
        self._store = MemoryStore(
            total_bytes=settings.cache.store_bytes, per_response_bytes=settings.cache.response_bytes
        )
        self._sweeper = Sweeper(self._store.sweep)
        self._store.on_left = self._sweeper.wake
        self._observation = observation or Observation(settings, clock=self._clock)
        self._metrics = self._observation.metrics
        self._profile = make_profile(settings, self._clock)
        if isinstance(self._profile, ConnectProfile):
            self._metrics.watch_profile(self._profile.figures)
        # Not all sidecars at once: up to a second later.
        recovery = OnRecovery(lambda: self.exchange.origin_is_back(random.random()))  # noqa: S311
        self._recent = Recent(self._clock)
        self._observer = Everyone(*self._observation.observer.observers, self._recent, recovery)
        self._upstream = make_upstreams(settings, self._clock, self._observer, self._observation.tracing)
        self._metrics.watch_endpoints(self._upstream.known)
        self._shared = make_shared(settings, self._upstream, self._is_known, self._clock)
        self._metrics.watch_queue("accepted", self._shared.known)
        self._metrics.watch_queue("unaccepted", self._shared.unknown)
        self._limiter = make_limiter(settings)
        self.exchange = self._exchange()
        self._metrics.watch(self._store, self.exchange)
        self.lifecycle = Lifecycle(settings=drain_settings(settings.server), on_phase=self._on_phase)
        observed = Observed(
            is_ready=self.lifecycle.is_ready, service=self._service, metrics=self._render_metrics
        )
        self._explainer = self.exchange.explainer(self._profile.inspection)
        controls = Controls(
            purge=self.purge,
            switch=self.exchange.switch,
            reload=self.reload,
            status=self.status,
            explain=self.explain,
            quit=self.lifecycle.quit,
        )
        self._tls = make_tls(settings.server)
        self._reloading = Reloading(settings, self._sources.read, self._live_parts())
        self._watch = FileWatch(self._watched_files, self._files_changed)
        self.hits = make_hits(settings, self.exchange.tickets, self._observation.tracing, self._lane_closed)
        self.lane = make_lane(settings, self.hits, self._observation.tracing, self._lane_closed)
        self._metrics.watch_lane(self.lane)
        self._traffic = traffic_front(settings, self.exchange, self._tls, self.hits, self.lane)
        self._metrics.watch_connections(self._traffic)
        self._observe = observe_fronts(settings, observed)
        self._control = control_fronts(settings, controls)
        self._on_ready: Callable[[Running], None] | None = None

    @property
    def requests_under_way(self) -> int:
        """How many client requests wait for their answers."""
        return self.exchange.requests_under_way

    async def run(self, on_ready: Callable[[Running], None] | None = None) -> None:
        """Serve until asked to stop. Raises ListenError if an address can't be had."""
        self._on_ready = on_ready
        parts = Parts(
            traffic=[self._traffic],
            operator=[*self._observe, *self._control],
            stop_background=self._stop_background,
        )
        await self._observation.begin()
        watching = asyncio.create_task(self._watch.run())
        try:
            await self.lifecycle.run(parts)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await self._observation.end()

    def purge(self, purge: Purge) -> int:
        """Remove what an operator names; return how many stored responses went."""
        match purge.scope:
            case PurgeScope.ALL:
                return self.exchange.purge(purging.EVERYTHING)
            case PurgeScope.VAULT:
                return self.exchange.purge(purging.vault(purge.vault))
            case PurgeScope.ITEM:
                return self.exchange.purge(purging.item(purge.vault, purge.item))
            case PurgeScope.TOKEN:
                if not isinstance(self._profile, ConnectProfile):
                    return 0
                digests = self._profile.partitions_labelled(purge.token)
                return self.exchange.purge(purging.partitions(digests))

    def reload(self) -> Reloaded:
        """Have settings and certificates take effect as they are now, as far as they can."""
        reloaded = self._reloading.reload()
        self._observer.notify(reloaded)
        return reloaded

    def status(self) -> Status:
        """Return what an operator wants to know at a glance."""
        self.exchange.repeats.tell()
        return StatusSources(
            settings=lambda: self._reloading.running,
            phase=lambda: self.lifecycle.phase,
            clock=self._clock,
            started=self._started,
            recent=self._recent,
            store=self._store,
            exchange=self.exchange,
            profile=self._profile,
            upstream=self._upstream,
            traffic=self._traffic,
            audit=self._observation.audit_figures,
        ).status()

    def explain(self, question: Question) -> Explanation | UnknownName:
        """Tell what would become of a request."""
        breakers = [endpoint.state() for endpoint in self._upstream.known()]
        explained = self._explainer.explain(question.method, question.target, question.token, breakers)
        return explained or UnknownName(known=self._explainer.names())

    def _lane_closed(self, why: ExpressLaneClosed) -> None:
        self._observer.notify(ExpressLaneLeft(why=why))

    def _render_metrics(self, accept: str) -> tuple[bytes, str]:
        self.exchange.repeats.tell()
        return self._metrics.render(accept)

    def _live_parts(self) -> LiveParts:
        return LiveParts(
            exchange=self.exchange,
            profile=self._profile,
            limiter=self._limiter,
            shared=self._shared,
            adopt_log=self._observation.adopt_log,
            tls=self._tls,
        )

    def _watched_files(self) -> list[Path]:
        config = self._sources.config_file
        return [*([] if config is None else [config]), *(() if self._tls is None else self._tls.paths)]

    def _files_changed(self) -> None:
        self.reload()

    def _is_known(self, digest: bytes) -> bool:
        profile = self._profile
        return profile.is_known(digest) if isinstance(profile, ConnectProfile) else True

    def _exchange(self) -> Exchange[Any, Any]:
        settings = self._settings
        outside: Outside[Any, Any] = Outside(
            profile=self._profile,
            store=self._store,
            upstream=self._shared,
            clock=self._clock,
            foresight=self._profile.foresight if isinstance(self._profile, ConnectProfile) else None,
            observer=self._observer,
            entity_tag=_entity_tagger(secrets.token_bytes(32)),
            limiter=self._limiter,
            routes=make_route_policy(settings),
            audit=self._observation.audit,
            epoch=self._observation.epoch,
            each_hit_is_told=lambda: self._observation.log.has_everything,
            tracing=self._observation.tracing,
            pseudonym=f"connect-sidecar-{secrets.token_hex(4)}",
        )
        limits = ExchangeLimits(
            total_seconds=settings.upstream.total_seconds,
            response_bytes=settings.cache.response_bytes,
            buffered_bytes=settings.flights.buffered_bytes,
            large_response_concurrency=settings.flights.large_response_concurrency,
            write_queue_wait_seconds=settings.writes.queue_wait_seconds or None,
            write_queue_body_bytes=settings.writes.queue_body_bytes,
            most_waiting=settings.server.max_waiting_requests,
            limit_mode=LimitMode(settings.limits.mode.value),
            stale_instead_of_429=settings.limits.stale_instead_of_429,
        )
        return Exchange(outside, limits, Mode(settings.mode.value))

    def _service(self) -> Service:
        if not self._store.stored_responses:
            return Service.COLD
        return Service.SERVING_STALE if are_away(self._upstream) else Service.READY

    def _on_phase(self, phase: Phase) -> None:
        self._observation.log.logger.info(LogEvent.PHASE, phase=phase.value, version=__version__)
        if phase is not Phase.SERVING:
            return
        fronts = (self._traffic, *self._observe, *self._control)
        for note in (*self._observation.notes, *(note for front in fronts for note in front.notes)):
            self._observation.log.logger.info(LogEvent.NOTE, note=note)
        if self._on_ready is not None:
            self._on_ready(self._running())

    def _running(self) -> Running:
        return Running(
            traffic_addresses=[str(address) for address in self._traffic.addresses],
            observe_addresses=[str(address) for front in self._observe for address in front.addresses],
            control_path=self._settings.control.socket,
        )

    async def _stop_background(self) -> None:
        await self.exchange.close()
        await self._sweeper.close()
        await self._upstream.close()


async def run(
    settings: Settings,
    *,
    sources: Sources | None = None,
    on_ready: Callable[[Running], None] | None = None,
) -> None:
    """Run one sidecar until SIGTERM or SIGINT, then drain; SIGHUP reloads. Raises ListenError, TlsError."""
    sidecar = Sidecar(settings, sources=sources)
    never_unmap_much()
    spare_what_stays()
    with sidecar.lifecycle.obeying_signals(on_hang_up=sidecar.reload):
        await sidecar.run(on_ready)


def _entity_tagger(key: bytes) -> Callable[[bytes], str]:
    """Return what tags a body: keyed, so that a tag tells nothing about a secret to who can guess it (rule 13)."""

    def entity_tag(body: bytes) -> str:
        digest = hmac.digest(key, body, "sha256")[:18]
        return f'"{urlsafe_b64encode(digest).decode()}"'

    return entity_tag
