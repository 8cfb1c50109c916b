"""What an unchanged contentVersion of a vault proves, where an operator trusts it (`trust_content_version`).

That it moves with every change inside a vault is likely and not proven (facts.md 4.4), so by default it is a hint: one
that has moved has the vault's list looked at. Where it is trusted, a token that saw a number and sees it again has seen
nothing change in between: all it has read of the vault since is as good as new, and one small answer stands for a list
of any length.
"""

from collections import OrderedDict
from dataclasses import dataclass

from proxy.caching.key import Tag
from proxy.caching.profile import CacheRules
from proxy.caching.stored_response import StoredResponse
from proxy.clock import Instant
from proxy.connect.resources import Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultUnchanged:
    """A `Proof`: nothing inside a vault has changed since a moment (boot_seconds)."""

    about: tuple[Tag, ...]
    since: float
    item_rules: CacheRules
    list_rules: CacheRules

    def confirms(self, stored: StoredResponse) -> CacheRules | None:
        """Return the rules by which what was asked for since then is fresh again; the vault object is not inside."""
        if stored.request_sent_boot_seconds < self.since:
            return None
        match stored.tags[-1][0]:
            case Mark.ITEM.value:
                return self.item_rules
            case Mark.ITEMS.value:
                return self.list_rules
            case _:
                return None

    def outdates(self, stored: StoredResponse) -> bool:
        """Outdate nothing."""
        return False


@dataclass(slots=True)
class _Known:
    """What one token has last been shown of one vault, and when an answer first showed it (boot_seconds)."""

    version: int
    since: float
    sent: float


class ContentVersions:
    """The last contentVersion of every token and vault, bounded; what is forgotten counts as never seen."""

    def __init__(self, *, capacity: int = 4096) -> None:
        self._capacity = capacity
        self._known: OrderedDict[tuple[bytes, str], _Known] = OrderedDict()

    def shown(self, partition: bytes, vault: str, version: int, sent: Instant, now: Instant) -> float | None:
        """Note a contentVersion that has just arrived; return since when it has not moved, None if it has."""
        place, asked = (partition, vault), sent.boot_seconds
        known = self._known.get(place)
        if known is None or known.version != version:
            if known is None or asked > known.sent:
                # What is asked from now on sees nothing older than this answer.
                self._known[place] = _Known(version=version, since=now.boot_seconds, sent=asked)
                self._known.move_to_end(place)
                if len(self._known) > self._capacity:
                    self._known.popitem(last=False)
            return None
        known.sent = max(known.sent, asked)
        return known.since
