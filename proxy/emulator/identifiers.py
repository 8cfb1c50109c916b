"""Ids and randomness as Connect has them: 26 characters of [a-z2-7], UUIDs, values for generated fields.

Everything random in the emulator comes from here, so that a seed makes a whole server reproducible.
"""

import random
import uuid
from collections.abc import Sequence

ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
ID_LENGTH = 26


class Identifiers:
    """A source of ids, reproducible when seeded."""

    def __init__(self, seed: int | None) -> None:
        # Not for real secrets: an emulator's ids and passwords are to be reproducible.
        self._random = random.Random(seed)  # noqa: S311

    def new_id(self) -> str:
        """Return a fresh id as vaults, items and files have them."""
        return "".join(self._random.choices(ID_ALPHABET, k=ID_LENGTH))

    def new_upper_id(self) -> str:
        """Return a fresh id as `lastEditedBy` has it."""
        return self.new_id().upper()

    def new_uuid(self) -> str:
        """Return a fresh version 4 UUID."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def new_secret(self, *, alphabet: Sequence[str], length: int) -> str:
        """Return `length` characters of `alphabet`."""
        return "".join(self._random.choices(alphabet, k=length))

    def new_scalar(self, *, below: int) -> int:
        """Return a number between 1 and `below`, for a signing key."""
        return self._random.randrange(1, below)
