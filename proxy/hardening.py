"""The process itself, before any secret is in it: no core dump, nobody looks into its memory, enough open files.

`prctl(2)`: a process that is not dumpable leaves no core, whatever the limit, and other processes of the same user
can't attach to it or read its /proc/PID/mem and environ. Linux only; elsewhere the limit alone remains.
"""

import ctypes
import gc
import os
import resource
import sys
from collections.abc import Mapping
from contextlib import suppress

_PR_SET_DUMPABLE = 4
_STANDARD_ERROR = 2

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGE_BLOCK_BYTES = 131_072
"""glibc's own value to begin with; set, it stays."""

_NEVER = 2**31 - 1

_THRESHOLDS = (700, 1, 0)
"""New objects before the youngest are collected, and how often before the older ones are. Each object is looked at
three times before it is spared, whatever the numbers; with these a full collection looks at some 3,000, in 1 ms."""

_OLDEST = 2


def forbid_dumps() -> None:
    """Leave no core and let nobody look, from now on. Raises OSError if the kernel refuses."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def keep_standard_descriptors() -> None:
    """Put nothing where standard input, output or error are missing, so that no socket gets their numbers.

    Whoever writes to standard output would write into a client's connection, and libuv aborts when it closes one.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - the standard library's own signature
    os.close(descriptor)


def spare_what_stays() -> None:
    """Leave out of garbage collections what is there already, and from now on what a full one has left.

    A collection stops the event loop for as long as it takes to look at everything it knows, and stored responses are
    hundreds of thousands of objects. They refer to nothing that refers back: reference counts free them, as they free
    connections, flights and failures (a test sees to it). So each full collection looks only at what came since the
    last one, and there are so many that this is little. docs/adr/0028-memory-and-pauses.md.

    What only the start needed goes back to the system, where the C library can do that (glibc).
    """
    gc.collect()
    gc.freeze()
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    gc.set_threshold(*_THRESHOLDS)
    if _spare_survivors not in gc.callbacks:
        gc.callbacks.append(_spare_survivors)


def _spare_survivors(phase: str, info: Mapping[str, int]) -> None:
    if phase == "stop" and info["generation"] == _OLDEST:
        gc.freeze()


def never_unmap_much() -> None:
    """Have glibc keep small blocks that are freed for others to come, and unmap each large one by itself.

    It would unmap all that is free at the end of its heap in one go: up to 6 ms at the end of a purge of 100,000. What
    a purge has freed is filled again by what is stored next. Without glibc there is nothing to do.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _NEVER)


def raise_file_limit() -> int:
    """Allow as many open files as the system lets us have; return how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    return soft
