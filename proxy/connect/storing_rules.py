"""How long an answer of Connect is fresh: Connect says nothing, so the settings do, in three tempers.

Cautious for a while after the start, because writes before it are unknown; plain; and watched, when change checks see
to it that lists are validated before they are as old as items may be.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from proxy.caching.profile import CacheRules
from proxy.clock import Instant
from proxy.connect.resources import Freshness
from proxy.connect.rules import ConnectRules

RulesByFreshness = Mapping[Freshness | None, CacheRules]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeBounds:
    """How old an answer may be: a fresh one, a stale one; and for how long the latter may be served at all."""

    hit_seconds: float
    stale_seconds: float
    outage_seconds: float


class StoringRules:
    """The rules by which answers are stored, as things are now. `is_watched` tells of a token and a vault."""

    def __init__(
        self,
        *,
        rules: ConnectRules,
        started_at: Instant | None,
        is_watched: Callable[[bytes, str, Instant], bool],
    ) -> None:
        self.adopt(rules)
        self._is_watched = is_watched
        self._settled_at = float("-inf")
        if started_at is not None:
            self._settled_at = started_at.boot_seconds + rules.write_fence_seconds

    def adopt(self, rules: ConnectRules) -> None:
        """Go by other rules from now on."""
        cap, item, listed = (
            rules.restart_freshness_seconds,
            rules.item_freshness_seconds,
            rules.list_freshness_seconds,
        )
        self._cautious = cache_rules(rules, min(cap, item), min(cap, listed))
        self._plain = cache_rules(rules, item, listed)
        self._watched = cache_rules(rules, item, max(listed, rules.check_interval_seconds))

    @property
    def age_bounds(self) -> AgeBounds:
        """The ages that these rules promise."""
        lasting = (*self._plain.values(), *self._watched.values())
        oldest_seconds = max(rules.assigned_freshness_seconds or 0.0 for rules in lasting)
        outage_seconds = max(rules.stale_if_error_seconds for rules in lasting)
        return AgeBounds(
            hit_seconds=oldest_seconds,
            stale_seconds=oldest_seconds + outage_seconds,
            outage_seconds=outage_seconds,
        )

    def of(self, partition: bytes, vault: str, now: Instant) -> RulesByFreshness:
        """Return the rules for what a token reads in a vault."""
        if now.boot_seconds < self._settled_at:
            return self._cautious
        return self._watched if vault and self._is_watched(partition, vault, now) else self._plain


def cache_rules(rules: ConnectRules, item_seconds: float, list_seconds: float) -> RulesByFreshness:
    """Return the rules of RFC 9111 for each kind of lifetime; None is for what is never stored."""
    lifetimes = {Freshness.ITEM: item_seconds, Freshness.LIST: list_seconds, None: None}
    return {
        freshness: CacheRules(
            shared=False,
            heuristics=False,
            assigned_freshness_seconds=seconds,
            stale_if_error_seconds=rules.stale_if_error_seconds,
            stale_if_error_most_seconds=rules.stale_if_error_seconds,
            ages_by_date=False,
            answer_stale_after_seconds=rules.answer_stale_after_seconds or None,
            storable_statuses=frozenset({200}),
        )
        for freshness, seconds in lifetimes.items()
    }
