"""Leases: what proves that a token may still read a vault, and until when.

Only an upstream answer grants access. A lease belongs to one token and one vault and counts from when the request
was sent; the vault lists of a token have one of their own. Refusals are remembered by when their requests were sent,
so that an older success that arrives late proves nothing. Losing memory only ever loses access.
"""

from collections import OrderedDict
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum

from proxy.clock import Instant

VAULT_LISTS = ""
"""The pseudo-vault whose lease covers the vault lists of a token."""

_SECOND_REFUSAL_SECONDS = 0.1 - 1e-6  # a retry planned 0.1 s later must not miss it by rounding
_MOST_VAULTS = 4096
_PARDON_SECONDS = 30.0


class Lease(StrEnum):
    """What is known of a token's access to a vault."""

    HELD = "held"
    LAPSED = "lapsed"  # nothing lately: it must be verified
    SUSPENDED = "suspended"  # Connect refused the token


class TokenState(StrEnum):
    """How a token stands that Connect has accepted, whatever the vault."""

    VERIFIED = "verified"  # an answer proves it at this moment
    UNVERIFIED = "unverified"  # it has not been used lately, or Connect does not answer
    REFUSED = "refused"  # Connect's last word was 401


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownToken:
    """One token that Connect has accepted, and how long ago it last did."""

    partition: bytes
    state: TokenState
    verified_age_seconds: float


class Refusal(StrEnum):
    """What a refused token loses."""

    SUSPENDED = "suspended"  # nothing of it is served until a success
    DROPPED = "dropped"  # all that is stored for it goes
    STRANGER = "stranger"  # a token that never succeeded here, or is forgotten


@dataclass(slots=True)
class _Standing:
    """One token: when requests were sent (boot_seconds) that renewed, ended or refused."""

    renewed: dict[str, float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)
    accepted: float = float("-inf")
    refused_first: float | None = None
    refused_last: float = float("-inf")
    dropped: float = float("-inf")


