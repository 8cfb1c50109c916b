"""The part of the composition root that fills in the status: read when asked, so that nobody else pays for it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from proxy import __version__
from proxy.adapters.recent import SLOT_SECONDS, Outage, Recent
from proxy.admission.circuit_breaker import BreakerState
from proxy.caching.http_profile import HttpProfile
from proxy.clock import Clock, Instant
from proxy.config import Settings, UnverifiedTokens
from proxy.config.audit_settings import OnFailure
from proxy.connect.figures import NamedToken
from proxy.connect.leases import TokenState
from proxy.connect.profile import ConnectProfile
from proxy.connect.tokens import OTHER_LABEL
from proxy.errors import ErrorKind
from proxy.exchange.endpoints import Endpoint, Endpoints
from proxy.exchange.events import WITHOUT_ORIGIN
from proxy.exchange.exchange import Exchange
from proxy.server.lifecycle import Phase
from proxy.status.condition import judged
from proxy.status.document import ChangeStatus, EndpointStatus, Status, TokenStatus

_MOST_TOKENS_SHOWN = 50
_NO_LIMITS = "off"
_URGENCY = {TokenState.REFUSED: 0, TokenState.UNVERIFIED: 1, TokenState.VERIFIED: 2}


class StoreFigures(Protocol):
    """What is stored."""

    @property
    def stored_responses(self) -> int: ...

    @property
    def stored_bytes(self) -> int: ...

    @property
    def evictions(self) -> int: ...


class AuditFigures(Protocol):
    """How the audit is."""

    @property
    def lost(self) -> int:
        """How many reads have no record and will get none."""
        ...


class TrafficFigures(Protocol):
    """Who is connected."""

    @property
    def open_connections(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusSources:
    """Everything the status is read from; `settings` are those in effect."""

    settings: Callable[[], Settings]
    phase: Callable[[], Phase]
    clock: Clock
    started: Instant
    recent: Recent
    store: StoreFigures
    exchange: Exchange[Any, Any]
    profile: ConnectProfile | HttpProfile
    upstream: Endpoints
    traffic: TrafficFigures
    audit: AuditFigures

    def status(self) -> Status:
        """Return how the sidecar is."""
        now = self.clock.now()
        status = self._itself(now)
        for fill_in in (self._connect, self._recent_answers, self._tokens_and_fences, self._changes):
            status = fill_in(status, now)
        return judged(status)

    def _itself(self, now: Instant) -> Status:
        settings = self.settings()
        return Status(
            version=__version__,
            phase=self.phase().value,
            profile=settings.profile.value,
            mode=self.exchange.mode.value,
            upstream=settings.upstream.url,
            at_unix_seconds=round(now.wall_seconds, 3),
            uptime_seconds=round(now.boot_seconds - self.started.boot_seconds, 1),
            stored_responses=self.store.stored_responses,
            stored_bytes=self.store.stored_bytes,
            store_limit_bytes=settings.cache.store_bytes,
            evictions=self.store.evictions,
            requests_under_way=self.exchange.requests_under_way,
            writes_waiting=self.exchange.writes_waiting,
            client_connections=self.traffic.open_connections,
            audit_lost=self.audit.lost,
            audit_refuses=settings.audit.on_failure is OnFailure.REFUSE,
        )

    def _connect(self, status: Status, now: Instant) -> Status:
        status = replace(status, endpoints=tuple(self._endpoint(each) for each in self.upstream.known()))
        outage = self._outage(now)
        if outage is None:
            return status
        away_seconds = now.boot_seconds - outage.since.boot_seconds
        return replace(
            status,
            connect_failure=str(outage.why),
            connect_away_since_unix_seconds=round(outage.since.wall_seconds, 3),
            connect_away_seconds=round(away_seconds, 1),
            stale_left_seconds=_rounded(self._stale_left_seconds(away_seconds, now), 1),
        )

    def _recent_answers(self, status: Status, now: Instant) -> Status:
        lately, history = self.recent.window.lately(now), self.recent.window.history(now)
        requests, errors = sum(lately.answers.values()), sum(lately.errors.values())
        from_memory = sum(lately.answers[kind] for kind in WITHOUT_ORIGIN)
        counts = {kind.value: tuple(slots) for kind, slots in history.answers.items()}
        return replace(
            status,
            recent_seconds=round(lately.seconds, 1),
            recent_requests=requests,
            recent_errors=errors,
            recent_ok_percent=_percent(requests - errors, requests),
            recent_from_memory_percent=_percent(from_memory, requests),
            recent_p50_seconds=_rounded(lately.p50_seconds, 5),
            recent_p99_seconds=_rounded(lately.p99_seconds, 5),
            recent_direct_per_second=round(requests / lately.seconds, 3),
            recent_to_connect_per_second=round(lately.attempts / lately.seconds, 3),
            recent_limited=lately.limited,
            recent_would_limit=lately.would_limit,
            recent_answers={kind.value: count for kind, count in lately.answers.items()},
            recent_error_answers={kind.value: count for kind, count in lately.errors.items() if count},
            history_slot_seconds=SLOT_SECONDS,
            history=counts | {"to_connect": tuple(history.attempts)},
        )

    def _tokens_and_fences(self, status: Status, now: Instant) -> Status:
        """Fill in what the profile `connect` knows; the profile `http` knows of neither."""
        if not isinstance(self.profile, ConnectProfile):
            return replace(status, limit_mode=_NO_LIMITS)
        figures = self.profile.figures
        states, open_fences = figures.token_states(now), figures.open_fences(now)
        oldest_seconds = figures.oldest_fence_seconds(now) if open_fences else None
        return replace(
            status,
            tokens_verified=states[TokenState.VERIFIED],
            tokens_unverified=states[TokenState.UNVERIFIED],
            tokens_refused=states[TokenState.REFUSED],
            tokens=_shown(figures.named_tokens(now)),
            open_fences=open_fences,
            oldest_fence_seconds=_rounded(oldest_seconds, 1),
            limit_mode=self.settings().limits.mode.value,
        )

    def _changes(self, status: Status, _now: Instant) -> Status:
        changes = tuple(
            ChangeStatus(
                at_unix_seconds=round(change.at.wall_seconds, 3),
                event=change.kind.value,
                detail=change.detail,
            )
            for change in self.recent.changes.latest()
        )
        if self.recent.changes.refused is None:
            return replace(status, changes=changes)
        at, problems = self.recent.changes.refused
        return replace(
            status,
            changes=changes,
            reload_refused_unix_seconds=round(at.wall_seconds, 3),
            reload_problems=problems,
        )

    def _outage(self, now: Instant) -> Outage | None:
        """Return the outage of all upstreams together: it began when the last of them failed."""
        known, pinned = self.upstream.known(), self.upstream.pinned
        outages = {each.number: self._outage_of(each, now) for each in known}
        began = [outage.since for outage in outages.values() if outage is not None]
        asked = None if pinned is None else outages[pinned.number]
        if asked is None or len(began) < len(known):
            return None
        return Outage(since=max(began, key=lambda since: since.boot_seconds), why=asked.why)

    def _outage_of(self, endpoint: Endpoint, now: Instant) -> Outage | None:
        outage = self.recent.outages.of(endpoint.number)
        if outage is None and endpoint.state() is not BreakerState.CLOSED:
            return Outage(since=now, why=ErrorKind.DESTINATION_UNAVAILABLE)
        return outage

    def _endpoint(self, endpoint: Endpoint) -> EndpointStatus:
        outage = self.recent.outages.of(endpoint.number)
        return EndpointStatus(
            number=endpoint.number,
            breaker=endpoint.state().value,
            is_pinned=endpoint is self.upstream.pinned,
            failure="" if outage is None else str(outage.why),
            failing_since_unix_seconds=None if outage is None else round(outage.since.wall_seconds, 3),
        )

    def _stale_left_seconds(self, away_seconds: float, now: Instant) -> float | None:
        """Return the least time that what was served stale lately lasts, else what the settings promise at most."""
        lately = self.recent.window.lately(now).stale_left_seconds
        if lately is not None or not isinstance(self.profile, ConnectProfile):
            return lately
        cache = self.settings().cache
        bound = cache.stale_if_error_seconds
        if cache.unverified_tokens is UnverifiedTokens.REFUSE:
            bound = min(bound, cache.token_verification_seconds)
        return max(0.0, bound - away_seconds)


def _shown(tokens: tuple[NamedToken, ...]) -> tuple[TokenStatus, ...]:
    """Return the tokens with names, those first that somebody should look at."""
    named = [token for token in tokens if token.name != OTHER_LABEL]
    named.sort(
        key=lambda token: (_URGENCY[token.state], token.expires_wall_seconds or float("inf"), token.name)
    )
    return tuple(
        TokenStatus(
            name=token.name,
            state=token.state.value,
            verified_age_seconds=round(token.verified_age_seconds, 1),
            expires_unix_seconds=token.expires_wall_seconds,
        )
        for token in named[:_MOST_TOKENS_SHOWN]
    )


def _percent(part: int, whole: int) -> float | None:
    return round(100.0 * part / whole, 3) if whole else None


def _rounded(seconds: float | None, digits: int) -> float | None:
    return None if seconds is None else round(seconds, digits)
