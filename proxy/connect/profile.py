"""The Connect profile: what the cache asks of an application, answered with Connect's meaning.

It brings the tables together and decides in one place what may be served and stored. It performs nothing: it
returns `Effects`, and the exchange carries them out.
"""

from collections.abc import Sequence
from dataclasses import replace

from proxy.caching.decisions import is_failure
from proxy.caching.key import CacheKey
from proxy.caching.pieces import Pieces, whole
from proxy.caching.profile import (
    NO_EFFECTS,
    OVER,
    CacheRules,
    Doubt,
    Effects,
    Handling,
    Horizon,
    RefusedBefore,
    Sent,
    Servability,
    Standing,
    WriteOutcome,
)
from proxy.caching.reasons import NotStoredReason
from proxy.caching.stored_response import StoredResponse
from proxy.clock import Instant
from proxy.connect import health
from proxy.connect.figures import ConnectFigures
from proxy.connect.finding import ConnectFinding, examine
from proxy.connect.foresight import ConnectForesight
from proxy.connect.inspection import ConnectInspection
from proxy.connect.knowledge import Knowledge
from proxy.connect.leases import VAULT_LISTS, Lease
from proxy.connect.one_time_passwords import recomputing
from proxy.connect.refusals import Refusals
from proxy.connect.resources import ResourceKind
from proxy.connect.rules import ConnectRules, SyncState, UnverifiedTokens
from proxy.connect.subjects import ConnectSubject, Subjects
from proxy.connect.tokens import Partition, Tokens
from proxy.semantics.message import Request, Response, ResponseHead

__all__ = [
    "ConnectFinding",
    "ConnectProfile",
    "ConnectRules",
    "ConnectSubject",
    "SyncState",
    "UnverifiedTokens",
]


