"""How many requests wait for their answers at one time. Beyond a bound who would have to wait gets 503 at once.

A hit never waits, so it is answered however many others do.
"""


class Crowd:
    """The requests under way."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.size = 0

    @property
    def is_too_large(self) -> bool:
        """Whether a request that is a part of it must not wait."""
        return self.size > self._most

    @property
    def is_full(self) -> bool:
        """Whether one more would make it too large."""
        return self.size >= self._most

    def __enter__(self) -> None:
        """Be a part of it for the length of a block."""
        self.size += 1

    def __exit__(self, *_: object) -> None:
        self.size -= 1
