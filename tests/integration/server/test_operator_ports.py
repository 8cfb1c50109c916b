"""Observe and control over real sockets; and where all three listen."""

import asyncio
import errno
import json
import os
import socket
from dataclasses import dataclass, replace

import pytest

from proxy.server import listeners
from proxy.server.control_app import (
    ControlApp,
    Controls,
    Purge,
    PurgeScope,
    Question,
    UnknownName,
)
from proxy.server.control_client import ControlError, ControlTarget, ask_control
from proxy.server.front import Front
from proxy.server.http_server import HttpServer, HttpServerSettings
from proxy.server.listeners import ListenError, TcpAddress, UnixAddress, bind_all
from proxy.server.observe_app import ObserveApp, Observed, Service
from proxy.server.peers import only_ourselves, only_users

from .conftest import Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    mode: str = "cache"
    tokens: int = 3


def front(handler, *addresses, **options) -> Front:
    return Front(HttpServer(handler, settings=HttpServerSettings(), **options), addresses)


def free(host: str = "127.0.0.1", port: int = 0) -> TcpAddress:
    return TcpAddress(setting="server.listen", host=host, port=port)


@pytest.fixture
async def opened():
    fronts: list[Front] = []

    async def open_front(candidate: Front) -> Front:
        fronts.append(candidate)
        await candidate.open()
        return candidate

    yield open_front
    for candidate in fronts:
        candidate.close_listeners()
        await candidate.finish(asyncio.Event(), 0.5)


async def ask(port: int, octets: bytes):
    wire = Wire(*await asyncio.open_connection("127.0.0.1", port))
    wire.send(octets)
    response = await wire.response(is_head=octets.startswith(b"HEAD"))
    await wire.close()
    return response


@pytest.mark.parametrize(
    ("method", "target", "status", "body"),
    [
        (b"GET", b"/livez", 200, b"alive\n"),
        (b"GET", b"/readyz", 200, b"serving-stale\n"),
        (b"GET", b"/readyz?verbose", 200, b"serving-stale\n"),
        (b"GET", b"/metrics", 200, b"m 1\n"),
        (b"HEAD", b"/metrics", 200, b""),
        (b"POST", b"/metrics", 405, b"only GET\n"),
        (b"GET", b"/v1/vaults", 404, None),
        (b"GET", b"/livez/", 404, None),
    ],
)
async def test_observe_port(opened, method, target, status, body):
    app = ObserveApp(
        Observed(
            is_ready=lambda: True,
            service=lambda: Service.SERVING_STALE,
            metrics=lambda accept: (b"m 1\n", "text/plain"),
        )
    )
    running = await opened(front(app, free()))
    port = running.addresses[0].port
    status_line, _, received = await ask(
        port, method + b" " + target + b" HTTP/1.1\r\nHost: pod:8181\r\n\r\n"
    )
    assert status_line.split()[1] == str(status)
    assert body is None or received == body


