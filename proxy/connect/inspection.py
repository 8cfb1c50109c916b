"""What the Connect profile tells people who ask. It reads the tables and moves nothing in them."""

from proxy.caching.inspection import Circumstances, OpenFence
from proxy.clock import Instant
from proxy.connect.knowledge import Knowledge
from proxy.connect.leases import VAULT_LISTS, Lease
from proxy.connect.refusals import Refusals
from proxy.connect.resources import ResourceKind
from proxy.connect.subjects import ConnectSubject, Subjects
from proxy.connect.tokens import OTHER_LABEL


class ConnectInspection:
    """An `Inspection` of one profile."""

    def __init__(self, *, subjects: Subjects, knowledge: Knowledge, refusals: Refusals) -> None:
        self._subjects = subjects
        self._knowledge = knowledge
        self._refusals = refusals

    def names(self) -> tuple[str, ...]:
        """Return the names of the tokens that have one of their own."""
        return tuple(sorted(self._subjects.tokens.names() - {OTHER_LABEL}))

    def subject_of(self, name: str, method: str, target: str) -> ConnectSubject | None:
        """Return what a request would be about; of several tokens with one name, the one accepted last."""
        accepted = self._subjects.tokens.accepted(name)
        return None if not accepted else self._subjects.imagine(accepted[-1], method, target)

    def circumstances(self, subject: ConnectSubject, now: Instant) -> Circumstances:
        """Tell what decides about a subject."""
        names, partition, digest = subject.names, subject.partition, subject.digest
        leases = self._knowledge.leases
        age_seconds = leases.age_seconds(digest, names.vault or VAULT_LISTS, now)
        expires = subject.usable_until_wall_seconds
        highest = self._knowledge.versions.highest((names.vault, names.item), now) if names.item else None
        is_absent = bool(names.item) and self._knowledge.sightings.is_absent(digest, names.vault, names.item)
        return Circumstances(
            is_filtered=names.filtered or (names.kind is ResourceKind.OTHER and "?" in subject.key.target),
            is_refused=leases.state(digest, names.vault or VAULT_LISTS, now) is Lease.SUSPENDED,
            access_age_seconds=age_seconds,
            access_left_seconds=None if age_seconds is None else max(0.0, leases.lease_seconds - age_seconds),
            token_left_seconds=None if expires is None else max(0.0, expires - now.wall_seconds),
            is_outside_grants=partition is not None and not partition.may_name(names.vault),
            is_absent=is_absent,
            fence=self._fence(subject, now),
            highest_version=highest,
            refused_again_seconds=self._refusals.left_seconds(digest, now) if names.is_api else 0.0,
        )

    def _fence(self, subject: ConnectSubject, now: Instant) -> OpenFence | None:
        names = subject.names
        if not names.is_api:
            return None
        fences = self._knowledge.fences.open_around(names.vault or None, names.item or None, now)
        return max(fences, key=lambda fence: fence.left_seconds, default=None)