class Leases:
    """The standing of every token that Connect has accepted, bounded; the longest unused are forgotten first."""

    def __init__(
        self, *, token_verification_seconds: float, forget_after_seconds: float, capacity: int = 4096
    ) -> None:
        self.lease_seconds = token_verification_seconds
        self._forget_after_seconds = forget_after_seconds
        self._capacity = capacity
        self._standings: OrderedDict[bytes, _Standing] = OrderedDict()
        self._strangers: OrderedDict[bytes, float] = OrderedDict()

    def state(self, partition: bytes, vault: str, now: Instant) -> Lease:
        """Tell how a token stands with a vault."""
        if self.holds(partition, vault, now):
            return Lease.HELD
        standing = self._standings.get(partition)
        is_suspended = standing is not None and standing.refused_first is not None
        return Lease.SUSPENDED if is_suspended else Lease.LAPSED

    def holds(self, partition: bytes, vault: str, now: Instant) -> bool:
        """Tell whether a token has a current lease on a vault."""
        standing = self._standings.get(partition)
        if standing is None or standing.refused_first is not None:
            return False
        renewed = standing.renewed.get(vault)
        return renewed is not None and now.boot_seconds - renewed < self.lease_seconds

    def held_until(self, partition: bytes, vault: str) -> float:
        """Return the boot_seconds at which a lease that is held now will have lapsed."""
        standing = self._standings.get(partition)
        renewed = None if standing is None else standing.renewed.get(vault)
        return float("-inf") if renewed is None else renewed + self.lease_seconds

    def age_seconds(self, partition: bytes, vault: str, now: Instant) -> float | None:
        """Return how long ago a request was sent that proved access; None if nothing has, or not since a refusal."""
        standing = self._standings.get(partition)
        renewed = None if standing is None else standing.renewed.get(vault)
        return None if renewed is None else now.boot_seconds - renewed

    def is_known(self, partition: bytes) -> bool:
        """Tell whether Connect has accepted this token, as far as is remembered."""
        return partition in self._standings

    def renew(self, partition: bytes, vault: str, sent_at: Instant) -> None:
        """Note a complete success to a request inside a vault; it also restores a suspended token."""
        sent = sent_at.boot_seconds
        standing = self._standings.get(partition)
        if standing is None:
            if sent <= self._strangers.get(partition, float("-inf")):
                return
            standing = self._standings[partition] = _Standing()
            self._strangers.pop(partition, None)
        self._standings.move_to_end(partition)
        if sent <= standing.dropped:
            return
        standing.accepted = max(standing.accepted, sent)
        if sent > standing.refused_last:
            standing.refused_first = None
        self._extend(standing, vault, sent)

    def listed(self, partition: bytes, vaults: AbstractSet[str], sent_at: Instant) -> tuple[str, ...]:
        """Note an unfiltered vault list: it renews what it lists and ends the rest; return the ended vaults."""
        standing = self._standings.get(partition)
        sent = sent_at.boot_seconds
        if standing is None or sent <= standing.dropped:
            return ()
        for vault in vaults:
            self._extend(standing, vault, sent)
        ended = tuple(
            vault
            for vault, renewed in standing.renewed.items()
            if vault not in vaults and vault != VAULT_LISTS and renewed < sent
        )
        for vault in ended:
            self.end(partition, vault, sent_at)
        return ended

    def end(self, partition: bytes, vault: str, sent_at: Instant) -> bool:
        """End a lease; a success sent before `sent_at` no longer renews it. Tell whether there had been one."""
        standing = self._standings.get(partition)
        if standing is None:
            return False
        had_one = standing.renewed.pop(vault, None) is not None
        standing.ended.pop(vault, None)
        standing.ended[vault] = sent_at.boot_seconds
        if len(standing.ended) > _MOST_VAULTS:
            del standing.ended[next(iter(standing.ended))]
        return had_one

    def is_accepted(self, partition: bytes) -> bool:
        """Tell whether Connect has accepted this token and not refused it since."""
        standing = self._standings.get(partition)
        return standing is not None and standing.refused_first is None

    def is_dropped(self, partition: bytes) -> bool:
        """Tell whether Connect has refused this token twice since it last accepted it."""
        standing = self._standings.get(partition)
        if standing is None or standing.refused_first is None:
            return False
        return standing.dropped >= standing.refused_first

    def known(self, now: Instant) -> Iterator[KnownToken]:
        """Tell of every token that Connect has accepted."""
        for partition, standing in self._standings.items():
            age_seconds = now.boot_seconds - standing.accepted
            state = TokenState.VERIFIED if age_seconds < self.lease_seconds else TokenState.UNVERIFIED
            if standing.refused_first is not None:
                state = TokenState.REFUSED
            yield KnownToken(partition=partition, state=state, verified_age_seconds=age_seconds)

    def pardon(self, now: Instant) -> None:
        """Restore tokens refused a moment ago: Connect turns out not to have been able to know them."""
        for standing in self._standings.values():
            first = standing.refused_first
            if first is not None and standing.dropped < first and now.boot_seconds - first < _PARDON_SECONDS:
                standing.refused_first = None

    def refuse(self, partition: bytes, sent_at: Instant) -> Refusal:
        """Note that Connect refused a token itself (401)."""
        sent = sent_at.boot_seconds
        standing = self._standings.get(partition)
        if standing is None:
            self._strangers[partition] = max(sent, self._strangers.pop(partition, sent))
            if len(self._strangers) > self._capacity:
                self._strangers.popitem(last=False)
            return Refusal.STRANGER
        standing.refused_last = max(standing.refused_last, sent)
        first = standing.refused_first
        if first is None:
            standing.refused_first = sent
            return Refusal.SUSPENDED
        if abs(sent - first) < _SECOND_REFUSAL_SECONDS or standing.accepted > sent:
            return Refusal.SUSPENDED
        standing.renewed.clear()
        standing.dropped = standing.refused_last
        return Refusal.DROPPED

    def forget(self, now: Instant) -> tuple[bytes, ...]:
        """Forget idle and surplus tokens; whatever is stored for the returned ones has to go."""
        forgotten: list[bytes] = []
        while self._standings:
            partition, standing = next(iter(self._standings.items()))
            idle = now.boot_seconds - max(standing.accepted, standing.refused_last)
            if len(self._standings) <= self._capacity and idle < self._forget_after_seconds:
                break
            del self._standings[partition]
            forgotten.append(partition)
        return tuple(forgotten)

    def _extend(self, standing: _Standing, vault: str, sent: float) -> None:
        if sent <= standing.ended.get(vault, float("-inf")):
            return
        standing.ended.pop(vault, None)
        if vault in standing.renewed or len(standing.renewed) < _MOST_VAULTS:
            standing.renewed[vault] = max(sent, standing.renewed.get(vault, sent))
