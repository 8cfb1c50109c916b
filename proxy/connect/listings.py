"""What one complete list of a vault proves about everything stored of it (design rule 6, facts.md 4.4).

A list shows version, updatedAt and state of every item. A stored item with the same three is as good as new. A stored
search is, if the whole vault looks as it did before it was asked; or if only contents have changed since an earlier
list proved it, none of them its own: searches by title or tag choose by nothing else. All of it is one token's evidence
about its own stored responses.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import unquote_plus

from proxy.caching.key import Tag
from proxy.caching.profile import CacheRules
from proxy.caching.stored_response import StoredResponse
from proxy.clock import Instant
from proxy.connect.bodies import Reading
from proxy.connect.resources import Mark

_LISTED = Mark.ITEMS.value
_BY_LABEL = re.compile(r'filter=(?:title|tag) (?:eq|co) "[^"\\]*"')
"""Searches that clients make (facts.md 5); any other may choose by what this module does not look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a vault looked when its list was last fetched; `labels` leaves out what changes with the contents.

    Times are boot_seconds. `is_changed` tells that it looked different before; `proven_as_of` is when the list before
    was sent, if labels have stayed the same since.
    """

    fingerprint: int
    labels: int
    unchanged_since: float
    sent: float
    is_changed: bool
    proven_as_of: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultListed:
    """A `Proof`: an unfiltered list that nothing speaks against, and the look that it made.

    `summaries` are of the items that it can speak for; `list_rules` is None if it can't for any search.
    """

    about: tuple[Tag, ...]
    summaries: Mapping[str, bytes] = field(repr=False)
    look: Look
    item_rules: CacheRules
    list_rules: CacheRules | None

    def confirms(self, stored: StoredResponse) -> CacheRules | None:
        """Return the rules by which an unchanged item or search is fresh again."""
        if not stored.evidence:
            return None
        for item, summary in stored.evidence:
            if self.summaries.get(item) != summary:
                return None
        if not _is_search(stored):
            return self.item_rules
        return self.list_rules if self._proves_search(stored) else None

    def outdates(self, stored: StoredResponse) -> bool:
        """Tell whether a search was asked for before something changed that may concern it."""
        return (
            self.look.is_changed
            and _is_search(stored)
            and stored.request_sent_boot_seconds < self.look.sent
            and self.confirms(stored) is None
        )

    def _proves_search(self, stored: StoredResponse) -> bool:
        look, asked = self.look, stored.request_sent_boot_seconds
        if not look.is_changed:
            return asked >= look.unchanged_since or asked == look.proven_as_of
        # Asked between the two lists it may have seen a title come and go; proven by the one before it has not.
        return asked == look.proven_as_of and _chooses_by_label(stored.key.target)


def _is_search(stored: StoredResponse) -> bool:
    return bool(stored.evidence) and stored.tags[-1][0] == _LISTED


def _chooses_by_label(target: str) -> bool:
    return _BY_LABEL.fullmatch(unquote_plus(target.partition("?")[2])) is not None


class Listings:
    """The last look of every token at every vault, bounded; what is forgotten counts as never seen."""

    def __init__(self, *, capacity: int = 4096) -> None:
        self._capacity = capacity
        self._looks: OrderedDict[tuple[bytes, str], Look] = OrderedDict()

    def listed(
        self, partition: bytes, vault: str, reading: Reading, sent: Instant, now: Instant
    ) -> Look | None:
        """Note a complete list that has just arrived; None if a later one is known."""
        place = (partition, vault)
        before = self._looks.get(place)
        if before is not None and before.sent >= sent.boot_seconds:
            return None
        is_same = before is not None and before.fingerprint == reading.fingerprint
        has_same_labels = before is not None and before.labels == reading.labels
        look = Look(
            fingerprint=reading.fingerprint,
            labels=reading.labels,
            # What is asked from now on sees nothing older than this list.
            unchanged_since=before.unchanged_since if before is not None and is_same else now.boot_seconds,
            sent=sent.boot_seconds,
            is_changed=before is not None and not is_same,
            proven_as_of=before.sent if before is not None and has_same_labels else None,
        )
        self._looks[place] = look
        self._looks.move_to_end(place)
        if len(self._looks) > self._capacity:
            self._looks.popitem(last=False)
        return look

    def listed_again(self, partition: bytes, vault: str, sent: Instant) -> None:
        """Note that a list has come that looks like the last one."""
        place = (partition, vault)
        before = self._looks.get(place)
        if before is not None:
            self._looks[place] = replace(before, sent=sent.boot_seconds)
            self._looks.move_to_end(place)
