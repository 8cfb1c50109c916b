"""The part of the composition root that makes what is behind us: clients, their guards, and one front for all.

One upstream, several by URL, or as many as a headless Service's name has addresses; each behind a breaker of its own.
"""

import random
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from proxy.adapters.name_resolution import addresses_of
from proxy.adapters.upstream_client import UpstreamClient, UpstreamClientSettings
from proxy.admission.circuit_breaker import BreakerSettings, BreakerState
from proxy.admission.refusal_budgets import RefusalBudgets
from proxy.admission.token_bucket import Limit
from proxy.clock import Clock
from proxy.config import Settings
from proxy.exchange.endpoints import Endpoints, FixedRoster
from proxy.exchange.guarded_upstream import GuardedUpstream, GuardSettings, UpstreamAddress
from proxy.exchange.headless_roster import HeadlessRoster
from proxy.exchange.ports import Observer, Upstream
from proxy.exchange.shared_upstream import SharedUpstream
from proxy.exchange.slots import SlotLimits
from proxy.exchange.spans import NO_TRACING, Tracing

_MOST_DOUBLED = 10
"""The breaker's longest pause, in first pauses: an outage is not outlasted by much."""


_KNOWN_SHARE = 0.75
"""How much of the connections one token may use: the others' requests find one free."""


def make_upstreams(
    settings: Settings, clock: Clock, observer: Observer, tracing: Tracing = NO_TRACING
) -> Endpoints:
    """Return what requests are sent to. Raises OSError if the CA bundle is of no use."""
    upstream = settings.upstream

    def endpoint(client: UpstreamClient, number: int, url: str) -> GuardedUpstream:
        host, port = _host_and_port(url)
        return GuardedUpstream(
            client,
            number=number,
            settings=_guard(settings),
            clock=clock,
            observer=observer,
            jitter=random.random,
            tracing=tracing,
            address=UpstreamAddress(host=host, port=port),
        )

    roster: FixedRoster | HeadlessRoster
    if upstream.headless:
        host, port = _host_and_port(upstream.url)
        roster = HeadlessRoster(
            look_up=lambda: addresses_of(host, port),
            make=lambda address, number: endpoint(
                _client(settings, upstream.url, address), number, upstream.url
            ),
            clock=clock,
        )
    else:
        urls = (upstream.url, *upstream.more_urls)
        roster = FixedRoster(
            [endpoint(_client(settings, url), number, url) for number, url in enumerate(urls)]
        )
    return Endpoints(roster, total_seconds=upstream.total_seconds, clock=clock, observer=observer)


def make_shared(
    settings: Settings, upstream: Upstream, is_known: Callable[[bytes], bool], clock: Clock
) -> SharedUpstream:
    """Return the upstream for which requests take turns."""
    known, unknown = slot_limits(settings)
    per_party, overall = refusal_limits(settings)
    return SharedUpstream(
        upstream,
        known=known,
        unknown=unknown,
        budgets=RefusalBudgets(per_party=per_party, overall=overall),
        is_known=is_known,
        clock=clock,
    )


def slot_limits(settings: Settings) -> tuple[SlotLimits, SlotLimits]:
    """Return how many requests with known and with unknown tokens may be under way."""
    connections = settings.upstream.max_connections
    unknown = min(settings.limits.unknown_token_slots, max(1, connections // 2))
    known = max(1, connections - unknown)
    return (
        _slot_limits(settings, known, max(1, int(known * _KNOWN_SHARE))),
        _slot_limits(settings, unknown, unknown),
    )


def refusal_limits(settings: Settings) -> tuple[Limit, Limit]:
    """Return how many unknown tokens may be refused: of one client, and of all."""
    limits = settings.limits
    return (
        Limit.of(limits.refusals_per_second, limits.refusal_burst),
        Limit.of(limits.all_refusals_per_second, limits.all_refusal_burst),
    )


def _slot_limits(settings: Settings, most: int, most_per_party: int) -> SlotLimits:
    upstream = settings.upstream
    return SlotLimits(
        most=most,
        most_per_party=most_per_party,
        most_waiting=upstream.max_queued_requests,
        wait_seconds=upstream.queue_wait_seconds,
    )


def are_away(endpoints: Endpoints) -> bool:
    """Tell whether no upstream is known to answer."""
    known = endpoints.known()
    return bool(known) and all(each.state() is not BreakerState.CLOSED for each in known)


def _guard(settings: Settings) -> GuardSettings:
    upstream = settings.upstream
    return GuardSettings(
        retry_attempts=upstream.retry_attempts,
        total_seconds=upstream.total_seconds,
        breaker=BreakerSettings(
            failures=upstream.breaker_failures,
            open_seconds=upstream.breaker_open_seconds,
            open_limit_seconds=_MOST_DOUBLED * upstream.breaker_open_seconds,
        ),
    )


def _client(settings: Settings, url: str, connect_to: str | None = None) -> UpstreamClient:
    upstream = settings.upstream
    return UpstreamClient(
        UpstreamClientSettings(
            url=url,
            connect_to=connect_to,
            ca_file=Path(upstream.ca_file) if upstream.ca_file else None,
            connect_seconds=upstream.connect_seconds,
            head_seconds=upstream.head_seconds,
            body_idle_seconds=upstream.body_idle_seconds,
            max_connections=upstream.max_connections,
            max_field_bytes=upstream.max_field_bytes,
        )
    )


def _host_and_port(url: str) -> tuple[str, int]:
    origin = urlsplit(url)
    return origin.hostname or "", origin.port or (443 if origin.scheme == "https" else 80)
