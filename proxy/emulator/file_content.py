"""Contents of files: given as bytes, or generated chunk by chunk so that a large one costs no memory."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

CHUNK_BYTES = 64 * 1024
_MARK_BYTES = 8


class FileContent(Protocol):
    """What a file consists of."""

    @property
    def size(self) -> int:
        """Length in bytes."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """Return the content from its beginning."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedContent:
    """Content held in memory."""

    content: bytes

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self.content)

    def chunks(self) -> Iterator[bytes]:
        """Return the content from its beginning."""
        view = memoryview(self.content)
        for start in range(0, len(view), CHUNK_BYTES):
            yield bytes(view[start : start + CHUNK_BYTES])


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedContent:
    """Content of any size that follows from `label`.

    Each chunk begins with its number, so none can be swapped.
    """

    size: int
    label: str

    def chunks(self) -> Iterator[bytes]:
        """Return the content from its beginning."""
        block = hashlib.shake_128(self.label.encode()).digest(CHUNK_BYTES - _MARK_BYTES)
        for number, start in enumerate(range(0, self.size, CHUNK_BYTES)):
            chunk = number.to_bytes(_MARK_BYTES, "big") + block
            yield chunk[: self.size - start]


def whole(content: FileContent) -> bytes:
    """Return all of `content` at once."""
    return b"".join(content.chunks())
