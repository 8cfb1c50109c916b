"""The traffic port as a unix socket, against a whole sidecar: who is answered, and the file's life."""

import asyncio
import os
import socket
import stat
from contextlib import suppress

import pytest

from proxy.emulator import READ, Emulator
from proxy.server import peers
from proxy.server.listeners import ListenError, UnixAddress, bind_all
from tests.support.sidecar import running_sidecar
from tests.support.wire import WireClient, request_head


async def connect(path):
    return WireClient(*await asyncio.open_unix_connection(str(path)))


@pytest.fixture
async def world():
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        token = emulator.issue_token("ci", {sample.demo.id: READ})
        yield emulator, f"/v1/vaults/{sample.demo.id}/items", token


async def test_the_socket_answers_like_the_port_and_shares_what_is_stored(world, tmp_path):
    emulator, path, token = world
    file = tmp_path / "connect.sock"
    async with running_sidecar(
        emulator.url,
        SERVER__SOCKET=str(file),
        SERVER__SOCKET_MODE="0666",
        SERVER__SOCKET_UIDS=str(os.getuid()),
    ) as sidecar:
        assert stat.S_IMODE(file.stat().st_mode) == 0o666
        async with await WireClient.connect(sidecar.address) as client:
            assert (await client.ask(request_head("GET", path, token))).status == 200
        async with await connect(file) as client:
            answer = await client.ask(request_head("GET", path, token))
        assert (answer.status, "hit" in answer.value("Cache-Status")) == (200, True)
    assert not file.exists()


async def test_nothing_but_the_socket_need_listen(world, tmp_path):
    emulator, path, token = world
    file = tmp_path / "connect.sock"
    async with (
        running_sidecar(emulator.url, SERVER__LISTEN="", SERVER__SOCKET=str(file)) as sidecar,
        await connect(file) as client,
    ):
        assert sidecar.address == f"unix:{file}"
        assert (await client.ask(request_head("GET", path, token))).status == 200


async def test_another_user_gets_no_answer(world, tmp_path, monkeypatch):
    emulator, path, token = world
    file = tmp_path / "connect.sock"
    monkeypatch.setattr(peers, "peer_uid", lambda _: 4711)
    async with (
        running_sidecar(emulator.url, SERVER__SOCKET=str(file), SERVER__SOCKET_UIDS="1000") as sidecar,
    ):
        octets = b""
        with suppress(ConnectionError):
            async with await connect(file) as client:
                client.writer.write(request_head("GET", path, token).encode() + b"\r\n\r\n")
                octets = await client.reader.read()
        assert octets == b""
        async with await WireClient.connect(sidecar.address) as client:
            assert (await client.ask(request_head("GET", path, token))).status == 200, "TCP is not asked"
    assert len(emulator.requests_to("^/v1/")) == 1


def test_the_kernel_says_who_is_at_the_other_end():
    ours, theirs = socket.socketpair()
    with ours, theirs:

        class Transport:
            def get_extra_info(self, name):
                return ours if name == "socket" else None

        assert peers.peer_uid(Transport()) == os.getuid()
        assert peers.peer_of(Transport()).party == f"uid {os.getuid()}"


def test_a_file_that_cannot_be_given_away_is_an_error_that_names_the_setting(tmp_path, monkeypatch):
    def refused(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", refused)
    address = UnixAddress(setting="server.socket", path=tmp_path / "s.sock", owner=12)
    with pytest.raises(ListenError, match=r"server.socket_owner, server.socket_group: .*not permitted"):
        bind_all([address])
    assert not address.path.exists()


def test_the_file_is_given_to_owner_and_group(tmp_path):
    owner, group = (12, 34) if os.getuid() == 0 else (os.getuid(), os.getgid())  # only root gives files away
    path = tmp_path / "s.sock"
    address = UnixAddress(setting="server.socket", path=path, mode=0o660, owner=owner, group=group)
    bound = bind_all([address])
    told = address.path.stat()
    assert (told.st_uid, told.st_gid, stat.S_IMODE(told.st_mode)) == (owner, group, 0o660)
    for opened in bound.sockets:
        opened.close()
