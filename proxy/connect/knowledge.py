"""What upstream answers teach, and what follows from each: leases, versions, omissions and fences together.

One method per kind of answer. Each takes note in the tables that are concerned and returns `Effects`; none performs
anything. Evidence of one token may demote what others have stored, never freshen or remove it.
"""

from collections import Counter
from dataclasses import dataclass, field, replace

from proxy.caching.key import Tag
from proxy.caching.profile import CacheRules, Effects, Proof
from proxy.clock import Instant
from proxy.connect import bodies
from proxy.connect.bodies import Reading
from proxy.connect.change_checks import ChangeChecks
from proxy.connect.content_versions import ContentVersions, VaultUnchanged
from proxy.connect.health import Health
from proxy.connect.leases import VAULT_LISTS, Leases, Refusal
from proxy.connect.listings import Listings, VaultListed
from proxy.connect.repeated_lists import Grounds, RepeatedLists
from proxy.connect.resources import Freshness, Mark, ResourceKind, tag
from proxy.connect.rules import ConnectRules
from proxy.connect.sightings import Sightings
from proxy.connect.storing_rules import StoringRules
from proxy.connect.subjects import ConnectSubject
from proxy.connect.versions import CONTENT, Versions
from proxy.connect.write_fences import Evidence, WriteFences
from proxy.semantics.message import Response


@dataclass(slots=True)
class _Consequences:
    """Effects being collected."""

    advance: list[Tag] = field(default_factory=list)
    remove: list[tuple[Tag, ...]] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)

    def demote(self, vault: str, items: tuple[str, ...]) -> None:
        self.advance += [tag(Mark.ITEM, vault=vault, item=item) for item in items]

    def outdate_views(self, vault: str) -> None:
        # Views on their way were asked for before the write was seen to be visible: they must not be stored.
        self.advance += [tag(Mark.VIEWS, vault=vault), tag(Mark.VAULTS)]

    def withdraw(self, digest: bytes, vault: str) -> None:
        self.advance.append(tag(Mark.GRANT, partition=digest, vault=vault))
        self.remove.append((tag(Mark.PARTITION, partition=digest), tag(Mark.VAULT, vault=vault)))

    def drop(self, digest: bytes, *marked: Tag) -> None:
        self.remove.append((tag(Mark.PARTITION, partition=digest), *marked))

    def effects(self) -> Effects:
        return Effects(advance=tuple(self.advance), remove=tuple(self.remove), proofs=tuple(self.proofs))


