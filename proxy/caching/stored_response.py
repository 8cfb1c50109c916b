"""A stored response (RFC 9111 section 3): what was received, when, and what was decided about it once.

Immutable: freshening makes a new one. Ages and lifetimes are seconds; residence time counts on boot_seconds.
"""

from dataclasses import dataclass

from proxy.caching.key import CacheKey, Tag
from proxy.clock import Instant
from proxy.semantics.message import Response

Evidence = tuple[tuple[str, bytes], ...]
"""Pairs of a name and what was said of it; the caching rules only keep it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResponse:
    """One complete 200-class answer kept for reuse.

    `nominated` holds the request's values of the fields that Vary names, normalised (see selection);
    `generation` is that of its scopes when the request was sent: once they differ it must be validated;
    `stale_if_error_seconds` is the origin's word; None: it is silent, and the rules of the request decide.
    `scopes` are those that its generation is of. `version` is the application's own version number of what the body
    shows, and `evidence` what the profile must know of it to tell later that nothing has changed.
    """

    key: CacheKey
    nominated: tuple[tuple[str, str | None], ...]
    response: Response
    request_sent: Instant
    response_received: Instant
    corrected_initial_age_seconds: float
    freshness_lifetime_seconds: float
    stale_while_revalidate_seconds: float
    stale_if_error_seconds: float | None
    must_validate: bool
    must_revalidate: bool
    entity_tag: str | None
    tags: tuple[Tag, ...]
    generation: int
    scopes: tuple[Tag, ...] = ()
    version: int | None = None
    evidence: Evidence = ()

    def current_age_seconds(self, now: Instant) -> float:
        """Return the current age (RFC 9111 section 4.2.3)."""
        resident = max(0.0, now.boot_seconds - self.response_received.boot_seconds)
        return self.corrected_initial_age_seconds + resident

    def ttl_seconds(self, now: Instant) -> float:
        """Return the remaining freshness lifetime; negative once stale (RFC 9211's `ttl`)."""
        return self.freshness_lifetime_seconds - self.current_age_seconds(now)
