"""The process itself, before any secret is in it: no core dump, nobody looks into its memory, enough open files.

`prctl(2)`: a process that is not dumpable leaves no core, whatever the limit, and other processes of the same user
can't attach to it or read its /proc/PID/mem and environ. Linux only; elsewhere the limit alone remains.
"""

import ctypes
import gc
import os
import resource
import sys
from contextlib import suppress

_PR_SET_DUMPABLE = 4
_STANDARD_ERROR = 2


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
    """Leave out of every garbage collection from now on what is there already: modules and parts that never go.

    A full collection stops the event loop, and most of it was spent on them. What only the start needed goes back
    to the system, where the C library can do that (glibc).
    """
    gc.collect()
    gc.freeze()
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def raise_file_limit() -> int:
    """Allow as many open files as the system lets us have; return how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    return soft
