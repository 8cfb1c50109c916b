"""Lines in a file that nobody else may read (mode 0600, appended to), put aside as FILE.1, FILE.2 ... when it is full.

Called by the writing thread alone. A file that somebody moved away or removed is begun anew.
"""

import os
from contextlib import suppress
from pathlib import Path

from proxy.audit import chain
from proxy.audit.exports import record_in
from proxy.audit.records import Link, Rotated, read_document

_MODE = 0o600
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
_TAIL_BYTES = 65_536


class FileOutput:
    """`path` and the files put aside, of which the newest `keep_files` are kept."""

    def __init__(self, path: Path, *, rotate_bytes: int, keep_files: int) -> None:
        self._path = path
        self._rotate_bytes = rotate_bytes
        self._keep_files = keep_files
        self._descriptor = -1
        self._rotated: Rotated | None = None  # said by the file that is opened next

    def found(self) -> Link | None:
        """Return the last record in the newest file that has one."""
        return last_link(self._path) or last_link(self._aside(1))

    def prepare(self) -> Rotated | None:
        """Open the file if it isn't, or isn't there any more; put it aside if it is full."""
        size = self._size_if_ours()
        if size is None:
            self.close()
        elif size >= self._rotate_bytes:
            self._rotate()
        if self._descriptor < 0:
            self._open()
        rotated, self._rotated = self._rotated, None
        return rotated

    def write(self, octets: bytes | memoryview) -> int:
        """Append some."""
        return os.write(self._descriptor, octets)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> None:
        self.close()
        self._descriptor = os.open(self._path, _FLAGS, _MODE)
        size = os.fstat(self._descriptor).st_size
        if size and _octets(self._path, size - 1) != b"\n":
            # A line that a killed process left unfinished stays one of its own.
            os.write(self._descriptor, b"\n")

    def _size_if_ours(self) -> int | None:
        """Return the size of the file; None if it isn't open, or isn't there any more."""
        if self._descriptor < 0:
            return None
        try:
            there, ours = self._path.stat(), os.fstat(self._descriptor)
        except OSError:
            return None
        return ours.st_size if (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino) else None

    def _rotate(self) -> None:
        dropped = last_link(self._aside(self._keep_files))
        try:
            self._put_aside()
        except OSError:
            return  # too large a file is better than none
        self.close()
        self._rotated = Rotated(dropped=dropped)

    def _put_aside(self) -> None:
        for number in range(self._keep_files - 1, 0, -1):
            with suppress(FileNotFoundError):
                self._aside(number).replace(self._aside(number + 1))
        self._path.replace(self._aside(1))

    def _aside(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def last_link(path: Path) -> Link | None:
    """Return the last whole record in a file; None if there is none, or it can't be read."""
    try:
        size = path.stat().st_size
        lines = _octets(path, max(0, size - _TAIL_BYTES)).split(b"\n")
    except OSError:
        return None
    for line in reversed(lines):
        sealed = chain.split(record_in(line) or b"")
        read = None if sealed is None else read_document(sealed.payload + b"}")
        if sealed is not None and read is not None:
            lead, _ = read
            return Link(instance=lead.instance, seq=lead.seq, mac=sealed.mac.hex())
    return None


def _octets(path: Path, at: int) -> bytes:
    with path.open("rb") as opened:
        opened.seek(at)
        return opened.read(_TAIL_BYTES)  # no more, whatever it is