async def test_not_ready_while_draining(opened):
    app = ObserveApp(
        Observed(is_ready=lambda: False, service=lambda: Service.READY, metrics=lambda accept: (b"", ""))
    )
    running = await opened(front(app, free()))
    port = running.addresses[0].port
    assert (await ask(port, b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n"))[
        0
    ] == "HTTP/1.1 503 Service Unavailable"


def controls(heard: list[object]) -> Controls:
    def purge(asked: Purge) -> int:
        heard.append(asked)
        return 7

    def explain(asked: Question) -> Status | UnknownName:
        known = asked.token == "ci"
        return Status(mode=asked.method) if known else UnknownName(known=("ci", "web"))

    def leave():
        heard.append("quit")

    return Controls(
        purge=purge, switch=lambda mode: None, reload=Status, status=Status, explain=explain, quit=leave
    )


async def test_control_socket_purges_and_tells_its_status(opened, tmp_path):
    path = tmp_path / "control.sock"
    purges: list[Purge] = []
    app = ControlApp(controls(purges))
    await opened(front(app, UnixAddress(setting="control.listen", path=path), admits=only_ourselves()))
    assert path.stat().st_mode & 0o777 == 0o600
    target = ControlTarget(socket_path=path)
    assert await ask_control(target, "POST", "/purge", {"scope": "vault", "vault": "v"}) == {"removed": 7}
    assert purges == [Purge(scope=PurgeScope.VAULT, vault="v")]
    assert await ask_control(target, "GET", "/status") == {"mode": "cache", "tokens": 3}


async def test_who_asks_to_quit_has_an_answer(opened, tmp_path):
    path = tmp_path / "control.sock"
    heard: list[object] = []
    await opened(front(ControlApp(controls(heard)), UnixAddress(setting="c", path=path)))
    assert await ask_control(ControlTarget(socket_path=path), "POST", "/quit") == {"phase": "draining"}
    assert heard == ["quit"]
    with pytest.raises(ControlError, match="405"):
        await ask_control(ControlTarget(socket_path=path), "GET", "/quit")


async def test_control_socket_lets_strangers_go(opened, tmp_path):
    path = tmp_path / "control.sock"
    nobody_else = only_users(frozenset({os.getuid() + 1}))
    refused = (lambda _: False) if os.getuid() == 0 else nobody_else
    await opened(front(ControlApp(controls([])), UnixAddress(setting="c", path=path), admits=refused))
    with pytest.raises(ControlError):
        await ask_control(ControlTarget(socket_path=path), "GET", "/status")


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b'{"scope":"everything"}',
        b'{"scope":"vault"}',
        b'{"scope":"all","vault":"v"}',
        b'{"scope":"item","item":"i"}',
        b'{"scope":"all","x":"y"}',
        b'{"scope":1}',
        b"\xff",
    ],
)
async def test_purge_that_names_the_wrong_things_is_refused(opened, document):
    purges: list[Purge] = []
    running = await opened(front(ControlApp(controls(purges)), free()))
    head = b"POST /purge HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(document)
    assert (await ask(running.addresses[0].port, head + document))[0] == "HTTP/1.1 400 Bad Request"
    assert purges == []


async def test_a_question_is_answered_and_a_name_nobody_has_is_told_with_those_that_are_known(
    opened, tmp_path
):
    path = tmp_path / "control.sock"
    await opened(front(ControlApp(controls([])), UnixAddress(setting="c", path=path)))
    target = ControlTarget(socket_path=path)

    def ask_about(**question):
        return ask_control(target, "POST", "/explain", question)

    assert (await ask_about(target="/v1/vaults", token="ci"))["mode"] == "GET"
    assert (await ask_about(target="/v1/vaults", token="ci", method="PUT"))["mode"] == "PUT"
    with pytest.raises(ControlError, match=r"no accepted token has that name; known: ci, web$"):
        await ask_about(target="/v1/vaults", token="eyJhbGciOi")


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{}",
        b'{"target":"/v1/vaults"}',
        b'{"token":"ci"}',
        b'{"target":"v1/vaults","token":"ci"}',
        b'{"target":"http://connect/v1","token":"ci"}',
        b'{"target":"/a b","token":"ci"}',
        b'{"target":"/caf\xc3\xa9","token":"ci"}',
        b'{"target":"/a\\r\\nX: y","token":"ci"}',
        b'{"target":"/","token":"ci","method":"get"}',
        b'{"target":"/","token":"ci","method":"GET /x"}',
        b'{"target":"/","token":"ci","body":"x"}',
        b'{"target":7,"token":"ci"}',
    ],
)
async def test_a_question_that_could_not_be_a_request_is_refused_and_not_repeated(opened, document):
    running = await opened(front(ControlApp(controls([])), free()))
    head = b"POST /explain HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(document)
    status_line, _, body = await ask(running.addresses[0].port, head + document)
    assert status_line == "HTTP/1.1 400 Bad Request"
    assert json.loads(body)["message"].startswith("a question needs a target")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (b"Host: localhost\r\nAuthorization: Bearer right\r\n", 200),
        (b"Host: 127.0.0.1:8182\r\nAuthorization: bearer right\r\n", 200),
        (b"Host: [::1]:8182\r\nAuthorization: Bearer right\r\n", 200),
        (b"Host: localhost\r\n", 401),
        (b"Host: localhost\r\nAuthorization: Bearer wrong\r\n", 401),
        (b"Host: localhost\r\nAuthorization: Basic right\r\n", 401),
        (b"Host: localhost\r\nAuthorization: Bearer \xff\r\n", 401),
        (b"Host: evil.example\r\nAuthorization: Bearer right\r\n", 403),
        (b"Host: localhost\r\nOrigin: http://localhost\r\nAuthorization: Bearer right\r\n", 403),
    ],
)
async def test_control_over_tcp_needs_its_token_and_is_not_for_browsers(opened, fields, status):
    running = await opened(front(ControlApp(controls([]), bearer=lambda: "right"), free()))
    response = await ask(running.addresses[0].port, b"GET /status HTTP/1.1\r\n" + fields + b"\r\n")
    assert response[0].split()[1] == str(status)
    assert json.loads(response[2])


