"""`status --watch` on a real terminal (tmux): what is on it, how it follows, and that it gives the terminal back."""

import asyncio
import contextlib
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from proxy.emulator import FOREVER, READ_WRITE, Emulator, Refuse
from tests.support.process import sidecar_process
from tests.support.wire import WireClient, request_head

pytestmark = pytest.mark.system

SECONDS = 30


class Terminal:
    """One pane of a tmux server of the test's own."""

    def __init__(self, directory, **environ):
        self._socket = str(directory / "tmux.sock")
        kept = {name: value for name, value in os.environ.items() if name not in {"TMUX", "NO_COLOR"}}
        self._environ = kept | {"LC_ALL": "C.UTF-8", "PS1": "$ ", **environ}
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "sh")

    def tmux(self, *arguments):
        ran = subprocess.run(
            ["tmux", "-u", "-S", self._socket, *arguments],
            env=self._environ,
            capture_output=True,
            text=True,
            check=True,
            timeout=SECONDS,
        )
        return ran.stdout

    def type(self, line):
        self.tmux("send-keys", "-l", line)
        self.tmux("send-keys", "Enter")

    def press(self, key):
        self.tmux("send-keys", key)

    def resize(self, width, height):
        self.tmux("resize-window", "-x", str(width), "-y", str(height))

    def shown(self, *, colours=False):
        return self.tmux("capture-pane", "-p", *(["-e"] if colours else []))

    @property
    def is_given_back(self):
        return self.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag}").strip() == "0 1"

    async def until(self, holds, what):
        """Wait until something is so on the screen."""
        shown = ""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SECONDS):
                while not holds(shown := self.shown()):
                    await asyncio.sleep(0.05)
                return shown
        raise AssertionError(f"never seen: {what}\n{shown}")

    async def until_said(self, text):
        return await self.until(lambda shown: text in shown, text)

    def close(self):
        self.tmux("kill-server")


@pytest.fixture
def terminal(tmp_path):
    opened = Terminal(tmp_path)
    yield opened
    opened.close()


def only_child_of(pid):
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


def watching(sidecar, *more):
    """Return the line that starts the view and says afterwards how it ended."""
    command = [sys.executable, "-m", "proxy", "status", "--watch", "--interval-seconds", "0.2"]
    setting = f"CONNECT_SIDECAR__CONTROL__SOCKET={sidecar.control_path}"
    return " ".join([*more, setting, shlex.join(command)]) + "; echo ended with $?"


async def test_the_view_follows_an_outage_and_its_end_and_gives_the_terminal_back(terminal, tmp_path):
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        token = emulator.issue_token("ci", {sample.demo.id: READ_WRITE})
        item = f"/v1/vaults/{sample.demo.id}/items/{sample.login.id}"
        async with (
            sidecar_process(emulator.url, tmp_path) as sidecar,
            await WireClient.connect(sidecar.address) as client,
        ):

            async def ask(*fields):
                return await client.ask(request_head("GET", item, token, *fields))

            await ask()
            terminal.type("echo before; " + watching(sidecar))
            shown = await terminal.until_said("from memory")
            lines = shown.splitlines()
            assert lines[0].startswith(" OK  in front of http://127.0.0.1:")
            assert "before" not in shown  # another screen
            assert not terminal.is_given_back
            assert "\x1b[1m" in terminal.shown(colours=True)
            for _ in range(20):
                await ask()
            await terminal.until(lambda screen: "█" in screen, "a sparkline")
            refusal = emulator.faults.add(Refuse(), times=FOREVER)
            await ask("Cache-Control: max-age=0, stale-if-error=600")
            await terminal.until_said(" DEGRADED  in front of ")
            await terminal.until_said("serving stale: Connect ")
            emulator.faults.remove(refusal)
            await ask("Cache-Control: max-age=0")
            await terminal.until_said(" OK  in front of ")
            terminal.resize(132, 40)
            await terminal.until(
                lambda screen: any(
                    "tokens " in line and line.rstrip().endswith(("changes", "refused"))
                    for line in screen.splitlines()
                ),
                "the wide screen",
            )
            terminal.resize(40, 12)
            await terminal.until(
                lambda screen: all(len(line) <= 40 for line in screen.splitlines()), "the narrow one"
            )
            terminal.resize(80, 24)
            await terminal.until_said(" clients ")
            terminal.press("C-c")
            await terminal.until_said("ended with 0")
            assert terminal.is_given_back
            assert "before" in terminal.shown()
            assert "from memory" not in terminal.shown()


async def test_a_termination_signal_and_a_sidecar_that_goes_away_leave_the_terminal_as_it_was(
    terminal, tmp_path
):
    pid = tmp_path / "pid"
    async with Emulator() as emulator:
        async with sidecar_process(emulator.url, tmp_path) as sidecar:
            terminal.type(f"echo $$ > {pid}; " + watching(sidecar))
            await terminal.until_said(" OK  in front of ")
        await terminal.until_said(" GONE  no sidecar answers at ")
        assert "It was last seen OK, up " in terminal.shown()
        os.kill(only_child_of(int(pid.read_text())), signal.SIGTERM)
        await terminal.until_said("ended with 0")
        assert terminal.is_given_back


async def test_an_answer_of_another_version_leaves_the_terminal_as_it_was(terminal, tmp_path):
    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"state":"splendid"}'
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    path = tmp_path / "other.sock"
    async with await asyncio.start_unix_server(answer, path):

        class Other:
            control_path = path

        terminal.type(watching(Other))
        await terminal.until_said("ended with 2")
        assert "the sidecar that runs is of another version" in terminal.shown()
        assert terminal.is_given_back


async def test_without_colours_there_are_none(terminal, tmp_path):
    async with Emulator() as emulator, sidecar_process(emulator.url, tmp_path) as sidecar:
        terminal.type(watching(sidecar, "NO_COLOR=1"))
        await terminal.until_said(" OK  in front of ")
        assert "\x1b[" not in terminal.shown(colours=True)
        terminal.press("C-c")
        await terminal.until_said("ended with 0")
