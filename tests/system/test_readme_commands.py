"""README.md's shell blocks, run as they are written, in order, from a fresh clone in an empty directory.

What stands behind `sh` in a fence says how: nothing, and the block must end well; `runs`, and it goes on until Ctrl-C,
from when it says that it serves; `needs=...`, and it can't run here, for one of the reasons below. Ports are moved by
the environment, so that two people may run this on one machine. What is cloned is what is committed.
"""

import os
import re
import signal
import subprocess
import threading
from contextlib import contextmanager

import pytest

from tests.support.pages import ROOT, blocks
from tests.support.process import free_port

pytestmark = [pytest.mark.system, pytest.mark.slow]

INSTALL_SECONDS, PATIENCE_SECONDS = 300, 30
CAN_NOT_RUN = {
    "needs=cluster": r"kubectl|helm",
    "needs=engine": r"docker|podman|buildah",
    "needs=connect": r"OP_CONNECT|connect-sidecar",
}
README = list(blocks(ROOT / "README.md", "sh"))
SHOWN = next(text for _, text in blocks(ROOT / "README.md", "") if "$ ask $item" in text)
SERVES = re.compile(r"Ctrl-C|\"phase\":\"serving\"")


def environment(directory):
    """Return what a new user has: their own pip settings, nothing of Connect's or ours but free ports."""
    ours = ("OP_CONNECT", "CONNECT_SIDECAR", "VIRTUAL_ENV", "UV_", "PYTEST_", "MAKE", "MFLAGS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {
        "CONNECT_SIDECAR__SERVER__LISTEN": f"127.0.0.1:{free_port()}",
        "CONNECT_SIDECAR__OBSERVE__LISTEN": f"127.0.0.1:{free_port()}",
        "CONNECT_SIDECAR__CONTROL__SOCKET": str(directory / "control.sock"),
        "DEMO_ARGS": f"--connect-port {free_port()}",
    }


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    directory = tmp_path_factory.mktemp("fresh")
    subprocess.run(["git", "clone", "--quiet", ROOT, directory / "clone"], check=True)
    return directory / "clone"


def run(script, clone, environ, seconds=PATIENCE_SECONDS):
    """Run lines in a shell of their own and return what they said; they must end well."""
    ran = subprocess.run(
        ["sh", "-eu"],
        input=script,
        cwd=clone,
        env=environ,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@contextmanager
def running(script, clone, environ):
    """Run lines that don't end: yield what they have said once they serve; then Ctrl-C, as a terminal sends it."""
    process = subprocess.Popen(
        ["sh", "-euc", script],
        cwd=clone,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    watchdog = threading.Timer(INSTALL_SECONDS, os.killpg, (process.pid, signal.SIGKILL))
    watchdog.start()
    said = []
    try:
        for line in process.stdout:
            said.append(line)
            if SERVES.search(line):
                break
        assert process.poll() is None, "".join(said)
        yield "".join(said)
        assert process.poll() is None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        rest, _ = process.communicate(timeout=PATIENCE_SECONDS)
        watchdog.cancel()
    assert "Traceback" not in "".join(said) + rest, rest


def without_figures(text):
    return re.sub(r"(?<=[ =])\d+$", "N", text.strip(), flags=re.MULTILINE)


def test_what_can_not_run_here_says_why_and_looks_like_it():
    for how, text in README:
        if how not in {"", "runs"}:
            assert how in CAN_NOT_RUN
            assert re.search(CAN_NOT_RUN[how], text)


def test_the_readme_works_from_its_first_block_to_its_last(clone):
    environ = environment(clone.parent)
    demos = 0
    for how, text in README:
        if how == "":
            run(text, clone, environ, INSTALL_SECONDS)
        elif how == "runs":
            with running(text, clone, environ) as said:
                if "Paste into another terminal" in said:
                    demos += 1
                    pasted_lines_do_what_the_readme_shows(said, clone, environ)
    assert demos == 1
    assert run("git status --porcelain --ignored=no -- proxy docs", clone, environ) == ""


def pasted_lines_do_what_the_readme_shows(said, clone, environ):
    """A miss, a hit, a write and the read after it, with the system's own sh, curl and grep."""
    script = re.search(r"^  export .*^  \S+ (?:-m proxy )?status$", said, re.MULTILINE | re.DOTALL)[0]
    printed = run(script, clone, environ)
    cache_status = re.findall(r"^Cache-Status: connect-sidecar; (\S+?);", printed, re.MULTILINE)
    assert cache_status == ["fwd=uri-miss", "hit", "fwd=method", "fwd=uri-miss"]
    assert printed.count("HTTP/1.1 200") == 4
    assert "OK in front of" in printed
    answers = re.split(r"^(?=HTTP/)", printed.replace("\r", ""), flags=re.MULTILINE)[1:]
    shown = re.split(r"^\$ ask .*\n", SHOWN, flags=re.MULTILINE)[1:]
    assert [without_figures(answer) for answer in answers[: len(shown)]] == [
        without_figures(answer) for answer in shown
    ]