class ConnectProfile:
    """Connect's part of every caching decision. `key` makes the digests of tokens; it lives as long as we do."""

    def __init__(self, *, rules: ConnectRules, key: bytes, started_at: Instant | None = None) -> None:
        self._rules = rules
        self._recomputation_of = recomputing(rules)
        tokens = Tokens(key=key, names=rules.token_names, most_labels=rules.most_token_labels)
        self._subjects = subjects = Subjects(rules=rules, tokens=tokens)
        self._knowledge = knowledge = Knowledge(rules, started_at)
        self._refusals = Refusals(capacity=rules.most_refused)
        self._checks = self._knowledge.checks
        self.foresight = ConnectForesight(
            self._checks, self._knowledge.fences, trusts_content_version=rules.trust_content_version
        )
        self.figures = ConnectFigures(tokens=tokens, knowledge=self._knowledge)
        self.inspection = ConnectInspection(subjects=subjects, knowledge=knowledge, refusals=self._refusals)
        self._leases = self._knowledge.leases
        self._fences = self._knowledge.fences

    def adopt(self, rules: ConnectRules) -> None:
        """Go by other rules: freshness, its checks, holds, unverified tokens and names. The rest stays as it was."""
        self._rules = rules
        self._subjects.adopt(rules)
        self._knowledge.adopt(rules)

    def subject(self, request: Request, now: Instant) -> ConnectSubject:
        """Tell what a request is about."""
        return self._subjects.subject(request)

    def key(self, request: Request) -> CacheKey:
        """Return the key of what it is about: to whom, by which method, and the target."""
        return self._subjects.key(request)

    def standing(self, subject: ConnectSubject, now: Instant) -> Standing:
        """Go by whether Connect has accepted the token, and by its lease on the vault."""
        if self._leases.holds(subject.digest, subject.names.vault or VAULT_LISTS, now):
            return Standing.VERIFIED
        return Standing.UNVERIFIED if self.is_known(subject.digest) else Standing.STRANGER

    def is_known(self, digest: bytes) -> bool:
        """Tell whether Connect has accepted a token, as far as is remembered."""
        return self._leases.is_known(digest)

    def refused_before(self, subject: ConnectSubject, now: Instant) -> RefusedBefore | None:
        """Damp a token that Connect keeps refusing, where Connect would ask for it."""
        return self._refusals.refused_before(subject.digest, now) if subject.names.is_api else None

    def servability(self, subject: ConnectSubject, stored: StoredResponse, now: Instant) -> Servability:
        """Tell whether a stored response may be reused, its freshness aside."""
        names, partition = subject.names, subject.partition
        if partition is None or partition.is_expired(now.wall_seconds) or not partition.may_name(names.vault):
            return Servability.REFUSED
        lease = self._leases.state(partition.digest, names.vault or VAULT_LISTS, now)
        if lease is Lease.SUSPENDED:
            return Servability.REFUSED
        if self._is_fenced(subject, now) or self._is_absent(subject):
            return Servability.FENCED
        if lease is Lease.LAPSED:
            refuses = self._rules.unverified_tokens is UnverifiedTokens.REFUSE
            return Servability.REFUSED if refuses else Servability.UNVERIFIED
        if stored.version is not None and names.item:
            highest = self._knowledge.versions.highest((names.vault, names.item), now)
            if highest is not None and highest > stored.version:
                return Servability.MUST_VALIDATE
        return Servability.SERVABLE

    def storing_rules(self, subject: ConnectSubject, now: Instant) -> CacheRules:
        """Return the rules by which an answer to this subject is stored, as things are now."""
        freshness = subject.names.route.freshness if subject.handling is Handling.CACHE else None
        return self._knowledge.storing_rules.of(subject.digest, subject.names.vault, now)[freshness]

    def examine(self, subject: ConnectSubject, response: Response) -> Pieces[ConnectFinding]:
        """Read a complete answer to a safe request, in pieces. Parses only."""
        if response.status != 200 or subject.handling is not Handling.CACHE:
            return whole(ConnectFinding())
        return examine(
            subject.names,
            response,
            decoded_bytes=self._rules.readable_body_bytes,
            variation_of=self._recomputation_of,
        )

    def hold_seconds(self, subject: ConnectSubject, asked: Instant, now: Instant) -> float:
        """Hold back an item that does not show the writes made here, for as long as is set."""
        names, most_seconds = subject.names, self._rules.read_your_writes_hold_seconds
        may_wait = most_seconds and names.kind is ResourceKind.ITEM
        if not may_wait or not self._fences.awaits(names.vault, names.item, now):
            return 0.0
        return asked.boot_seconds + most_seconds - now.boot_seconds

    def doubts(self, subject: ConnectSubject, status: int, now: Instant) -> Doubt | None:
        """Doubt a refused vault, and a refused token that Connect has accepted before (rule 2)."""
        pause_seconds = self._rules.refusal_pause_seconds
        if status == 403 and subject.names.is_api:
            return Doubt(pause_seconds=pause_seconds)
        if status == 401 and self._leases.is_accepted(subject.digest):
            return Doubt(pause_seconds=pause_seconds, is_noted=True, health_target=health.TARGET)
        return None

    def health_told(self, answer: Response, now: Instant) -> None:
        """Take note of an answer of /health."""
        self.health_seen(health.sync_state(answer), now)

    def is_outage(self, subject: ConnectSubject, status: int, now: Instant) -> bool:
        """Count a refused token, too, while Connect is not synced and can't know it."""
        if status == 401:
            return self._knowledge.health.is_unsynced(now) and self._leases.is_accepted(subject.digest)
        return is_failure(status)

    def learn(
        self,
        subject: ConnectSubject,
        head: ResponseHead,
        finding: ConnectFinding | None,
        sent: Sent,
        now: Instant,
    ) -> Effects:
        """Take note of an upstream answer to a safe request; a `finding` of None proves no success."""
        partition, method = subject.partition, subject.key.method
        if partition is None or not subject.names.is_api or method not in {"GET", "HEAD"}:
            return NO_EFFECTS
        self._forgive(partition, head.status)
        match head.status:
            case 200 | 304 if finding is not None and finding.reading is not None:
                is_renamed = self._subjects.accept(partition)
                effects = self._knowledge.success(subject, finding.reading, sent.at, now)
                return replace(effects, keeps_decisions=False) if is_renamed else effects
            case 401:
                if not self._knowledge.health.is_unsynced(now):
                    told = head if isinstance(head, Response) else None
                    self._refusals.refused(partition.digest, told, sent.at, now)
                return self._knowledge.token_refused(subject, sent.at, now)
            case 403:
                return self._knowledge.vault_refused(subject, sent.at)
            case 404 | 410 if method == "GET":  # what Connect makes of HEAD is unknown
                return self._knowledge.missing(subject, sent.at, now)
            case _:
                return NO_EFFECTS

    def learn_again(self, subject: ConnectSubject, sent: Sent, now: Instant) -> bool:
        """Take a vault's list for read that comes again octet for octet, if nothing was learnt since it was read."""
        return self._knowledge.listed_again(subject, sent.at, now)

    def refuses_storing(
        self, subject: ConnectSubject, finding: ConnectFinding, sent: Sent, now: Instant
    ) -> NotStoredReason | None:
        """Say why a complete answer must not be stored although RFC 9111 would allow it."""
        names, partition, reading = subject.names, subject.partition, finding.reading
        if reading is not None and self._knowledge.versions.is_regressed(reading.versions, now):
            return NotStoredReason.VERSION_REGRESSED
        if partition is None or partition.is_expired(now.wall_seconds) or not partition.may_name(names.vault):
            return NotStoredReason.CREDENTIALS
        if not self._leases.holds(partition.digest, names.vault or VAULT_LISTS, now):
            return NotStoredReason.CREDENTIALS
        if finding.refusal is not None:
            return finding.refusal
        if finding.variation is not None and not finding.variation.was_right(now):
            return NotStoredReason.ONE_TIME_PASSWORD
        # As of sending: an answer under way when the time ran out may still be one from before the write.
        return NotStoredReason.FENCE if self._is_fenced(subject, sent.at) else None

    def write_ended(
        self, subject: ConnectSubject, outcome: WriteOutcome, answer: Response | None, now: Instant
    ) -> Effects:
        """Take note of a write that has ended: what it outdates goes, and a fence opens around it."""
        if subject.partition is not None and subject.names.is_api and answer is not None:
            self._forgive(subject.partition, answer.status)
        if outcome is WriteOutcome.REFUSED:
            return NO_EFFECTS
        names, write = subject.names, subject.write
        if write is None:
            if names.concerns_vaults:
                self._fences.unknown_everywhere(now)
            return Effects(advance=subject.scopes)
        applied = answer if outcome is WriteOutcome.APPLIED else None
        self._knowledge.written(subject, applied, now)
        removed = names.tags(write.removes, subject.digest)
        return Effects(advance=subject.scopes, remove=tuple((gone,) for gone in removed))

    def concluded(
        self, subject: ConnectSubject, request: Request, reused: StoredResponse | None, now: Instant
    ) -> bool:
        """Take note of a client's request that has its answer; tell whether there is a vault to be watched."""
        if reused is not None:
            self._subjects.remember(subject, reused)
        vault = subject.names.vault
        if subject.partition is None or not vault:
            return False
        if request.is_safe and not self._checks.asked_again(subject.digest, vault, now):
            is_verified = self._leases.holds(subject.digest, vault, now)
            authorization = request.fields["Authorization"]
            self._checks.asked(subject.digest, vault, authorization, now, is_verified=is_verified)
        return bool(len(self._checks)) if reused is None else self.repeated(subject, (reused,), 1, now)

    def stands_until(self, subject: ConnectSubject, now: Instant) -> Horizon:
        """Tell when the lease lapses, and when the token expires."""
        if not self._subjects.is_current(subject):
            return OVER
        expires = subject.usable_until_wall_seconds
        return Horizon(
            boot_seconds=self._leases.held_until(subject.digest, subject.names.vault or VAULT_LISTS),
            wall_seconds=float("inf") if expires is None else expires,
        )

    def counts_with(self, subject: ConnectSubject) -> tuple[bytes, str]:
        """Tell of all together that one token reads in one vault."""
        return subject.digest, subject.names.vault

    def repeated(
        self, subject: ConnectSubject, reused: Sequence[StoredResponse], count: int, now: Instant
    ) -> bool:
        """Take note of hits like some that were concluded; tell whether there is a vault to be watched."""
        if vault := subject.names.vault:
            saved = {stored.key.target for stored in reused if stored.is_confirmed}
            self._checks.answered(subject.digest, vault, count, saved, now)
        return bool(len(self._checks))

    def partitions_labelled(self, label: str) -> tuple[bytes, ...]:
        """Return the partitions that bear a label, for a purge."""
        return self._subjects.partitions_labelled(label)

    def health_seen(self, state: SyncState, now: Instant) -> None:
        """Note what /health says: while unsynced, lists prove nothing and a 401 revokes nothing."""
        self._knowledge.health.hear(state, now)
        if state is SyncState.UNSYNCED:
            self._leases.pardon(now)

    def open_fences(self, now: Instant) -> int:
        """Count the write fences that are open, for status and metrics."""
        return self._fences.open_fences(now)

    def _forgive(self, partition: Partition, status: int) -> None:
        if status != 401 and not is_failure(status):
            self._refusals.forgive(partition.digest)

    def _is_fenced(self, subject: ConnectSubject, at: Instant) -> bool:
        names, fences = subject.names, self._fences
        if names.item:
            return fences.item_is_fenced(names.vault, names.item, at)
        return fences.vault_is_fenced(names.vault, at) if names.vault else fences.any_is_fenced(at)

    def _is_absent(self, subject: ConnectSubject) -> bool:
        names = subject.names
        return bool(names.item) and self._knowledge.sightings.is_absent(
            subject.digest, names.vault, names.item
        )