class Knowledge:
    """Everything learnt from Connect, in bounded tables."""

    def __init__(self, rules: ConnectRules, started_at: Instant | None) -> None:
        self._readable_body_bytes = rules.readable_body_bytes
        self.leases = Leases(
            token_verification_seconds=rules.token_verification_seconds,
            # By then nothing stored for the token is within any bound.
            forget_after_seconds=rules.stale_if_error_seconds + rules.token_verification_seconds + 3600.0,
            capacity=rules.most_tokens,
        )
        self.versions = Versions(keep_seconds=rules.stale_if_error_seconds, capacity=rules.most_versions)
        self.sightings = Sightings(capacity=rules.most_versions)
        self.listings = Listings(capacity=rules.most_listings)
        self.content_versions = ContentVersions(capacity=rules.most_listings)
        self.repeated_lists = RepeatedLists(
            keep_seconds=rules.stale_if_error_seconds, capacity=rules.most_listings
        )
        self._trusts_content_version = rules.trust_content_version
        self.fences = WriteFences(write_fence_seconds=rules.write_fence_seconds, capacity=rules.most_fences)
        self.checks = ChangeChecks(
            interval_seconds=rules.check_interval_seconds,
            active_seconds=rules.active_seconds,
            capacity=rules.most_watches,
        )
        self.storing_rules = StoringRules(
            rules=rules, started_at=started_at, is_watched=self.checks.is_watched
        )
        self.health = Health()
        self.refusals: Counter[str] = Counter()  # confirmed ones of accepted tokens, by their names

    def adopt(self, rules: ConnectRules) -> None:
        """Go by other freshness and another interval of change checks from now on."""
        self.storing_rules.adopt(rules)
        self.checks.interval_seconds = rules.check_interval_seconds

    def success(self, subject: ConnectSubject, reading: Reading, sent: Instant, now: Instant) -> Effects:
        """Learn from a complete 200 or 304 to GET.

        It only extends what a token may read, so what was decided stands: unless something has moved or is to go, or
        has become known (somebody else may have an older version).
        """
        known = self.versions.discoveries
        effects = self._success(subject, reading, sent, now)
        if effects.advance or effects.remove or self.versions.discoveries != known:
            return effects
        return replace(effects, keeps_decisions=True)

    def _success(self, subject: ConnectSubject, reading: Reading, sent: Instant, now: Instant) -> Effects:
        names, digest = subject.names, subject.digest
        follows = _Consequences()
        self.repeated_lists.learnt(digest, names.vault)
        self.leases.renew(digest, names.vault or VAULT_LISTS, sent)
        for forgotten in self.leases.forget(now):
            follows.drop(forgotten)
        if names.item:
            self.sightings.saw(digest, names.vault, names.item, sent.boot_seconds)
        moved = self.versions.note_unless_regressed(reading.versions, now)
        if moved is None:
            return follows.effects()
        for vault, item in moved:
            if item == CONTENT:
                self.checks.hinted(vault, now)
            elif not item.startswith("/"):
                follows.demote(vault, (item,))
        if not self.health.is_unsynced(now):
            self._learn_from_shown(subject, reading, sent, now, follows)
        if names.kind is ResourceKind.ITEMS and follows.proofs:
            self.repeated_lists.read(digest, names.vault, self._grounds(subject, now), now)
        return follows.effects()

    def listed_again(self, subject: ConnectSubject, sent: Instant, now: Instant) -> bool:
        """Learn from the list that was read last, come again octet for octet; False if it has to be read."""
        digest, vault = subject.digest, subject.names.vault
        is_known = self.repeated_lists.says_nothing_new(digest, vault, self._grounds(subject, now), now)
        if not is_known or self.health.is_unsynced(now):
            return False
        self.leases.renew(digest, vault, sent)
        self.listings.listed_again(digest, vault, sent)
        self.checks.proven(digest, vault, sent)
        return True

    def _grounds(self, subject: ConnectSubject, now: Instant) -> Grounds:
        rules = self.storing_rules.of(subject.digest, subject.names.vault, now)
        return Grounds(subject.key.target, self.versions.discoveries, rules)

    def _learn_from_shown(
        self, subject: ConnectSubject, reading: Reading, sent: Instant, now: Instant, follows: _Consequences
    ) -> None:
        names, digest = subject.names, subject.digest
        complete = None if names.filtered else reading.listed
        if names.kind is ResourceKind.VAULTS and complete is not None:
            for vault in self.leases.listed(digest, complete, sent):
                follows.withdraw(digest, vault)
        if names.kind is ResourceKind.ITEMS and complete is not None:
            omissions = self.sightings.listed(digest, names.vault, complete, sent.boot_seconds)
            follows.demote(names.vault, omissions.first + omissions.again)
            for item in omissions.again:
                follows.drop(digest, tag(Mark.ITEM, vault=names.vault, item=item))
            self._prove_by_list(subject, reading, sent, now, follows)
        if names.kind in {ResourceKind.VAULTS, ResourceKind.VAULT} and self._trusts_content_version:
            self._prove_by_content(digest, reading, sent, now, follows)
        if names.kind in {ResourceKind.ITEMS, ResourceKind.ITEM} and self.fences.has_any(names.vault):
            evidence = Evidence(
                sent=sent,
                versions={item: version for (_, item), version in reading.versions},
                listed=complete if names.kind is ResourceKind.ITEMS else None,
            )
            self._move_fences(names.vault, evidence, now, follows)

    def _prove_by_content(
        self, digest: bytes, reading: Reading, sent: Instant, now: Instant, follows: _Consequences
    ) -> None:
        for (vault, what), version in reading.versions:
            if what != CONTENT or self.fences.vault_is_fenced(vault, sent):
                continue
            since = self.content_versions.shown(digest, vault, version, sent, now)
            if since is None:
                self.checks.hinted(vault, now, digest)
                continue
            self.checks.proven(digest, vault, sent)
            rules = self.storing_rules.of(digest, vault, now)
            follows.proofs.append(
                VaultUnchanged(
                    about=_all_of(digest, vault),
                    since=since,
                    item_rules=rules[Freshness.ITEM],
                    list_rules=rules[Freshness.LIST],
                )
            )

    def _prove_by_list(
        self, subject: ConnectSubject, reading: Reading, sent: Instant, now: Instant, follows: _Consequences
    ) -> None:
        digest, vault = subject.digest, subject.names.vault
        if reading.listed is None or len(reading.summaries) != len(reading.listed):
            return  # something without a version: a change would not show
        look = self.listings.listed(digest, vault, reading, sent, now)
        if look is None:
            return
        self.checks.proven(digest, vault, sent)
        rules = self.storing_rules.of(digest, vault, now)
        summaries = reading.summaries
        list_rules: CacheRules | None = rules[Freshness.LIST]
        if self.fences.vault_is_fenced(vault, sent):
            # It may be a look from before the write, at what was written.
            is_fenced = self.fences.item_is_fenced
            summaries = {item: shown for item, shown in summaries.items() if not is_fenced(vault, item, sent)}
            list_rules = None
        follows.proofs.append(
            VaultListed(
                about=_all_of(digest, vault),
                summaries=summaries,
                look=look,
                item_rules=rules[Freshness.ITEM],
                list_rules=list_rules,
            )
        )

    def token_refused(self, subject: ConnectSubject, sent: Instant, now: Instant) -> Effects:
        """Learn from a 401: once suspends the token, twice drops what is stored for it."""
        if self.health.is_unsynced(now):
            return Effects()  # Connect can't verify tokens before it has synced: an outage, not a revocation
        everything = tag(Mark.PARTITION, partition=subject.digest)
        was_dropped = self.leases.is_dropped(subject.digest)
        match self.leases.refuse(subject.digest, sent):
            case Refusal.SUSPENDED:
                return Effects()
            case Refusal.DROPPED:
                if not was_dropped:
                    self.refusals[subject.partition_label] += 1
                self.checks.forget(subject.digest)
                return Effects(advance=(everything,), remove=((everything,),))
            case Refusal.STRANGER:
                return Effects(remove=((everything,),))  # no generation: junk tokens must not fill that table

    def vault_refused(self, subject: ConnectSubject, sent: Instant) -> Effects:
        """Learn that a token may not read, or can't find, a vault (403; 404 of the vault itself)."""
        names, digest = subject.names, subject.digest
        follows = _Consequences()
        follows.drop(digest, tag(Mark.VAULTS))
        if names.vault:
            follows.drop(digest, tag(Mark.VAULT, vault=names.vault))
            self.checks.forget_vault(digest, names.vault)
        # Vaults that were never read are not worth a generation: clients may make up any number of them.
        if self.leases.end(digest, names.vault or VAULT_LISTS, sent):
            follows.advance.append(tag(Mark.GRANT, partition=digest, vault=names.vault))
        return follows.effects()

    def missing(self, subject: ConnectSubject, sent: Instant, now: Instant) -> Effects:
        """Learn from a 404 or 410 to GET."""
        match subject.names.kind:
            case ResourceKind.ITEM:
                return self._item_missing(subject, sent, now)
            case ResourceKind.VAULT | ResourceKind.ITEMS:
                return self.vault_refused(subject, sent)
            case _:
                return Effects()

    def _item_missing(self, subject: ConnectSubject, sent: Instant, now: Instant) -> Effects:
        """Learn from an item's own 404: it goes for this token; for others it must be validated."""
        names, digest = subject.names, subject.digest
        follows = _Consequences()
        follows.drop(digest, tag(Mark.ITEM, vault=names.vault, item=names.item))
        self.sightings.forget(digest, names.vault, names.item)
        # Ids that nobody has seen are not worth a generation: clients may make up any number of them.
        if self.versions.highest((names.vault, names.item), now) is not None:
            follows.demote(names.vault, (names.item,))
        if self.leases.is_known(digest):
            self._move_fences(names.vault, Evidence(sent=sent, versions={}, missing=names.item), now, follows)
        return follows.effects()

    def written(self, subject: ConnectSubject, applied: Response | None, now: Instant) -> None:
        """Put a fence around what was written, and look at the vault soon; None: the write may have been applied."""
        names, method = subject.names, subject.key.method
        self.checks.written(names.vault, now)
        if applied is not None and method == "DELETE":
            self.fences.deleted(names.vault, names.item, now)
            return
        shown = None
        if applied is not None and applied.status < 300:
            shown = bodies.read_written(names, applied, decoded_bytes=self._readable_body_bytes)
        if shown is None:
            self.fences.unknown(names.vault, names.item or None, now)
        elif method == "POST":
            self.fences.created(names.vault, *shown, now)
        else:
            self.fences.changed(names.vault, *shown, now)

    def _move_fences(self, vault: str, evidence: Evidence, now: Instant, follows: _Consequences) -> None:
        moved = self.fences.lift(vault, evidence, now) + self.fences.lower(vault, evidence, now)
        if moved:
            follows.demote(vault, moved)
            follows.outdate_views(vault)


def _all_of(digest: bytes, vault: str) -> tuple[Tag, ...]:
    return tag(Mark.PARTITION, partition=digest), tag(Mark.VAULT, vault=vault)
