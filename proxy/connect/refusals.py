"""Damping: a token that Connect keeps refusing is answered with its last refusal, and asks Connect ever more rarely.

After the second refusal in a row the same answer is given for 1 s, then for 2, 4, 8 and at most 10 s; after each pause
one attempt passes. Any other answer to the token ends it at once. Forgetting a token only lets it ask again.
"""

from collections import OrderedDict
from dataclasses import dataclass

from proxy.caching.profile import RefusedBefore
from proxy.clock import Instant
from proxy.semantics.message import Response

_MOST_BODY_BYTES = 4096
_LONGEST_PAUSE_SECONDS = 10.0
_MOST_DOUBLED = 4


@dataclass(slots=True)
class _Refused:
    """Times are boot_seconds; `response` is None while no complete refusal is known."""

    count: int
    last: float
    until: float
    response: Response | None


class Refusals:
    """Tokens refused lately, bounded; keys are full digests, so that no two tokens share an answer."""

    def __init__(self, *, capacity: int = 1024) -> None:
        self._capacity = capacity
        self._refused: OrderedDict[bytes, _Refused] = OrderedDict()

    def __len__(self) -> int:
        return len(self._refused)

    def refused(self, digest: bytes, response: Response | None, sent: Instant, now: Instant) -> None:
        """Note a refusal; of those under way together only the first counts. None: its body was not kept."""
        refused = self._refused.pop(digest, None)
        if refused is None:
            refused = _Refused(count=0, last=float("-inf"), until=float("-inf"), response=None)
        self._refused[digest] = refused
        if len(self._refused) > self._capacity:
            self._refused.popitem(last=False)
        if response is not None and len(response.body) <= _MOST_BODY_BYTES:
            refused.response = response
        if sent.boot_seconds < refused.last:
            return
        refused.count += 1
        refused.last = now.boot_seconds
        refused.until = now.boot_seconds + _pause_seconds(refused.count)

    def forgive(self, digest: bytes) -> None:
        """Note that Connect has dealt with a token."""
        self._refused.pop(digest, None)

    def refused_before(self, digest: bytes, now: Instant) -> RefusedBefore | None:
        """Return what a token gets without asking Connect; None if this attempt may pass, for all others wait then."""
        refused = self._refused.get(digest)
        if refused is None or refused.response is None or refused.count < 2:
            return None
        left_seconds = refused.until - now.boot_seconds
        if left_seconds <= 0:
            refused.until = now.boot_seconds + _pause_seconds(refused.count)
            return None
        return RefusedBefore(response=refused.response, retry_after_seconds=left_seconds)

    def left_seconds(self, digest: bytes, now: Instant) -> float:
        """Return for how long a token gets its last refusal again; 0: its next attempt passes. Changes nothing."""
        refused = self._refused.get(digest)
        if refused is None or refused.response is None or refused.count < 2:
            return 0.0
        return max(0.0, refused.until - now.boot_seconds)


def _pause_seconds(count: int) -> float:
    return min(_LONGEST_PAUSE_SECONDS, 2.0 ** min(count - 2, _MOST_DOUBLED))
