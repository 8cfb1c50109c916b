"""Access tokens as partitions: one keyed digest each, and what their unverified claims may shorten or refuse.

Claims (facts.md section 3) are read without verifying: nothing here grants anything. A token has no name in labels
until Connect has accepted it, so that junk can't fill the vocabulary. Tokens themselves are never kept: only
digests under a per-process key are.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from math import isfinite

import msgspec

from proxy.connect.memo import Memo
from proxy.connect.unshown import Unshown
from proxy.semantics.message import Fields

UNKNOWN_LABEL = "unknown"
OTHER_LABEL = "other"

_CREDENTIALS = re.compile(r"bearer +([A-Za-z0-9\-._~+/]+=*) *", re.IGNORECASE)
_PARSED_BYTES = 262_144  # a token longer than any field we accept has no readable claims


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """One token, as far as anything but the upstream may know it.

    `expires_wall_seconds` and `vaults` are claims: after the one and outside the other nothing stored is served.
    """

    digest: bytes
    expires_wall_seconds: float | None = None
    vaults: frozenset[str] | None = None
    token_id: str | None = field(default=None, repr=False)

    def is_expired(self, wall_seconds: float) -> bool:
        """Tell whether the token says of itself that it has expired."""
        return self.expires_wall_seconds is not None and wall_seconds >= self.expires_wall_seconds

    def may_name(self, vault: str) -> bool:
        """Tell whether the token's own claims leave a vault open; an empty name is no vault."""
        return self.vaults is None or not vault or vault in self.vaults


class _Claims(Unshown):
    exp: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    jti: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    grants: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw, name="1password.com/vts")


class _Grant(Unshown):
    vault: str = msgspec.field(name="u")


_claims = msgspec.json.Decoder(_Claims)
_number = msgspec.json.Decoder(int | float)
_text = msgspec.json.Decoder(str)
_grants = msgspec.json.Decoder(list[_Grant])
_FAULTS = (msgspec.MsgspecError, ValueError, RecursionError, OverflowError)

_NOBODY = Partition(digest=b"")


class Tokens:
    """Finds the partition of a request, and the label of a partition."""

    def __init__(
        self,
        *,
        key: bytes,
        names: Mapping[str, str],
        capacity: int = 1024,
        most_labels: int = 200,
    ) -> None:
        self._hasher = blake2b(key=key, digest_size=32)
        self._names = dict(names)
        self._most_labels = most_labels
        self._partitions: Memo[bytes, Partition] = Memo(capacity=capacity)
        self._labels: dict[bytes, str] = {}
        self._accepted: dict[bytes, Partition] = {}  # those that have a label of their own
        self._others: Memo[bytes, str] = Memo(capacity=capacity)
        self._expiries: Memo[bytes, float] = Memo(capacity=capacity)

    def partition(self, fields: Fields) -> Partition | None:
        """Return the partition of the one bearer token that a request carries; None if it doesn't carry one."""
        values = fields.getall("Authorization", ())
        if len(values) != 1:
            return None
        seen = self._digest(values[0].encode("utf-8", "surrogatepass"))
        partition = self._partitions.get(seen)
        if partition is None:
            partition = self._parse(values[0])
            self._partitions.put(seen, partition)
        return None if partition is _NOBODY else partition

    def accept(self, partition: Partition) -> bool:
        """Note that Connect has accepted a token; tell whether its label changed by that."""
        if self.label(partition) != UNKNOWN_LABEL:
            return False
        if partition.expires_wall_seconds is not None:
            self._expiries.put(partition.digest, partition.expires_wall_seconds)
        if len(self._labels) >= self._most_labels:
            self._others.put(partition.digest, OTHER_LABEL)
            return True
        name = self._names.get(partition.token_id) if partition.token_id is not None else None
        self._labels[partition.digest] = name or f"token-{partition.digest.hex()[:8]}"
        self._accepted[partition.digest] = partition
        return True

    def rename(self, names: Mapping[str, str]) -> None:
        """Go by other names; a token gets its label anew when Connect next accepts it."""
        if names == self._names:
            return
        self._names = dict(names)
        self._labels.clear()
        self._accepted.clear()
        self._others.clear()

    def label(self, partition: Partition | None) -> str:
        """Return the bounded word for a token in metrics and logs."""
        return UNKNOWN_LABEL if partition is None else self.name(partition.digest) or UNKNOWN_LABEL

    def name(self, digest: bytes) -> str | None:
        """Return the label of an accepted token; None for any other."""
        return self._labels.get(digest) or self._others.get(digest)

    def names(self) -> frozenset[str]:
        """Return the labels that accepted tokens have."""
        named = frozenset(self._labels.values())
        return named | {OTHER_LABEL} if len(self._others) else named

    def expires_wall_seconds(self, digest: bytes) -> float | None:
        """Return when an accepted token says that it expires."""
        return self._expiries.get(digest)

    def labelled(self, label: str) -> tuple[bytes, ...]:
        """Return the digests of all accepted tokens with a label."""
        known = (*self._labels.items(), *self._others.items())
        return tuple(digest for digest, given in known if given == label)

    def accepted(self, name: str) -> tuple[Partition, ...]:
        """Return the accepted tokens of a name, in the order in which they were accepted first."""
        return tuple(
            partition for digest, partition in self._accepted.items() if self._labels[digest] == name
        )

    def _digest(self, octets: bytes) -> bytes:
        hasher = self._hasher.copy()
        hasher.update(octets)
        return hasher.digest()

    def _parse(self, value: str) -> Partition:
        matched = _CREDENTIALS.fullmatch(value)
        if matched is None:
            return _NOBODY
        token = matched[1]
        # Domain separation: a field value and a token never get the same digest.
        digest = self._digest(b"token\0" + token.encode("ascii"))
        claims = _read_claims(token)
        if claims is None:
            return Partition(digest=digest)
        return Partition(
            digest=digest,
            expires_wall_seconds=_expiry(claims.exp),
            vaults=_vaults(claims.grants),
            token_id=_token_id(claims.jti),
        )


def _read_claims(token: str) -> _Claims | None:
    parts = token.split(".")
    if len(parts) != 3 or len(token) > _PARSED_BYTES:
        return None
    try:
        return _claims.decode(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except _FAULTS:
        return None


def _expiry(raw: msgspec.Raw) -> float | None:
    try:
        seconds = float(_number.decode(raw))
    except _FAULTS:
        return None
    return seconds if isfinite(seconds) else None


def _token_id(raw: msgspec.Raw) -> str | None:
    try:
        return _text.decode(raw)
    except _FAULTS:
        return None


def _vaults(raw: msgspec.Raw) -> frozenset[str] | None:
    try:
        return frozenset(grant.vault.lower() for grant in _grants.decode(raw))
    except _FAULTS:
        return None
