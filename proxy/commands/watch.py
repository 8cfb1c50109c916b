"""`status --watch`: asks again and again and shows what it hears, until Ctrl-C.

On a terminal a full screen, given back as it was however this ends; else, in a pipe or a log, one line each time. A
sidecar that goes away is said to be gone, and looked for again.
"""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TextIO

from proxy.commands.control import as_document
from proxy.commands.exit_codes import OK
from proxy.commands.screen import Looks, render
from proxy.commands.status_line import line_of
from proxy.commands.watch_screen import gone, screen
from proxy.server.control_client import ControlError, ControlTarget, ask_control
from proxy.status.document import Status

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J"  # another screen, no cursor
_LEAVE = "\x1b[?25h\x1b[?1049l"
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(target: ControlTarget, interval_seconds: float) -> int:
    """Watch until told to end. Raises CommandError if what answers is of another version."""
    try:
        asyncio.run(_watch(target, interval_seconds))
    except asyncio.CancelledError:
        pass
    except OSError:  # nobody reads any more: the pipe is broken, the terminal is gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nor what is left to flush
    return OK


async def _watch(target: ControlTarget, interval_seconds: float) -> None:
    loop, watching = asyncio.get_running_loop(), asyncio.current_task()
    assert watching is not None
    for number in _ENDING:
        loop.add_signal_handler(number, watching.cancel)
    if not sys.stdout.isatty():
        await _print_lines(target, interval_seconds)
        return
    resized = asyncio.Event()
    loop.add_signal_handler(signal.SIGWINCH, resized.set)
    with _another_screen(sys.stdout):
        await _draw(target, interval_seconds, resized)


async def _print_lines(target: ControlTarget, interval_seconds: float) -> None:
    while True:
        heard = await _ask(target)
        print(heard if isinstance(heard, str) else line_of(heard), flush=True)
        await asyncio.sleep(interval_seconds)


async def _draw(target: ControlTarget, interval_seconds: float, resized: asyncio.Event) -> None:
    looks = looks_of(os.environ, sys.stdout.encoding)
    last = Status()
    while True:
        heard = await _ask(target)
        last = last if isinstance(heard, str) else heard
        while True:
            width, height = shutil.get_terminal_size()
            lines = gone(heard, last) if isinstance(heard, str) else screen(heard, looks, width, height)
            _paint(render(lines, looks, width, height))
            if not await _is_resized_within(resized, interval_seconds):
                break


async def _is_resized_within(resized: asyncio.Event, seconds: float) -> bool:
    resized.clear()
    try:
        async with asyncio.timeout(seconds):
            await resized.wait()
    except TimeoutError:
        return False
    return True


async def _ask(target: ControlTarget) -> Status | str:
    try:
        document = await ask_control(target, "GET", "/status")
    except ControlError as error:
        return str(error)
    return as_document(document, Status)


def looks_of(environ: Mapping[str, str], encoding: str | None) -> Looks:
    """Return what the terminal can show: colours unless NO_COLOR or a dumb one, blocks where they can be written."""
    is_dumb = environ.get("TERM", "") in {"", "dumb"}
    return Looks(
        has_colours=not environ.get("NO_COLOR") and not is_dumb,
        has_blocks=(encoding or "").lower().replace("-", "") == "utf8",
    )


@contextmanager
def _another_screen(stream: TextIO) -> Iterator[None]:
    stream.write(_ENTER)
    try:
        yield
    finally:
        with suppress(OSError):  # the terminal may be gone
            stream.write(_LEAVE)
            stream.flush()


def _paint(lines: list[str]) -> None:
    """Write over what is there, line by line: no flicker, and nothing left of longer lines."""
    sys.stdout.write("\x1b[H" + "\r\n".join(f"{line}\x1b[K" for line in lines) + "\x1b[J")
    sys.stdout.flush()
