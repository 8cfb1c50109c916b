"""The sidecar's own token is lent to whom and for what the settings say, and its placeholder opens nothing else."""

import asyncio
import hashlib
import json
import os
import ssl

import pytest
import trustme

from proxy.connect.resources import ResourceKind
from proxy.emulator import READ_WRITE, Emulator
from proxy.semantics.peer import NOBODY, Peer
from proxy.server.token_injection import Lending, TokenFile
from tests.support.process import sidecar_process
from tests.support.sidecar import running_sidecar
from tests.support.wire import WireClient, request_head

PLACEHOLDER = "put-the-token-here"


class World:
    def __init__(self, emulator, directory):
        self.emulator = emulator
        self.sample = emulator.sample_data()
        self.token = emulator.issue_token("lent", dict.fromkeys(self.sample.vault_ids, READ_WRITE))
        self.file = directory / "token"
        self.file.write_text(self.token + "\n")
        self.socket = directory / "connect.sock"
        self.vault = f"/v1/vaults/{self.sample.demo.id}"
        self.item = f"{self.vault}/items/{self.sample.login.id}"

    def settings(self, **more):
        return {
            "TOKEN_INJECTION__TOKEN_FILE": str(self.file),
            "TOKEN_INJECTION__PLACEHOLDER": PLACEHOLDER,
            "TOKEN_INJECTION__ALLOW_LOOPBACK": "true",
            "TOKEN_INJECTION__VAULTS": self.sample.demo.id,
            **more,
        }


@pytest.fixture
async def world(tmp_path):
    async with Emulator() as emulator:
        yield World(emulator, tmp_path)


async def ask(sidecar, method, path, *fields, bearer=PLACEHOLDER):
    async with await WireClient.connect(sidecar.address) as client:
        return await client.ask(request_head(method, path, bearer, *fields))


async def test_the_placeholder_reads_named_vaults_and_nothing_else(world):
    other = f"/v1/vaults/{world.sample.infrastructure.id}/items"
    async with running_sidecar(world.emulator.url, **world.settings()) as sidecar:
        for method, path, status in (
            ("GET", world.item, 200),
            ("HEAD", world.item, 405),
            ("GET", f"{world.vault}/items", 200),
            ("GET", world.vault, 200),
            ("GET", "/heartbeat", 200),
            ("GET", "/health", 200),
            ("GET", other, 403),
            ("GET", "/v1/vaults", 403),
            ("GET", "/v1/activity", 403),
            ("GET", "/metrics", 403),
            ("GET", world.item.replace("/items/", "/%69tems/"), 403),
            ("GET", f"{world.vault}/../{world.sample.infrastructure.id}/items", 403),
            ("DELETE", world.item, 403),
            ("PUT", world.item, 403),
        ):
            answer = await ask(sidecar, method, path)
            if method != "HEAD":  # what Connect says to HEAD is its own affair
                assert answer.status == status, (method, path)
            if answer.status == 403:
                assert json.loads(answer.body)["message"].startswith("The sidecar's own access token")
        assert (await ask(sidecar, "GET", world.item, "X-Forwarded-For: 10.0.0.1")).status == 403
        assert (await ask(sidecar, "GET", world.item, bearer=PLACEHOLDER + "x")).status == 401, (
            "passed on as it is"
        )
        assert (await ask(sidecar, "GET", world.item, bearer=world.token)).status == 200
    sent = {request.value("Authorization") for request in world.emulator.requests_to("^/v1/")}
    assert sent == {f"Bearer {world.token}", f"Bearer {PLACEHOLDER}x"}
    assert {request.value("Authorization") for request in world.emulator.requests_to("^/hea")} == {None}


async def test_all_vaults_and_writes_when_the_settings_say_so(world):
    settings = world.settings(TOKEN_INJECTION__VAULTS="*", TOKEN_INJECTION__METHODS="GET,DELETE")
    async with running_sidecar(world.emulator.url, **settings) as sidecar:
        assert (await ask(sidecar, "GET", "/v1/vaults")).status == 200
        assert (await ask(sidecar, "DELETE", world.item)).status == 204
        assert (await ask(sidecar, "GET", "/v1/activity")).status == 403


async def test_loopback_is_refused_unless_it_is_allowed(world):
    settings = world.settings(
        TOKEN_INJECTION__ALLOW_LOOPBACK="false",
        TOKEN_INJECTION__UIDS="0,65532",
        SERVER__SOCKET=str(world.socket),
    )
    async with running_sidecar(world.emulator.url, **settings) as sidecar:
        assert (await ask(sidecar, "GET", world.item)).status == 403
        reader, writer = await asyncio.open_unix_connection(str(world.socket))
        async with WireClient(reader, writer) as client:
            answer = await client.ask(request_head("GET", world.item, PLACEHOLDER))

        assert answer.status == (200 if os.getuid() in {0, 65532} else 403)


