"""The cache key (RFC 9111 section 2) and the tags by which stored responses are found again.

A key is a tuple, never a glued string: two different requests can't meet in one key. The nominated fields
(Vary) complete it inside the store. Tags name what a response is about; a write or a purge addresses tags.
"""

from typing import NamedTuple

Tag = tuple[str | bytes, ...]

ROOT: Tag = ("root",)
"""The scope of everything: raising its generation outdates all that is stored and all that is on its way."""


class CacheKey(NamedTuple):
    """Primary key of a stored response: one partition's answers to one method and target."""

    partition: bytes
    method: str
    target: str

    def __repr__(self) -> str:
        """Leave the target out: a filter may quote a title."""
        return f"CacheKey({self.method}, {self.partition[:4].hex()})"
