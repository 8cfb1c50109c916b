"""What the demo prints is pasted into a shell: the lines run with the system's own sh, curl and grep."""

import os
import re
import signal
import socket
import subprocess
import sys

import pytest

pytestmark = pytest.mark.system
TIMEOUT_SECONDS = 30


@pytest.fixture
def demo(tmp_path):
    """A running demo: its environment and what it printed."""
    with socket.socket() as one, socket.socket() as two, socket.socket() as three:
        for opened in (one, two, three):
            opened.bind(("127.0.0.1", 0))
        connect, traffic, observe = (opened.getsockname()[1] for opened in (one, two, three))
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OP_CONNECT")} | {
        "CONNECT_SIDECAR__SERVER__LISTEN": f"127.0.0.1:{traffic}",
        "CONNECT_SIDECAR__OBSERVE__LISTEN": f"127.0.0.1:{observe}",
        "CONNECT_SIDECAR__CONTROL__SOCKET": str(tmp_path / "control.sock"),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "proxy", "demo", "--connect-port", str(connect)],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    printed = []
    for line in process.stdout:
        printed.append(line)
        if "Ctrl-C" in line:
            break
    yield environ, "".join(printed)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=TIMEOUT_SECONDS)


def test_the_lines_show_a_miss_a_hit_a_write_and_the_read_after_it(demo):
    environ, printed = demo
    script = re.search(r"^  export .*^  \S+ (?:-m proxy )?status$", printed, re.MULTILINE | re.DOTALL)[0]
    ran = subprocess.run(
        ["sh", "-eu"],
        input=script,
        env=environ,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=True,
    )
    cache_status = re.findall(r"^Cache-Status: connect-sidecar; (\S+?);", ran.stdout, re.MULTILINE)
    assert cache_status == ["fwd=uri-miss", "hit", "fwd=method", "fwd=uri-miss"]
    assert ran.stdout.count("HTTP/1.1 200") == 4
    assert "OK in front of" in ran.stdout
