"""What guessing costs: refusals by the upstream are counted per party and overall, and there are only so many.

A party is whoever shares a peer (see `semantics.peer`). A token that the upstream accepts costs nothing, so that who
restarts with many valid ones is not slowed down. Made-up tokens leave no trace but these numbers: the table is of
parties, and bounded; who owes nothing is forgotten first.
"""

from collections import OrderedDict
from fractions import Fraction

from proxy.admission.token_bucket import Limit, TokenBucket
from proxy.clock import Instant

_LOOKED_AT = 16


class RefusalBudgets:
    """The budgets of all parties, under one for all of them together."""

    def __init__(
        self,
        *,
        per_party: Limit = Limit(per_second=Fraction(20), burst=100),  # noqa: B008 - frozen
        overall: Limit = Limit(per_second=Fraction(100), burst=500),  # noqa: B008 - frozen
        capacity: int = 1024,
    ) -> None:
        self._per_party = per_party
        self._overall = TokenBucket(overall)
        self._capacity = capacity
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def adopt(self, *, per_party: Limit, overall: Limit) -> None:
        """Go by other limits from now on; whoever's changed owes nothing."""
        if per_party != self._per_party:
            self._per_party = per_party
            self._buckets.clear()
        if overall != self._overall.limit:
            self._overall = TokenBucket(overall)

    def wait_seconds(self, party: str, now: Instant) -> float:
        """Return when a party may ask again for an unknown token; 0: now."""
        bucket = self._buckets.get(party)
        own_seconds = 0.0 if bucket is None else bucket.wait_seconds(now)
        return max(own_seconds, self._overall.wait_seconds(now))

    def refused(self, party: str, now: Instant) -> None:
        """Charge a refusal. It has happened: a budget may fall below nothing by what was under way."""
        bucket = self._buckets.get(party)
        if bucket is None:
            self._make_room(now)
            bucket = self._buckets[party] = TokenBucket(self._per_party)
        self._buckets.move_to_end(party)
        bucket.charge(now)
        self._overall.charge(now)

    def _make_room(self, now: Instant) -> None:
        if len(self._buckets) < self._capacity:
            return
        oldest = [party for party, _ in zip(self._buckets, range(_LOOKED_AT), strict=False)]
        owing_nothing = [party for party in oldest if self._buckets[party].is_full(now)]
        del self._buckets[(owing_nothing or oldest)[0]]