async def test_a_rotated_token_counts_at_once_and_half_a_file_changes_nothing(world):
    async with running_sidecar(world.emulator.url, **world.settings()) as sidecar:
        assert (await ask(sidecar, "GET", world.item)).status == 200
        newer = world.emulator.issue_token("newer", {world.sample.demo.id: READ_WRITE})
        world.file.write_text(newer)
        answer = await ask(sidecar, "GET", world.item)
        assert (answer.status, "hit" in answer.value("Cache-Status")) == (200, False), "another token's own"
        world.file.write_text("")
        assert (await ask(sidecar, "GET", world.item)).status == 200
        world.file.unlink()
        assert (await ask(sidecar, "GET", world.item)).status == 200
    last = [request.value("Authorization") for request in world.emulator.requests_to("^/v1/")][-1]
    assert last == f"Bearer {newer}"


async def test_a_certificate_is_lent_the_token_and_another_is_not(world, tmp_path):
    authority = trustme.CA()

    pair, mine, other = (
        authority.issue_cert("localhost"),
        authority.issue_cert("a"),
        authority.issue_cert("b"),
    )
    (tmp_path / "tls.crt").write_bytes(pair.cert_chain_pems[0].bytes())
    (tmp_path / "tls.key").write_bytes(pair.private_key_pem.bytes())
    (tmp_path / "ca.crt").write_bytes(authority.cert_pem.bytes())
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(mine.cert_chain_pems[0].bytes().decode())).hexdigest()
    settings = world.settings(
        TOKEN_INJECTION__ALLOW_LOOPBACK="false",
        TOKEN_INJECTION__CERTIFICATES=digest,
        SERVER__TLS_CERTIFICATE_FILE=str(tmp_path / "tls.crt"),
        SERVER__TLS_KEY_FILE=str(tmp_path / "tls.key"),
        SERVER__TLS_CLIENT_CA_FILE=str(tmp_path / "ca.crt"),
        SERVER__TLS_CLIENT_CERTIFICATES="required",
    )
    async with running_sidecar(world.emulator.url, **settings) as sidecar:
        for certificate, status in ((mine, 200), (other, 403)):
            context = ssl.create_default_context()
            authority.configure_trust(context)
            certificate.configure_cert(context)
            port = int(sidecar.address.rpartition(":")[2])
            streams = await asyncio.open_connection(
                "127.0.0.1", port, ssl=context, server_hostname="localhost"
            )
            async with WireClient(*streams) as client:
                assert (await client.ask(request_head("GET", world.item, PLACEHOLDER))).status == status


@pytest.mark.parametrize(
    ("peer", "is_lent"),
    [
        (Peer(uid=1000), True),
        (Peer(uid=1001), False),
        (Peer(address="10.0.0.1", certificate="c" * 64), True),
        (Peer(address="10.0.0.1", certificate="d" * 64), False),
        (Peer(address="127.0.0.1"), False),
        (NOBODY, False),
    ],
    ids=str,
)
def test_the_transport_says_who_may_have_it(peer, is_lent):
    assert Lending(uids=frozenset({1000}), certificates=frozenset({"c" * 64})).is_for_peer(peer) is is_lent


def test_a_request_outside_any_vault_is_not_inside_a_named_one():
    lending = Lending(vaults=frozenset({"v"}))
    assert not lending.is_for("GET", ResourceKind.VAULTS, "")
    assert lending.is_for("HEAD", ResourceKind.ITEM, "v")


def test_a_token_that_could_not_be_one_is_not_taken(tmp_path):
    file = tmp_path / "token"
    source = TokenFile(file)
    assert source.token() == ""
    file.write_text("a b\r\nHost: x")
    assert source.token() == ""
    file.write_text("good.token\n")
    assert source.token() == "good.token"


async def test_a_line_names_the_peer_besides_the_token(world, tmp_path):
    async with sidecar_process(
        world.emulator.url, tmp_path, LOG__LEVEL="debug", **world.settings()
    ) as process:
        assert (await ask(process, "GET", world.item)).status == 200
    lines = [json.loads(line) for line in process.output.splitlines() if b"exchange.finished" in line]
    assert lines[-1]["peer"] == "127.0.0.1"
