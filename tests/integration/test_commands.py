"""The commands as processes: they start, say where they are, refuse what can't be, and end when told to."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest

TIMEOUT_SECONDS = 30


@pytest.fixture
def environ(tmp_path):
    """An environment without settings of ours, but with ports and a socket of the test's own."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OP_CONNECT", "CONNECT_SIDECAR"))
    }
    return kept | {
        "CONNECT_SIDECAR__SERVER__LISTEN": f"127.0.0.1:{free_port()}",
        "CONNECT_SIDECAR__OBSERVE__LISTEN": f"127.0.0.1:{free_port()}",
        "CONNECT_SIDECAR__CONTROL__SOCKET": str(tmp_path / "control.sock"),
    }


def free_port():
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]


def command(*arguments):
    return [sys.executable, "-m", "proxy", *arguments]


def run(environ, *arguments):
    return subprocess.run(
        command(*arguments), env=environ, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
    )


@contextmanager
def started(environ, *arguments, until):
    """Start a command, read its standard output up to a line with `until`, and end it with SIGINT."""
    process = subprocess.Popen(
        command(*arguments), env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if until in line:
                break
        assert until in "".join(lines[-1:]), process.stderr.read()
        yield process, "".join(lines)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise


def exported(text, name):
    return next(
        line.partition("=")[2] for line in text.splitlines() if line.strip().startswith(f"export {name}=")
    )


def get(address, target, token=None):
    connection = HTTPConnection(address, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", target, headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        answer.read()
        return answer
    finally:
        connection.close()


def test_the_demo_serves_misses_then_hits_and_ends_well_on_ctrl_c(environ):
    with started(environ, "demo", "--connect-port", str(free_port()), until="Ctrl-C") as (process, told):
        token, address = exported(told, "OP_CONNECT_TOKEN"), environ["CONNECT_SIDECAR__SERVER__LISTEN"]
        assert exported(told, "OP_CONNECT_HOST") == f"http://{address}"
        first, second = (get(address, "/v1/vaults", token) for _ in range(2))
        assert (first.status, second.status) == (200, 200)
        assert "fwd=uri-miss" in first.headers["Cache-Status"]
        assert "hit" in second.headers["Cache-Status"]
    assert process.returncode == 0


def test_the_demo_serves_the_server_that_op_connect_host_names(environ):
    emulated = ("emulate", "--port", "0")
    with started(environ, *emulated, until="OP_CONNECT_TOKEN") as (_, told):
        environ["OP_CONNECT_HOST"] = exported(told, "OP_CONNECT_HOST")
        token = exported(told, "OP_CONNECT_TOKEN")
        with started(environ, "demo", until="Ctrl-C") as (process, shown):
            assert environ["OP_CONNECT_HOST"] in shown
            assert get(environ["CONNECT_SIDECAR__SERVER__LISTEN"], "/v1/vaults", token).status == 200
    assert process.returncode == 0


def test_operators_reach_a_running_sidecar(environ):
    with started(environ, "demo", "--connect-port", str(free_port()), until="Ctrl-C") as (_, told):
        get(environ["CONNECT_SIDECAR__SERVER__LISTEN"], "/v1/vaults", exported(told, "OP_CONNECT_TOKEN"))
        assert run(environ, "healthcheck").returncode == 0
        traffic = f"http://{environ['CONNECT_SIDECAR__SERVER__LISTEN']}"
        assert run(environ, "healthcheck", "--url", f"{traffic}/heartbeat").returncode == 0
        assert run(environ, "healthcheck", "--url", f"{traffic}/v1/vaults").returncode == 2
        assert run(environ, "status").stdout.startswith("OK in front of http://127.0.0.1:")
        assert run(environ, "mode").stdout == "cache\n"
        assert run(environ, "mode", "observe").stdout == "observe\n"
        assert "| mode observe |" in run(environ, "status").stdout
        assert run(environ, "purge", "--all").stdout == "1 stored response dropped\n"
        assert run(environ, "purge", "--all").stdout == "0 stored responses dropped\n"


@pytest.mark.parametrize("setting", ["server.listen", "observe.listen"])
def test_a_port_in_use_is_an_error_that_names_the_setting(environ, setting):
    variable = f"CONNECT_SIDECAR__{setting.replace('.', '__').upper()}"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ran = run(environ | {variable: address, "OP_CONNECT_HOST": "http://127.0.0.1:9"}, "serve")
    assert ran.returncode == 2
    assert f"connect-sidecar serve: {setting}: {address} is already in use" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(("name", "option"), [("demo", "--connect-port"), ("emulate", "--port")])
def test_a_taken_port_of_the_embedded_server_names_its_option(environ, name, option):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ran = run(environ, name, option, str(taken.getsockname()[1]))
    assert ran.returncode == 2
    assert f"connect-sidecar {name}: {option}: the embedded Connect server can't listen" in ran.stderr


def test_serve_stops_well_on_sigterm(environ):
    environ |= {"OP_CONNECT_HOST": "http://127.0.0.1:9", "CONNECT_SIDECAR__SERVER__DRAIN_DELAY_SECONDS": "0"}
    process = subprocess.Popen(command("serve"), env=environ, stderr=subprocess.PIPE, text=True)
    try:
        assert "serving" in process.stderr.readline()
        assert get(environ["CONNECT_SIDECAR__OBSERVE__LISTEN"], "/livez").status == 200
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=TIMEOUT_SECONDS)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
