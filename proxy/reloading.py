"""The part of the composition root that has settings take effect while the sidecar runs.

New settings are read and judged as at the start; what is wrong with them is told, and nothing changes. What can take
effect does so at once, what is stored stays; the rest is named and waits for a restart.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from proxy.admission.rate_limiter import RateLimiter
from proxy.caching.http_profile import HttpProfile
from proxy.config import (
    ConfigError,
    Loaded,
    LogSettings,
    Settings,
    differences,
    problems_of,
    with_live_settings_of,
)
from proxy.connect import purging
from proxy.connect.profile import ConnectProfile
from proxy.exchange.events import Reloaded, ReloadOutcome
from proxy.exchange.exchange import Exchange
from proxy.exchange.mode import Mode
from proxy.exchange.rate_limits import LimitMode
from proxy.exchange.shared_upstream import SharedUpstream
from proxy.profiles import connect_rules, make_route_policy, named_limits, token_limits
from proxy.server.tls import ServerTls, TlsError
from proxy.upstreams import refusal_limits, slot_limits

_FRESHNESS = frozenset(
    {
        "cache.item_freshness_seconds",
        "cache.list_freshness_seconds",
        "cache.change_check_interval_seconds",
        "cache.answer_stale_after_seconds",
        "cache.unverified_tokens",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveParts:
    """What settings can be changed of while it runs."""

    exchange: Exchange[Any, Any]
    profile: ConnectProfile | HttpProfile
    limiter: RateLimiter
    shared: SharedUpstream
    adopt_log: Callable[[LogSettings], None]
    tls: ServerTls | None


class Reloading:
    """Reads settings anew and applies them; `running` is what is in effect."""

    def __init__(self, running: Settings, read: Callable[[], Loaded], parts: LiveParts) -> None:
        self.running = running
        self._read = read
        self._parts = parts

    def reload(self) -> Reloaded:
        """Take the settings and certificates as they are now."""
        try:
            loaded = self._read()
        except ConfigError as error:
            return Reloaded(outcome=ReloadOutcome.REFUSED, problems=error.problems)
        wanted = with_live_settings_of(self.running, loaded.settings)
        problems = problems_of(wanted, {})
        if problems:
            return Reloaded(outcome=ReloadOutcome.REFUSED, problems=tuple(problems))
        try:
            has_new_certificate = self._parts.tls is not None and self._parts.tls.reload()
        except TlsError as error:
            return Reloaded(outcome=ReloadOutcome.REFUSED, problems=(str(error),))
        changed = differences(self.running, wanted)
        before, self.running = self.running, wanted
        self._apply(before, wanted, changed)
        certificates = {"server.tls_certificate_file"} if has_new_certificate else set()
        return Reloaded(
            outcome=ReloadOutcome.APPLIED if changed or certificates else ReloadOutcome.UNCHANGED,
            changed=tuple(sorted(changed | certificates)),
            pending=tuple(sorted(differences(wanted, loaded.settings))),
            ignored=loaded.ignored,
        )

    def _apply(self, before: Settings, now: Settings, changed: frozenset[str]) -> None:
        parts, exchange = self._parts, self._parts.exchange
        if isinstance(parts.profile, ConnectProfile):
            parts.profile.adopt(connect_rules(now))
        parts.limiter.adopt(token_limits(now.limits), named_limits(now.limits))
        exchange.rate_limits.adopt(
            LimitMode(now.limits.mode.value), serves_stale=now.limits.stale_instead_of_429
        )
        known, unknown = slot_limits(now)
        per_party, overall = refusal_limits(now)
        parts.shared.adopt(known=known, unknown=unknown, per_party=per_party, overall=overall)
        exchange.permit(make_route_policy(now))
        parts.adopt_log(now.log)
        if "mode" in changed:  # else it stays as an operator may have switched it
            exchange.switch(Mode(now.mode.value))
        if changed & _FRESHNESS:
            exchange.revalidate()
        if now.cache.generation > before.cache.generation:
            exchange.purge(purging.EVERYTHING)
        exchange.reconsider()
