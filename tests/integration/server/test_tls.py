"""TLS for clients: renewed files count for new connections, bad ones change nothing, strangers stay outside."""

import asyncio
import ssl

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from proxy.server.front import Front
from proxy.server.http_server import HttpServer, HttpServerSettings
from proxy.server.listeners import TcpAddress
from proxy.server.tls import ClientCertificates, ServerTls, TlsError, TlsFiles
from tests.integration.server.conftest import FakeHandler, answer, until

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
CA, CLIENT_CA, FOREIGN_CA = trustme.CA(), trustme.CA(), trustme.CA()


class Secured:
    """A front with TLS, and clients of it."""

    def __init__(self, directory, clients=ClientCertificates.NONE):
        self.directory = directory
        self.files = TlsFiles(
            certificate=directory / "tls.crt",
            key=directory / "tls.key",
            client_ca=None if clients is ClientCertificates.NONE else directory / "ca.crt",
            client_certificates=clients,
        )
        (directory / "ca.crt").write_bytes(CLIENT_CA.cert_pem.bytes())
        self.renew()
        self.handler = FakeHandler()
        self.server = HttpServer(self.handler, settings=HttpServerSettings())
        self.tls = ServerTls(self.files)
        self.front = Front(
            self.server, [TcpAddress(setting="server.listen", host="127.0.0.1", port=0)], self.tls
        )

    def renew(self):
        """Write a new pair; return its serial number."""
        pair = CA.issue_cert("localhost")
        self.files.certificate.write_bytes(pair.cert_chain_pems[0].bytes())
        self.files.key.write_bytes(pair.private_key_pem.bytes())

    async def connect(self, certificate=None):
        context = ssl.create_default_context()
        CA.configure_trust(context)
        if certificate is not None:
            certificate.configure_cert(context)
        port = self.front.addresses[0].port
        return await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")

    async def ask(self, connection):
        reader, writer = connection
        writer.write(GET)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        await reader.readexactly(4)
        return int(head.split()[1])


def serial(connection):
    return connection[1].get_extra_info("peercert")["serialNumber"]


@pytest.fixture
async def secured(tmp_path):
    opened = []

    async def make(**options):
        site = Secured(tmp_path, **options)
        await site.front.open()
        opened.append(site)
        return site

    yield make
    for site in opened:
        site.front.close_listeners()
        hurry = asyncio.Event()
        hurry.set()
        await site.front.finish(hurry, 5)


async def test_a_renewed_certificate_is_shown_to_new_connections_and_old_ones_go_on(secured):
    site = await secured()
    old = await site.connect()
    assert await site.ask(old) == 200
    site.renew()
    assert site.tls.reload() is True
    new = await site.connect()
    assert serial(new) != serial(old)
    assert [await site.ask(one) for one in (old, new, old)] == [200, 200, 200]
    assert site.tls.reload() is False, "nothing has changed since"
    for _, writer in (old, new):
        writer.close()


def encrypted(pem):
    key = load_pem_private_key(pem, None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret-password"))


BAD = {
    "the key of another certificate": (
        "key",
        lambda pem: CA.issue_cert("x").private_key_pem.bytes(),
        "is not the key",
    ),
    "an encrypted key": ("key", encrypted, "is encrypted"),
    "half a key": ("key", lambda pem: pem[: len(pem) // 2], "no usable PEM"),
    "no certificate": ("certificate", lambda _: b"", "no usable PEM"),
    "garbage": ("certificate", lambda _: b"\x00garbage", "no usable PEM"),
    "no authority": ("client_ca", lambda _: b"garbage", "holds no PEM certificate"),
}


@pytest.mark.parametrize("case", BAD)
async def test_files_that_do_not_fit_are_refused_by_name_and_the_old_ones_go_on(secured, case):
    which, spoil, words = BAD[case]
    site = await secured(clients=ClientCertificates.OPTIONAL)
    before = await site.connect()
    file = getattr(site.files, which)
    good = file.read_bytes()
    file.write_bytes(spoil(good))
    with pytest.raises(TlsError, match=words) as refused:
        site.tls.reload()
    assert str(file) in str(refused.value)
    assert "PRIVATE" not in str(refused.value)
    after = await site.connect()
    assert serial(after) == serial(before)
    assert await site.ask(after) == 200
    file.write_bytes(good)
    assert site.tls.reload() is False
    for _, writer in (before, after):
        writer.close()


async def test_a_file_that_has_gone_is_named(secured):
    site = await secured()
    site.files.key.unlink()
    with pytest.raises(TlsError, match=r"server.tls_key_file: .*tls.key can't be read: No such file"):
        site.tls.reload()


async def test_required_certificates_are_verified_and_name_the_peer(secured):
    site = await secured(clients=ClientCertificates.REQUIRED)
    mine = CLIENT_CA.issue_cert("client")
    connection = await site.connect(mine)
    assert await site.ask(connection) == 200
    connection[1].close()
    peer = site.handler.requests[-1].peer
    assert peer.party == f"certificate {peer.certificate}"
    assert len(peer.certificate) == 64
    for certificate in (None, FOREIGN_CA.issue_cert("client")):
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await site.ask(await site.connect(certificate))
    assert len(site.handler.requests) == 1


async def test_an_optional_certificate_counts_when_it_is_shown(secured):
    site = await secured(clients=ClientCertificates.OPTIONAL)
    plain, named = await site.connect(), await site.connect(CLIENT_CA.issue_cert("client"))
    assert [await site.ask(plain), await site.ask(named)] == [200, 200]
    assert [request.peer.certificate is None for request in site.handler.requests] == [True, False]
    with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
        await site.ask(await site.connect(FOREIGN_CA.issue_cert("client")))
    for _, writer in (plain, named):
        writer.close()


async def test_a_renewed_authority_counts_for_new_connections(secured):
    site = await secured(clients=ClientCertificates.REQUIRED)
    site.files.client_ca.write_bytes(FOREIGN_CA.cert_pem.bytes())
    assert site.tls.reload() is True
    connection = await site.connect(FOREIGN_CA.issue_cert("client"))
    assert await site.ask(connection) == 200
    connection[1].close()
    with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
        await site.ask(await site.connect(CLIENT_CA.issue_cert("client")))


async def test_plain_http_on_a_tls_port_is_closed_and_nothing_of_it_is_logged(secured, caplog):
    site = await secured()
    port = site.front.addresses[0].port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nAuthorization: Bearer s3cr3tV4lu3\r\n\r\n")
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(1_000), 5)
    writer.close()
    assert "s3cr3t" not in caplog.text
    assert site.handler.requests == []


async def test_large_answers_pass(secured):
    site = await secured()
    size = 4 * 2**20

    async def large(_):
        return answer(b"x" * size)

    site.handler.reply = large
    reader, writer = await site.connect()
    writer.write(GET)
    await reader.readuntil(b"\r\n\r\n")
    assert await asyncio.wait_for(reader.readexactly(size), 10) == b"x" * size
    writer.close()


async def test_a_drain_lets_the_answer_under_way_end(secured):
    site = await secured()
    released = asyncio.Event()

    async def wait(_):
        await released.wait()
        return answer()

    site.handler.reply = wait
    reader, writer = await site.connect()
    writer.write(GET)
    await until(lambda: site.handler.requests)
    site.front.close_listeners()
    finishing = asyncio.create_task(site.front.finish(asyncio.Event(), 5))
    released.set()
    octets = await asyncio.wait_for(reader.read(), 5)
    assert octets.startswith(b"HTTP/1.1 200 OK")
    assert b"Connection: close" in octets
    writer.close()
    assert await finishing == 0
