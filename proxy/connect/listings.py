"""What one complete list of a vault proves about everything stored of it (design rule 6, facts.md 4.4).

A list shows version, updatedAt and state of every item. A stored item with the same three is as good as new; a stored
search is, if nothing in the vault has changed since before it was asked. A change drops the searches: which of them it
concerns can't be told without understanding filters. All of it is one token's evidence about its own stored responses.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from proxy.caching.key import Tag
from proxy.caching.profile import CacheRules
from proxy.caching.stored_response import StoredResponse
from proxy.clock import Instant
from proxy.connect.resources import Mark

_NOTHING: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultListed:
    """A `Proof`: an unfiltered list, sent at `sent`, that nothing speaks against.

    The vault has looked like this since `unchanged_since` (boot_seconds); `changed` means: not when last looked at.
    """

    about: tuple[Tag, ...]
    summaries: Mapping[str, bytes] = field(repr=False)
    sent: Instant
    unchanged_since: float
    changed: bool
    item_rules: CacheRules
    list_rules: CacheRules

    def confirms(self, stored: StoredResponse) -> CacheRules | None:
        """Return the rules by which an unchanged item or search is fresh again."""
        if not stored.evidence or not all(
            self.summaries.get(item) == summary for item, summary in stored.evidence
        ):
            return None
        if not _is_search(stored):
            return self.item_rules
        was_unchanged = self.unchanged_since <= stored.request_sent.boot_seconds
        return self.list_rules if was_unchanged else None

    def outdates(self, stored: StoredResponse) -> bool:
        """Tell whether a search was asked for before something changed."""
        return (
            self.changed and _is_search(stored) and stored.request_sent.boot_seconds < self.sent.boot_seconds
        )


def _is_search(stored: StoredResponse) -> bool:
    return stored.evidence != _NOTHING and stored.tags[-1][0] == Mark.ITEMS.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a vault looked when its list was last fetched. Times are boot_seconds."""

    fingerprint: int
    unchanged_since: float
    sent: float


class Listings:
    """The last look of every token at every vault, bounded; what is forgotten counts as never seen."""

    def __init__(self, *, capacity: int = 4096) -> None:
        self._capacity = capacity
        self._looks: OrderedDict[tuple[bytes, str], Look] = OrderedDict()

    def listed(
        self, partition: bytes, vault: str, summaries: Mapping[str, bytes], sent: Instant, now: Instant
    ) -> tuple[Look, bool] | None:
        """Note a complete list; return the look and whether the vault has changed. None: a later one is known."""
        place = (partition, vault)
        before = self._looks.get(place)
        if before is not None and before.sent >= sent.boot_seconds:
            return None
        fingerprint = hash(frozenset(summaries.items()))
        changed = before is not None and before.fingerprint != fingerprint
        # The list of an unchanged vault: what was asked after the first such list had arrived saw the same.
        since = now.boot_seconds if before is None or changed else before.unchanged_since
        look = Look(fingerprint=fingerprint, unchanged_since=since, sent=sent.boot_seconds)
        self._looks[place] = look
        self._looks.move_to_end(place)
        if len(self._looks) > self._capacity:
            self._looks.popitem(last=False)
        return look, changed

    def last_sent(self, partition: bytes, vault: str) -> float | None:
        """Return when the last list was asked for (boot_seconds)."""
        look = self._looks.get((partition, vault))
        return None if look is None else look.sent