async def test_port_in_use_names_the_setting(opened):
    running = await opened(front(ControlApp(controls([])), free()))
    port = running.addresses[0].port
    with pytest.raises(ListenError, match=rf"^server\.listen: 127\.0\.0\.1:{port} is already in use"):
        bind_all([free(port=port)])


async def test_both_loopbacks_share_a_free_port():
    bound = bind_all([free(), free("::1")])
    for opened_socket in bound.sockets:
        opened_socket.close()
    assert len({address.port for address in bound.addresses}) == 1
    assert len(bound.sockets) + len(bound.notes) == 2


async def test_machine_without_ipv6_gets_a_note(monkeypatch):

    real = listeners._open_tcp

    def without_ipv6(address, family):
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "no IPv6")
        return real(address, family)

    monkeypatch.setattr(listeners, "_open_tcp", without_ipv6)
    bound = bind_all([free(), free("::1")])
    assert len(bound.sockets) == 1
    assert bound.notes[0].startswith("server.listen: this machine has no IPv6")
    wildcard = bind_all([free("::")])
    assert wildcard.sockets[0].family == socket.AF_INET
    for opened_socket in (*bound.sockets, *wildcard.sockets):
        opened_socket.close()
    with pytest.raises(ListenError):
        bind_all([free("::1")])


async def test_socket_file_of_a_dead_process_is_replaced_and_of_a_living_one_is_not(tmp_path):
    path = tmp_path / "s"
    address = UnixAddress(setting="control.listen", path=path)
    for dead in bind_all([address]).sockets:
        dead.close()
    assert path.exists()
    living = bind_all([address])
    with pytest.raises(ListenError, match="in use by a running process"):
        bind_all([address])
    for opened_socket in living.sockets:
        opened_socket.close()
    path.unlink()
    path.write_text("not a socket")
    with pytest.raises(ListenError, match="is no socket"):
        bind_all([address])
    assert path.read_text() == "not a socket"


async def test_an_optional_socket_is_done_without_where_its_file_cannot_be_made(opened, tmp_path):
    (tmp_path / "no-directory").touch()
    address = UnixAddress(
        setting="control.socket", path=tmp_path / "no-directory" / "control.sock", is_optional=True
    )
    running = await opened(front(ControlApp(controls([])), address))
    assert running.addresses == ()
    assert running.notes[0].startswith(f"control.socket: can't listen on {address}: ")
    with pytest.raises(ListenError, match=r"^control\.socket: can't listen on "):
        bind_all([replace(address, is_optional=False)])


async def test_an_optional_socket_is_done_without_in_a_directory_that_cannot_be_written_to(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(listeners.os, "access", lambda *_: False)  # tests run as root, who may write anywhere
    address = UnixAddress(setting="control.socket", path=tmp_path / "control.sock", is_optional=True)
    bound = bind_all([address])
    assert (bound.sockets, list(tmp_path.iterdir())) == ((), [])
    assert bound.notes[0].startswith(f"control.socket: {tmp_path} can't be written to; going without")


async def test_an_optional_socket_is_still_never_taken_from_a_living_process(tmp_path):
    address = UnixAddress(setting="control.socket", path=tmp_path / "control.sock", is_optional=True)
    living = bind_all([address])
    with pytest.raises(ListenError, match="in use by a running process"):
        bind_all([address])
    for opened_socket in living.sockets:
        opened_socket.close()


async def test_nothing_stays_bound_when_one_address_fails(opened):
    running = await opened(front(ControlApp(controls([])), free()))
    taken = running.addresses[0].port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        other = probe.getsockname()[1]
    with pytest.raises(ListenError):
        bind_all([free(port=other), free(port=taken)])
    for again in bind_all([free(port=other)]).sockets:
        again.close()
