"""Write fences: until when nothing of a written scope may be stored, and what ends that sooner.

Connect is eventually consistent inside: a PUT answers version N and N+1 is visible later (facts.md 4.2). A fence is
lifted only by an answer, to a request sent after the last write ended, that shows what the writes must lead to; an
unknown outcome is lifted by time only. Another such answer that shows less comes from a replica that is behind: until
the fence's time is over it is lowered again. While any fence is open in a vault, whatever shows its contents is fenced
too.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from proxy.caching.inspection import FenceEnd, OpenFence
from proxy.clock import Instant

_UNNAMED = ""
"""Stands for an item whose id we never learnt: a create without a readable answer."""

_LINGER_SECONDS = 60.0  # longer than any request under way when its fence ran out


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one answer shows of a vault, and when its request was sent.

    `listed` are the ids of a list that hides nothing; `missing` is an item that is not there.
    """

    sent: Instant
    versions: Mapping[str, int]
    listed: AbstractSet[str] | None = None
    missing: str | None = None

    def lacks(self, item: str) -> bool:
        """Tell whether an item is shown not to be there."""
        return item == self.missing or (self.listed is not None and item not in self.listed)

    def has(self, item: str) -> bool:
        """Tell whether an item is shown to be there."""
        return item in self.versions or (self.listed is not None and item in self.listed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fence:
    """What the writes to one item must lead to. Times are boot_seconds.

    `version` is the version expected, `is_deletion` expects absence; until `uncertain_until` nothing shown counts.
    """

    last_ended: float
    until: float
    uncertain_until: float
    version: int | None
    is_deletion: bool
    is_lifted: bool = False

    def is_open(self, at: float) -> bool:
        return at < self.until and (at < self.uncertain_until or not self.is_lifted)

    def seen(self, at: float) -> OpenFence:
        waits_for = FenceEnd.ABSENCE if self.is_deletion else FenceEnd.VERSION
        if at < self.uncertain_until or (self.version is None and not self.is_deletion):
            waits_for = FenceEnd.TIME
        return OpenFence(
            waits_for=waits_for,
            version=self.version if waits_for is FenceEnd.VERSION else None,
            age_seconds=at - self.last_ended,
            left_seconds=self.until - at,
        )

    def is_met(self, item: str, evidence: Evidence) -> bool:
        if evidence.sent.boot_seconds <= self.last_ended:
            return False
        if self.is_deletion:
            return evidence.lacks(item)
        shown = evidence.versions.get(item)
        return self.version is not None and shown is not None and shown >= self.version

    def is_denied(self, item: str, evidence: Evidence) -> bool:
        """Tell whether an answer shows that whoever gave it has not seen the writes."""
        if evidence.sent.boot_seconds <= self.last_ended:
            return False
        if self.is_deletion:
            return evidence.has(item)
        shown = evidence.versions.get(item)
        return self.version is not None and shown is not None and shown < self.version


class WriteFences:
    """All fences. Too many of them become one around everything, which is always safe."""

    def __init__(self, *, write_fence_seconds: float, capacity: int = 4096) -> None:
        self._fence_seconds = write_fence_seconds
        self._capacity = capacity
        self._vaults: dict[str, dict[str, _Fence]] = {}
        self._by_age: OrderedDict[tuple[str, str], None] = OrderedDict()
        """All fences as vault and item, the last written last: who looks for old ones need look at the first only."""
        self._everything_until = float("-inf")
        self._latest_until = float("-inf")

    def item_is_fenced(self, vault: str, item: str, at: Instant) -> bool:
        """Tell whether an item and its files are fenced."""
        boot = at.boot_seconds
        if boot >= self._latest_until:
            return False
        fence = self._vaults.get(vault, {}).get(item)
        return boot < self._everything_until or (fence is not None and fence.is_open(boot))

    def awaits(self, vault: str, item: str, at: Instant) -> bool:
        """Tell whether it is known what the writes to an item must lead to, and nothing has shown it yet."""
        boot = at.boot_seconds
        fence = self._vaults.get(vault, {}).get(item)
        return fence is not None and fence.is_open(boot) and boot >= fence.uncertain_until

    def vault_is_fenced(self, vault: str, at: Instant) -> bool:
        """Tell whether a vault's lists and its object are fenced."""
        boot = at.boot_seconds
        if boot >= self._latest_until:
            return False
        fences = self._vaults.get(vault, {})
        return boot < self._everything_until or any(fence.is_open(boot) for fence in fences.values())

    def any_is_fenced(self, at: Instant) -> bool:
        """Tell whether vault lists are fenced."""
        return at.boot_seconds < self._latest_until and (
            at.boot_seconds < self._everything_until or self.open_fences(at) > 0
        )

    def open_fences(self, at: Instant) -> int:
        """Count the open fences, the one around everything included."""
        boot = at.boot_seconds
        everything = 1 if boot < self._everything_until else 0
        return everything + sum(
            fence.is_open(boot) for fences in self._vaults.values() for fence in fences.values()
        )

    def oldest_open_seconds(self, at: Instant) -> float:
        """Return how long ago the write ended whose fence has been open for longest; 0 while none is."""
        boot = at.boot_seconds
        ended = [
            fence.last_ended
            for fences in self._vaults.values()
            for fence in fences.values()
            if fence.is_open(boot)
        ]
        if boot < self._everything_until:
            ended.append(self._everything_until - self._fence_seconds)
        return boot - min(ended, default=boot)

    def open_around(self, vault: str | None, item: str | None, at: Instant) -> Iterator[OpenFence]:
        """Return the open fences that concern an item, a vault (`item` None), or vault lists (both None)."""
        boot = at.boot_seconds
        if boot < self._everything_until:
            left_seconds = self._everything_until - boot
            age_seconds = self._fence_seconds - left_seconds
            yield OpenFence(waits_for=FenceEnd.TIME, age_seconds=age_seconds, left_seconds=left_seconds)
        vaults = self._vaults if vault is None else {vault: self._vaults.get(vault, {})}
        for fences in vaults.values():
            for name, fence in fences.items():
                if fence.is_open(boot) and item in {None, name}:
                    yield fence.seen(boot)

    def changed(self, vault: str, item: str, answered_version: int, ended: Instant) -> None:
        """Note an applied PUT or PATCH: one more version than answered, or than already expected."""
        before = self._before(vault, item, ended)
        if before is not None and before.is_deletion:
            self.unknown(
                vault, item, ended
            )  # a deleted item can't be changed: what happened first is unclear
            return
        expected = before.version if before is not None else None
        self._put(vault, item, ended, version=max(expected or 0, answered_version) + 1)

    def created(self, vault: str, item: str, answered_version: int, ended: Instant) -> None:
        """Note an applied POST: the answered version itself is awaited, at least 1 (as Terraform does)."""
        before = self._before(vault, item, ended)
        expected = before.version if before is not None else None
        self._put(vault, item, ended, version=max(expected or 1, answered_version))

    def deleted(self, vault: str, item: str, ended: Instant) -> None:
        """Note an applied DELETE: the item must be seen missing."""
        self._put(vault, item, ended, is_deletion=True)

    def unknown(self, vault: str, item: str | None, ended: Instant) -> None:
        """Note a write that may have been applied, to an item or (None) to one without a known id."""
        before = self._before(vault, item or _UNNAMED, ended)
        self._put(
            vault,
            item or _UNNAMED,
            ended,
            version=before.version if before is not None else None,
            is_deletion=before is not None and before.is_deletion,
            uncertain_until=ended.boot_seconds + self._fence_seconds,
        )

    def unknown_everywhere(self, ended: Instant) -> None:
        """Note a write that may have changed anything."""
        until = ended.boot_seconds + self._fence_seconds
        self._everything_until = max(self._everything_until, until)
        self._latest_until = max(self._latest_until, until)

    def has_any(self, vault: str) -> bool:
        """Tell whether there may be anything to lift in a vault."""
        return vault in self._vaults

    def lift(self, vault: str, evidence: Evidence, now: Instant) -> tuple[str, ...]:
        """Lift what an answer settles; return the items whose fences opened."""
        fences = self._vaults.get(vault)
        if fences is None:
            return ()
        lifted: list[str] = []
        for item in _concerned(fences, evidence):
            fence = fences[item]
            if fence.is_lifted or not fence.is_open(now.boot_seconds) or not fence.is_met(item, evidence):
                continue
            fences[item] = settled = replace(fence, is_lifted=True)
            if not settled.is_open(now.boot_seconds):
                lifted.append(item)
        return tuple(lifted)

    def lower(self, vault: str, evidence: Evidence, now: Instant) -> tuple[str, ...]:
        """Lower again what was lifted and an answer denies; return the items whose fences closed."""
        fences = self._vaults.get(vault, {})
        lowered: list[str] = []
        for item in _concerned(fences, evidence):
            fence = fences[item]
            if fence.is_lifted and now.boot_seconds < fence.until and fence.is_denied(item, evidence):
                fences[item] = replace(fence, is_lifted=False)
                lowered.append(item)
        return tuple(lowered)

    def _before(self, vault: str, item: str, now: Instant) -> _Fence | None:
        fence = self._vaults.get(vault, {}).get(item)
        return fence if fence is not None and now.boot_seconds < fence.until else None

    def _put(
        self,
        vault: str,
        item: str,
        ended: Instant,
        *,
        version: int | None = None,
        is_deletion: bool = False,
        uncertain_until: float = float("-inf"),
    ) -> None:
        before = self._before(vault, item, ended)
        if before is not None:
            uncertain_until = max(uncertain_until, before.uncertain_until)
        self._make_room(ended)
        until = ended.boot_seconds + self._fence_seconds
        self._latest_until = max(self._latest_until, until)
        self._by_age[vault, item] = None
        self._by_age.move_to_end((vault, item))
        self._vaults.setdefault(vault, {})[item] = _Fence(
            last_ended=ended.boot_seconds,
            until=until,
            uncertain_until=uncertain_until,
            version=version,
            is_deletion=is_deletion,
        )

    def _make_room(self, now: Instant) -> None:
        gone = now.boot_seconds - _LINGER_SECONDS
        while self._by_age:
            vault, item = oldest = next(iter(self._by_age))
            fences = self._vaults[vault]
            if fences[item].until > gone:
                break
            del self._by_age[oldest], fences[item]
            if not fences:
                del self._vaults[vault]
        if len(self._by_age) >= self._capacity:
            self._vaults.clear()
            self._by_age.clear()
            self.unknown_everywhere(now)


def _concerned(fences: Mapping[str, _Fence], evidence: Evidence) -> Iterable[str]:
    """Return the items with a fence of which an answer says anything: a list of all speaks of those it omits, too."""
    if evidence.listed is not None:
        return tuple(fences)
    shown = (*evidence.versions, evidence.missing)
    return tuple(item for item in shown if item is not None and item in fences)
