"""Where lines go: standard output; files are in `file_output`. Called by the writing thread alone; may block a while.

A pipe whose reader has stopped reading counts as failed after some seconds: a thread that waits for ever would hide it.
"""

import fcntl
import os
import select
import stat
import sys
from errno import EBADF, ETIMEDOUT
from typing import Protocol

from proxy.audit.records import Link, Rotated

STALLED_SECONDS = 5.0


class Output(Protocol):
    """A place for lines. Everything raises OSError when it can't be had."""

    def found(self) -> Link | None:
        """Return the last record that is there already, of an instance before this one."""
        ...

    def prepare(self) -> Rotated | None:
        """See to it that `write` can be called; a new file is begun with the record that is returned."""
        ...

    def write(self, octets: bytes | memoryview) -> int:
        """Write at least one octet; return how many."""
        ...

    def close(self) -> None:
        """Let go. Never raises."""
        ...


class StandardOutput:
    """Standard output, under a descriptor of its own, so that nothing that is opened later can take its place."""

    def __init__(self, stalled_seconds: float = STALLED_SECONDS) -> None:
        self._stalled_seconds = stalled_seconds
        self._descriptor = _kept_standard_output()
        self._is_file = self._descriptor >= 0 and stat.S_ISREG(os.fstat(self._descriptor).st_mode)

    def found(self) -> None:
        """Whatever was written before is gone to the reader."""

    def prepare(self) -> None:
        """Nothing to do."""

    def write(self, octets: bytes | memoryview) -> int:
        """Write some, as soon as the reader makes room."""
        if self._descriptor < 0:
            raise OSError(EBADF, os.strerror(EBADF))
        if self._is_file:
            return os.write(self._descriptor, octets)
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLOUT)
        if not waiting.poll(self._stalled_seconds * 1000):
            raise OSError(ETIMEDOUT, os.strerror(ETIMEDOUT))
        # That much a pipe takes without blocking, once it says that it takes anything.
        return os.write(self._descriptor, octets[: select.PIPE_BUF])

    def close(self) -> None:
        """Let go of our descriptor; standard output stays."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _kept_standard_output() -> int:
    """Return a second descriptor of standard output; -1 if the process was started without one."""
    if sys.__stdout__ is None:
        return -1  # descriptor 1 may be anything by now
    try:
        return fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 3)
    except OSError:
        return -1
