"""Lines on their way to a file descriptor: a thread of their own writes them, so that nobody waits for a slow reader.

What waits is bounded in bytes. Once a line found no room, those behind it are lost, too, until the thread has taken
what waits: order is kept, and the place of the gap is told by a line that counts them. Non-blocking descriptors are no
way out: standard error is one open file with the shell and everybody else who has it.
"""

import atexit
import os
import select
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

MOST_BYTES = 2 * 1024 * 1024
"""About five thousand lines; twice that while a full batch is stuck in the kernel."""

_CLOSE_SECONDS = 2.0


def standard_error() -> int:
    """Return the descriptor of standard error, or one that can't be written to where the process has none.

    A closed 2 may have become anything since, a client's connection for one.
    """
    return -1 if sys.__stderr__ is None else sys.__stderr__.fileno()


class LineWriter:
    """Takes lines from any thread, writes them in order. Starts with the first line; `close` writes what is left."""

    def __init__(
        self, descriptor: int, *, lost_line: Callable[[int], bytes], most_bytes: int = MOST_BYTES
    ) -> None:
        self._descriptor = descriptor
        self._lost_line = lost_line
        self._most_bytes = most_bytes
        # Reentrant: a collected object's last words may come from within.
        self._changed = threading.Condition(threading.RLock())
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._without_room = 0
        self._unwritten = 0
        self._is_torn = False
        self._is_closing = False
        self._thread: threading.Thread | None = None
        self.lines_lost = 0
        """How many lines nobody will see: there was no room, or they could not be written."""

    def write(self, line: bytes) -> None:
        """Take one line, its end included. Never waits, never raises."""
        with self._changed:
            if self._without_room or self._waiting_bytes + len(line) > self._most_bytes:
                self._without_room += 1
                self.lines_lost += 1
            else:
                self._waiting.append(line)
                self._waiting_bytes += len(line)
            if self._thread is None:
                self._start()
            else:
                self._changed.notify()

    def close(self, within_seconds: float = _CLOSE_SECONDS) -> None:
        """Write what waits and end the thread; leave it behind if that takes longer. A later line starts another."""
        with self._changed:
            thread = self._thread
            self._is_closing = True
            self._changed.notify()
        if thread is not None and thread is not threading.current_thread():
            thread.join(within_seconds)
        atexit.unregister(self.close)

    def _start(self) -> None:
        self._is_closing = False
        thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        with suppress(RuntimeError):  # no more threads now, or ever: lines wait for the next try
            thread.start()
            self._thread = thread
            # Whatever ends the process in Python: its last lines are what one looks for.
            atexit.register(self.close)

    def _run(self) -> None:
        while (batch := self._next_batch()) is not None:
            if self._unwritten and self._put([self._lost_line(self._unwritten)]) == 0:
                self._unwritten = 0
            unwritten = self._put(batch)
            if unwritten:
                self._unwritten += unwritten
                with self._changed:
                    self.lines_lost += unwritten

    def _next_batch(self) -> list[bytes] | None:
        """Wait for lines and take all there are; None once there are none and the end has been asked for."""
        with self._changed:
            while not (self._waiting or self._without_room):
                if self._is_closing:
                    self._thread = None
                    return None
                self._changed.wait()
            batch, self._waiting, self._waiting_bytes = self._waiting, [], 0
            if self._without_room:
                batch.append(self._lost_line(self._without_room))
                self._without_room = 0
            return batch

    def _put(self, lines: list[bytes]) -> int:
        """Write lines; return how many could not be written to their end."""
        octets = b"".join([b"\n", *lines] if self._is_torn else lines)
        rest = memoryview(octets)
        with suppress(OSError):
            while rest:
                rest = rest[self._put_some(rest) :]
        written = len(octets) - len(rest)
        if written:
            self._is_torn = octets[written - 1 : written] != b"\n"
        return min(octets.count(b"\n", written), len(lines))

    def _put_some(self, octets: memoryview) -> int:
        try:
            return os.write(self._descriptor, octets)
        except BlockingIOError:  # somebody else who has this open file wants it so
            poll = select.poll()
            poll.register(self._descriptor, select.POLLOUT)
            poll.poll()
            return 0
