"""A stored response (RFC 9111 section 3): what was received, when, and what was decided about it once.

Immutable: freshening makes a new one; but for its receipt, which it may share with others, and which is renewed for
all of them at once. Ages and lifetimes are seconds; residence time counts on boot_seconds.
A body may depend on the time of day; then a `Variation` makes it anew for every reuse.
"""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from proxy.caching.key import CacheKey, Tag
from proxy.caching.receipt import Receipt
from proxy.clock import Instant
from proxy.semantics.message import Response

Evidence = tuple[tuple[str, bytes], ...]
"""Pairs of a name and what was said of it; the caching rules only keep it."""


class Variation(Protocol):
    """How a stored body follows the time of day: between two edges it stays, octet for octet."""

    def at(self, stored: "StoredResponse", now: Instant) -> "StoredResponse":
        """Return the same response with the body as of `now`."""
        ...

    def began_at_wall_seconds(self, now: Instant) -> float:
        """Return the last edge: since then the body is what it is."""
        ...

    def changes_at_wall_seconds(self, now: Instant) -> float:
        """Return the next edge: then the body will be another."""
        ...


class ReuseTerms(NamedTuple):
    """How long a response is fresh and how stale it may become, decided when it came; shared by all that agree in it.

    `stale_if_error_seconds` is the origin's word; None: it is silent, and the rules of the request decide.
    """

    freshness_lifetime_seconds: float
    stale_while_revalidate_seconds: float
    stale_if_error_seconds: float | None
    must_validate: bool
    must_revalidate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResponse:
    """One complete 200-class answer kept for reuse.

    `nominated` holds the request's values of the fields that Vary names, normalised (see selection);
    `generation` is that of its scopes when the request was sent: once they differ it must be validated;
    `receipt` is that of the answer that brought it, or of one that has confirmed it since; its Date is the one shown.
    `scopes` are those that its generation is of. `version` is the application's own version number of what the body
    shows, and `evidence` what the profile must know of it to tell later that nothing has changed.
    """

    key: CacheKey
    nominated: tuple[tuple[str, str | None], ...] = field(repr=False)
    response: Response
    receipt: Receipt
    terms: ReuseTerms
    entity_tag: str | None
    tags: tuple[Tag, ...]
    generation: int
    scopes: tuple[Tag, ...] = ()
    version: int | None = None
    evidence: Evidence = ()
    is_confirmed: bool = False  # by an answer about something else, since it was fetched
    variation: Variation | None = field(default=None, repr=False)

    @property
    def request_sent_boot_seconds(self) -> float:
        """When what showed it as it is was last asked for."""
        return self.receipt.request_sent_boot_seconds

    def at(self, now: Instant) -> "StoredResponse":
        """Return what may be shown as of `now`."""
        return self if self.variation is None else self.variation.at(self, now)

    def current_age_seconds(self, now: Instant) -> float:
        """Return the current age (RFC 9111 section 4.2.3)."""
        receipt = self.receipt
        return max(now.boot_seconds, receipt.received_boot_seconds) - receipt.age_zero_boot_seconds

    def ttl_seconds(self, now: Instant) -> float:
        """Return the remaining freshness lifetime; negative once stale (RFC 9211's `ttl`)."""
        return self.terms.freshness_lifetime_seconds - self.current_age_seconds(now)

    def shown_age_seconds(self, now: Instant) -> float:
        """Return the age that is shown: a body that varies is no older than its last edge."""
        age_seconds = self.current_age_seconds(now)
        if self.variation is None:
            return age_seconds
        return min(age_seconds, now.wall_seconds - self.variation.began_at_wall_seconds(now))

    def shown_ttl_seconds(self, now: Instant) -> float:
        """Return the `ttl` that is shown: a body that varies is right until its next edge, and no longer."""
        ttl_seconds = self.ttl_seconds(now)
        if self.variation is None:
            return ttl_seconds
        return min(ttl_seconds, self.variation.changes_at_wall_seconds(now) - now.wall_seconds)
