"""The command line: what it asks for, how it fails. What it starts is in tests/integration/test_commands.py."""

import argparse
import subprocess
import sys

import pytest

from proxy.__main__ import main
from proxy.commands.control import target_of
from proxy.commands.errors import CommandError
from proxy.commands.healthcheck import observe_address
from proxy.commands.purge import document_of
from proxy.commands.startup import warn_about
from proxy.config import Address, ControlSettings, load_all

COMMANDS = (
    *("serve", "demo", "emulate", "check-config", "doctor", "healthcheck", "purge", "mode", "reload", "quit"),
    *("status", "explain", "audit"),
)


@pytest.fixture(autouse=True)
def no_settings_around(monkeypatch):
    for name in ("OP_CONNECT_HOST", "CONNECT_SIDECAR__OBSERVE__LISTEN"):
        monkeypatch.delenv(name, raising=False)


def test_help_tells_every_command_and_the_exit_codes(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    told = capsys.readouterr().out
    assert left.value.code == 0
    assert [command for command in COMMANDS if f"    {command}" not in told] == []
    assert "2  failing, refused or not understood" in told


def test_an_unknown_command_exits_with_2(capsys):
    with pytest.raises(SystemExit) as left:
        main(["sevre"])
    assert left.value.code == 2
    assert "invalid choice" in capsys.readouterr().err


def test_each_reason_is_one_line_on_standard_error(capsys, tmp_path):
    config = tmp_path / "sidecar.toml"
    config.write_text("[cache]\nstore_bytes = 0\nstore = 1\n")
    assert main(["serve", "--config", str(config)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert [line.partition(": ")[0] for line in captured.err.splitlines()] == ["connect-sidecar serve"] * 3


_AS_PROCESS_1 = """
import os, signal, sys
from proxy import __main__

def slow_import(name):
    os.kill(PID, signal.SIGTERM)
    signal.pause()

PID = os.getpid()
os.getpid = lambda: 1
signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as the kernel has it for process 1
__main__.importlib.import_module = slow_import
sys.exit(__main__.main(["serve"]))
"""


def test_a_container_that_is_stopped_while_it_starts_ends_at_once():
    ran = subprocess.run([sys.executable, "-c", _AS_PROCESS_1], capture_output=True, timeout=20, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")


def test_check_config_says_where_from_and_where_to(capsys, monkeypatch):
    monkeypatch.setenv("OP_CONNECT_HOST", "http://connect:8080")
    monkeypatch.setattr("proxy.commands.check_config.memory_limit_bytes", lambda: None)
    assert main(["check-config"]) == 0
    assert capsys.readouterr().out == "ok: 127.0.0.1:8180, [::1]:8180 -> http://connect:8080\n"


def test_check_config_warns_and_stays_ok(capsys, monkeypatch):
    monkeypatch.setenv("OP_CONNECT_HOST", "http://connect:8080")
    monkeypatch.setattr("proxy.commands.check_config.memory_limit_bytes", lambda: 50_000_000)
    assert main(["check-config"]) == 0
    captured = capsys.readouterr()
    assert captured.err.startswith("warning: cache.store_bytes: ")
    assert captured.out.startswith("ok, 1 warning: ")


@pytest.mark.parametrize(("log_format", "begins"), [("console", "warning: profile: "), ("json", '{"ts":"')])
def test_a_start_warns_of_what_is_unwise_in_the_format_of_the_log(capsys, monkeypatch, log_format, begins):
    monkeypatch.setattr("proxy.commands.startup.memory_limit_bytes", lambda: None)
    environ = {"OP_CONNECT_HOST": "http://connect:8080", "CONNECT_SIDECAR__PROFILE": "http"}
    warn_about(load_all(None, environ | {"CONNECT_SIDECAR__LOG__FORMAT": log_format}))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(begins)
    assert "knows nothing of Connect" in line


@pytest.mark.parametrize("arguments", [["--help"], ["healthcheck"]])
def test_what_must_start_fast_imports_no_library(arguments):
    program = (
        "import sys\nfrom proxy.__main__ import main\n"
        f"try: main({arguments!r})\nexcept SystemExit: pass\n"
        "print(sorted({'msgspec', 'aiohttp', 'uvloop', 'asyncio', 'structlog'} & sys.modules.keys()))"
    )
    environ = {"CONNECT_SIDECAR__OBSERVE__LISTEN": "127.0.0.1:1"}
    ran = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[-1] == "[]"


# --- healthcheck


def test_healthcheck_asks_the_default_address():
    assert observe_address(None, {}) == "127.0.0.1:8181"


def test_healthcheck_asks_the_first_address_of_the_environment_then_of_the_file(tmp_path):
    config = tmp_path / "sidecar.toml"
    config.write_text('[observe]\nlisten = ["10.0.0.1:9", "10.0.0.2:9"]')
    assert observe_address(config, {}) == "10.0.0.1:9"
    assert observe_address(config, {"CONNECT_SIDECAR__OBSERVE__LISTEN": "[::]:7,10.0.0.3:9"}) == "[::]:7"


@pytest.mark.parametrize("url", ["ftp://a", "http://", "http://user@a:1", "http://a:b", "a:8080"])
def test_healthcheck_refuses_what_is_no_url_it_may_ask(url, capsys):
    assert main(["healthcheck", "--url", url]) == 2
    assert capsys.readouterr().err.startswith("connect-sidecar healthcheck: --url: ")


def test_healthcheck_without_an_observe_port_fails_by_its_setting(capsys, monkeypatch):
    monkeypatch.setenv("CONNECT_SIDECAR__OBSERVE__LISTEN", "")
    assert main(["healthcheck"]) == 2
    assert (
        capsys.readouterr().err
        == "connect-sidecar healthcheck: observe.listen: there is no observe port to ask\n"
    )


# --- purge and status


def chosen(**given):
    return argparse.Namespace(**({"all": False, "vault": None, "item": None, "token": None} | given))


@pytest.mark.parametrize(
    ("given", "document"),
    [
        ({"all": True}, {"scope": "all"}),
        ({"vault": "v"}, {"scope": "vault", "vault": "v"}),
        ({"item": "v/i"}, {"scope": "item", "vault": "v", "item": "i"}),
        ({"token": "billing"}, {"scope": "token", "token": "billing"}),
    ],
)
def test_purge_asks_for_what_was_chosen(given, document):
    assert document_of(chosen(**given)) == document


@pytest.mark.parametrize("item", ["i", "v/", "/i", "v/i/f"])
def test_purge_of_an_item_needs_its_vault(item):
    with pytest.raises(CommandError, match="VAULT/ITEM"):
        document_of(chosen(item=item))


def test_status_of_a_sidecar_that_is_not_there_names_where_it_looked(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("CONNECT_SIDECAR__CONTROL__SOCKET", str(tmp_path / "none.sock"))
    assert main(["status"]) == 2
    assert capsys.readouterr().err == f"connect-sidecar status: no sidecar answers at {tmp_path}/none.sock\n"


def test_the_control_port_is_reached_by_socket_else_by_loopback_with_its_token(tmp_path):
    token_file = tmp_path / "token"
    token_file.write_text("s3cret\n")
    listen = Address(host="::1", port=8182)
    by_socket = target_of(ControlSettings(socket="/run/c.sock", listen=listen, token_file=str(token_file)))
    by_loopback = target_of(ControlSettings(socket="", listen=listen, token_file=str(token_file)))
    assert str(by_socket.socket_path) == "/run/c.sock"
    assert (by_loopback.url, by_loopback.bearer) == ("http://[::1]:8182", "s3cret")


def test_a_control_port_that_is_off_is_said_so():
    with pytest.raises(CommandError, match=r"control\.socket: the control port is off"):
        target_of(ControlSettings(socket=""))


@pytest.mark.parametrize(
    ("state", "code"), [("ok", 0), ("degraded", 1), ("starting", 1), ("draining", 1), ("failing", 2)]
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_the_exit_code_of_status_is_its_state(monkeypatch, capsys, state, code, form):
    monkeypatch.setattr("proxy.commands.status.ask", lambda *_: {"state": state, "mode": "cache", "new": 1})
    assert main(["status", *form]) == code
    assert state in capsys.readouterr().out.lower()


def test_a_status_of_another_version_is_said_to_be(monkeypatch, capsys):
    monkeypatch.setattr("proxy.commands.status.ask", lambda *_: {"state": "splendid"})
    assert main(["status"]) == 2
    assert capsys.readouterr().err == (
        "connect-sidecar status: the sidecar that runs is of another version: try --json\n"
    )


@pytest.mark.parametrize("seconds", ["0", "0.09", "3601", "nan", "soon", "-1"])
def test_an_interval_is_a_sensible_number(seconds, capsys):
    with pytest.raises(SystemExit) as refused:
        main(["status", "--watch", "--interval-seconds", seconds])
    assert refused.value.code == 2
    assert "from 0.1 to 3600" in capsys.readouterr().err
