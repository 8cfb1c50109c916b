"""README's two tables of bounds as formulas, and a witness that holds every answer against them.

The witness knows what clients saw and what Connect answered (an `UnluckyUpstream`'s attempts), nothing of the cache.
What may be shown when is derived from the latest attempt that could have proven it.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from proxy.connect.profile import ConnectRules, UnverifiedTokens
from tests.support.unlucky_upstream import LIST, Attempt, Luck, Outcome, State, UnluckyUpstream

_ROUNDING_SECONDS = 1e-6
_LONGEST_REQUEST_SECONDS = 15.0  # whoever shares a request gets what it was sent for, however long ago
_BREAKER_SECONDS = 10.0  # an open breaker refuses as long as this after the last failure, of any token
_HIT = re.compile(r'connect-sidecar; hit; ttl=(-?\d+)(?:; detail="?([^"]+)"?)?')


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """README, "How old, and how long: the bounds"; seconds."""

    rules: ConnectRules

    def oldest(self, target: str, *, is_checked: bool) -> float:
        """Connect answers: the oldest answer, Connect's own lag aside."""
        rules = self.rules
        if target.partition("?")[0] != LIST:
            return rules.item_freshness_seconds
        if not is_checked:
            return rules.list_freshness_seconds
        return max(rules.list_freshness_seconds, rules.change_check_interval_seconds)

    def oldest_while_away(self, target: str, *, is_checked: bool) -> float:
        """Connect is away: the same and the hard maximum of staleness."""
        return self.oldest(target, is_checked=is_checked) + self.rules.stale_if_error_seconds

    def longest_revoked(self) -> float:
        """Connect answers: for how long a revoked token reads."""
        return self.rules.token_verification_seconds

    def longest_revoked_while_away(self, target: str, *, is_checked: bool) -> float:
        """Connect is away: for how long a revoked token reads, its `exp` aside."""
        if self.rules.unverified_tokens is UnverifiedTokens.REFUSE:
            return self.rules.token_verification_seconds
        return self.oldest_while_away(target, is_checked=is_checked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One read as its client saw it; times are boot_seconds, `wall_seconds` is the sidecar's clock at its end."""

    token: str
    target: str
    began: float
    ended: float
    wall_seconds: float
    status: int
    cache_status: str
    age_seconds: int
    state: State


class Witness:
    """Takes note of reads in the order in which they end, and objects."""

    def __init__(
        self,
        upstream: UnluckyUpstream,
        rules: ConnectRules,
        expires_wall: dict[str, float],
        *,
        is_guarded: bool,
    ) -> None:
        self._trouble_lasts_seconds = _BREAKER_SECONDS if is_guarded else 0.0
        self._upstream = upstream
        self._bounds = Bounds(rules=rules)
        self._rules = rules
        self._expires_wall = expires_wall
        self._lag_seconds = max(
            (spell.seconds for spell in upstream.spells if spell.luck is Luck.LAGGING), default=0.0
        )
        self._is_ever_unsynced = any(spell.luck is Luck.UNSYNCED for spell in upstream.spells)
        self._seen: dict[tuple[str, str], list[Read]] = defaultdict(list)
        self._written: list[tuple[float, str, int]] = []
        self.oldest_shown_seconds: defaultdict[str, float] = defaultdict(float)
        self.details: Counter[str | None] = Counter()
        self.hits = self.stale = self.stale_lists = 0

    def note(self, read: Read) -> None:
        """Hold one answer against the bounds. Raises AssertionError."""
        hit = _HIT.match(read.cache_status)
        if read.status == 200 and hit is not None:
            self._check_hit(read, is_stale=int(hit[1]) < 0, detail=hit[2])
            self._check_written(read)
        elif read.status == 200:
            self._check_forwarded(read)
        if read.status in {200, 404} and read.target.partition("?")[0] != LIST:
            self._check_order(read)

    def _check_forwarded(self, read: Read) -> None:
        assert self._shown_during(read), f"{read} is no answer of Connect to it"
        oldest = max(self._bounds.oldest(read.target, is_checked=False), _LONGEST_REQUEST_SECONDS)
        untrue = self._upstream.history.untrue_for_seconds(read.target, read.state, read.ended)
        assert untrue <= oldest + self._lag_seconds + _ROUNDING_SECONDS, f"{read}: untrue for {untrue}"

    def wrote(self, target: str, began: float, ended: float) -> None:
        """Note that a write through the sidecar is over for its client."""
        for attempt in self._upstream.attempts:
            is_its_own = began <= attempt.sent and attempt.ended <= ended  # another's may still be under way
            if attempt.written is not None and attempt.target == target and is_its_own:
                self._written.append((ended, *attempt.written))

    def _check_written(self, read: Read) -> None:
        """After a write through this sidecar: no older than direct access, and not stored while that is behind."""
        for ended, item, least in self._written:
            shown = [version for name, version, _ in read.state if name == item]
            assert ended >= read.began or all(version >= least for version in shown), (
                f"{read} shows what was before a write that had ended at {ended}"
            )

    def _check_hit(self, read: Read, *, is_stale: bool, detail: str | None) -> None:
        proof = self._latest(read, read.target, read.state)
        assert proof is not None, f"{read}: nobody ever showed this to this token"
        now = read.ended
        since_proof = now - proof.sent
        assert read.age_seconds >= int(since_proof - _ROUNDING_SECONDS), (
            f"{read}: Age is less than {since_proof}"
        )
        is_checked = self._rules.change_check_interval_seconds > 0 and self._is_checked(read, proof)
        fresh = self._bounds.oldest(read.target, is_checked=is_checked)
        away = self._bounds.oldest_while_away(read.target, is_checked=is_checked)
        assert is_stale or since_proof <= fresh + _ROUNDING_SECONDS, (
            f"{read}: stale since {fresh}, unlabelled"
        )
        untrue = self._upstream.history.untrue_for_seconds(read.target, read.state, now)
        self.oldest_shown_seconds[read.target] = max(untrue, self.oldest_shown_seconds[read.target])
        oldest = (away if is_stale else fresh) + self._lag_seconds + _ROUNDING_SECONDS
        assert untrue <= oldest, f"{read}: untrue for {untrue}, at most {oldest} allowed"
        # Fresh with a detail: the token could not be verified again.
        if is_stale or detail is not None:
            assert self._has_trouble(read), f"{read}: stale although Connect answers"
        is_away = detail not in {None, "slow"}
        self._check_access(read, is_away=is_away, is_checked=is_checked)
        self.hits += 1
        self.details[detail] += 1
        self.stale += is_stale
        self.stale_lists += is_stale and read.target == LIST

    def _check_access(self, read: Read, *, is_away: bool, is_checked: bool) -> None:
        now, token = read.ended, read.token
        assert read.wall_seconds < self._expires_wall.get(token, float("inf")), f"{read}: has expired"
        is_bound_by_lease = not is_away or self._rules.unverified_tokens is UnverifiedTokens.REFUSE
        if is_bound_by_lease:
            verified = max(a.sent for a in self._of(token, now) if a.outcome is Outcome.SHOWN)
            lease = self._rules.token_verification_seconds
            assert now - verified <= lease + _ROUNDING_SECONDS, f"{read}: verified {now - verified} ago"
        revoked = min(
            table.get(token, float("inf")) for table in (self._upstream.revoked, self._upstream.expires)
        )
        longest = self._bounds.longest_revoked()
        if is_away:
            longest = self._bounds.longest_revoked_while_away(read.target, is_checked=is_checked)
        assert now - revoked <= longest + _ROUNDING_SECONDS, f"{read}: revoked {now - revoked} ago"
        if not self._is_ever_unsynced:
            refused = [
                a.ended for a in self._of(token, now) if a.outcome is Outcome.REFUSED and a.ended < now
            ]
            assert not refused, f"{read}: served after Connect refused the token at {refused[0]}"

    def _check_order(self, read: Read) -> None:
        """Non-overlapping reads of an item never go backwards unless Connect did."""
        seen = self._seen[read.token, read.target]
        proof = self._latest(read, read.target, read.state)
        for earlier in seen:
            if earlier.ended < read.began and _version(earlier) > _version(read):
                shown = self._first(earlier)
                is_connects = proof is not None and shown is not None and proof.sent > shown.sent
                assert is_connects, f"{read} shows less than {earlier}"
        if not seen or _version(read) != _version(seen[-1]):
            seen.append(read)

    def _of(self, token: str, now: float) -> list[Attempt]:
        return [a for a in self._upstream.attempts if a.token == token and a.ended <= now]

    def _latest(self, read: Read, target: str, state: State) -> Attempt | None:
        shown = (a for a in self._of(read.token, read.ended) if a.shows(target, state))
        return max(shown, key=lambda attempt: attempt.sent, default=None)

    def _first(self, read: Read) -> Attempt | None:
        shown = (a for a in self._of(read.token, read.ended) if a.shows(read.target, read.state))
        return min(shown, key=lambda attempt: attempt.sent, default=None)

    def _shown_during(self, read: Read) -> bool:
        return any(
            a.target == read.target and a.shows(read.target, read.state) and a.ended >= read.began
            for a in self._of(read.token, read.ended)
        )

    def _is_checked(self, read: Read, proof: Attempt) -> bool:
        """Tell whether the vault may be under change checks: it was looked at a little while before what is shown.

        A check that finds a client's list under way joins it, if that takes long enough.
        """
        interval = self._rules.change_check_interval_seconds
        since = proof.sent - interval
        return any(
            a.target == LIST
            and since <= a.sent
            and (a is not proof or a.is_background or a.ended - a.sent > 0.1)
            for a in self._of(read.token, read.ended)
        )

    def _has_trouble(self, read: Read) -> bool:
        patience = self._rules.answer_stale_after_seconds
        since = read.ended - self._trouble_lasts_seconds
        if since < read.ended and any(
            attempt.outcome is Outcome.FAILED and since <= attempt.ended <= read.ended
            for attempt in self._upstream.attempts
        ):
            return True
        if self._is_probed(read):
            return True
        for attempt in self._upstream.attempts:
            if attempt.token != read.token or attempt.ended < read.began or attempt.sent > read.ended:
                continue
            if attempt.outcome is Outcome.FAILED and attempt.ended <= read.ended:
                return True
            if (
                patience
                and read.ended - read.began >= patience - _ROUNDING_SECONDS
                and attempt.ended >= read.ended
            ):
                return True
        return False

    def _is_probed(self, read: Read) -> bool:
        """Tell whether a request that may close an open breaker is still without its answer."""
        return self._trouble_lasts_seconds > 0 and any(
            attempt.sent <= read.ended < attempt.ended and self._may_be_open(attempt.sent)
            for attempt in self._upstream.attempts
        )

    def _may_be_open(self, moment: float) -> bool:
        """Tell whether a breaker may be open: nobody closes it who doesn't come, however long the failure is ago."""
        ended = [attempt for attempt in self._upstream.attempts if attempt.ended <= moment]
        last = max(ended, key=lambda attempt: attempt.ended, default=None)
        since = moment - self._trouble_lasts_seconds
        return any(
            attempt.outcome is Outcome.FAILED and (attempt is last or attempt.ended >= since)
            for attempt in ended
        )


def _version(read: Read) -> float:
    return read.state[0][1] if read.state else float("inf")
