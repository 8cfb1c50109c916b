"""https: verified, always."""

import asyncio
import ssl

import pytest
import trustme
from aiohttp import ClientConnectorCertificateError, ClientSession, connector

from proxy.adapters.upstream_client import forget_default_authorities
from proxy.adapters.upstream_client.authorities import DEFAULT_CONTEXTS
from tests.integration.upstream_client.conftest import OK, Body, fetch, kind_of, request

CA = trustme.CA()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    CA.cert_pem.write_to_path(str(path))
    return path


def served_by(*names: str, ca: trustme.CA = CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names).configure_cert(context)
    return context


async def forever(peer):
    while True:
        await peer.answer()


async def test_requests_share_a_verified_connection(origin, client, bundle):
    server = await origin(forever, tls=served_by("localhost"))
    sender = client(f"https://localhost:{server.port}", ca_file=bundle)
    for method in ("GET", "PUT", "DELETE", "GET"):
        assert await fetch(sender, request(method)) == b"ok"
    assert server.accepted == 1


async def test_large_bodies_pass_both_ways(origin, client, bundle):
    size = 8 * 2**20

    async def script(peer):
        await peer.head()
        await peer.reader.readexactly(size)
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"y" * size)
        await peer.reader.read()

    server = await origin(script, tls=served_by("localhost"))
    sender = client(f"https://localhost:{server.port}", ca_file=bundle)
    body = Body(*([b"x" * 2**20] * 8), length=size)
    assert await fetch(sender, request("PUT", body=body)) == b"y" * size


@pytest.mark.parametrize("names", [("otherhost",), ("127.0.0.1",)])
async def test_certificate_for_another_name(origin, client, bundle, names):
    server = await origin(forever, tls=served_by(*names))
    sender = client(f"https://localhost:{server.port}", ca_file=bundle)
    assert await kind_of(sender.send(request())) == ("tls_certificate_error", False)
    assert server.heads == []


async def test_certificate_of_another_authority(origin, client, bundle):
    server = await origin(forever, tls=served_by("localhost", ca=trustme.CA()))
    sender = client(f"https://localhost:{server.port}", ca_file=bundle)
    assert await kind_of(sender.send(request())) == ("tls_certificate_error", False)


async def test_the_systems_authorities_count_without_a_bundle(origin, client):
    server = await origin(forever, tls=served_by("localhost"))
    sender = client(f"https://localhost:{server.port}")
    assert await kind_of(sender.send(request())) == ("tls_certificate_error", False)


@pytest.fixture
def forgotten_authorities(monkeypatch):
    """What `serve` does, for one test."""
    for name in DEFAULT_CONTEXTS:
        monkeypatch.setattr(connector, name, getattr(connector, name))
    forget_default_authorities()


@pytest.mark.usefixtures("forgotten_authorities")
async def test_aiohttps_own_contexts_are_not_what_verifies_us(origin, client, bundle):
    server = await origin(forever, tls=served_by("localhost"))
    sender = client(f"https://localhost:{server.port}", ca_file=bundle)
    assert await fetch(sender, request()) == b"ok"


@pytest.mark.usefixtures("forgotten_authorities")
@pytest.mark.parametrize("is_verified", [True, False])
async def test_whoever_would_use_them_after_all_is_refused(origin, is_verified):
    server = await origin(forever, tls=served_by("localhost"))
    async with ClientSession() as session:
        with pytest.raises(ClientConnectorCertificateError):
            await session.get(f"https://localhost:{server.port}", ssl=is_verified)
    assert server.heads == []


async def test_upstream_without_tls(origin, client, bundle):
    async def script(peer):
        await peer.reader.read(100)
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    server = await origin(script)
    sender = client(f"https://localhost:{server.port}", ca_file=bundle)
    assert await kind_of(sender.send(request())) == ("tls_protocol_error", False)


async def test_upstream_that_leaves_amid_the_handshake(origin, client, bundle):
    async def script(peer):
        await peer.reader.read(10)

    server = await origin(script)
    sender = client(f"https://localhost:{server.port}", ca_file=bundle)
    kind, sent = await kind_of(sender.send(request()))
    assert kind in {"connection_terminated", "tls_protocol_error"}
    assert not sent


async def test_upstream_that_is_silent_in_the_handshake(origin, client, bundle):
    async def script(peer):
        await peer.reader.read()

    server = await origin(script)
    sender = client(f"https://localhost:{server.port}", ca_file=bundle, connect_seconds=0.1)
    assert await kind_of(sender.send(request())) == ("connection_timeout", False)


async def test_body_ended_with_a_goodbye_is_complete(origin, client, bundle):
    async def script(peer):
        await peer.answer(b"HTTP/1.1 200 OK\r\n\r\nabc")

    server = await origin(script, tls=served_by("localhost"))
    sender = client(f"https://localhost:{server.port}", ca_file=bundle)
    assert await fetch(sender, request()) == b"abc"


async def test_unsolicited_octets_end_an_idle_connection(origin, client, bundle):
    async def script(peer):
        await peer.answer(OK)
        if peer.number == 0:
            await asyncio.sleep(0.01)
            peer.send(OK)
        await peer.reader.read()

    server = await origin(script, tls=served_by("localhost"))
    sender = client(f"https://localhost:{server.port}", ca_file=bundle)
    await fetch(sender, request())
    await asyncio.sleep(0.05)
    assert sender.idle_connections == 0
    assert await fetch(sender, request()) == b"ok"


def test_bundle_that_is_none_is_found_at_the_start(client, tmp_path):
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    with pytest.raises((OSError, ssl.SSLError)):
        client("https://localhost:1", ca_file=empty)


async def test_the_name_counts_and_not_the_address_that_is_connected_to(origin, client, bundle):
    server = await origin(forever, tls=served_by("connect.test"))
    url = f"https://connect.test:{server.port}"
    assert await fetch(client(url, ca_file=bundle, connect_to="127.0.0.1"), request()) == b"ok"
    assert f"Host: connect.test:{server.port}".encode() in server.heads[0]
    other = client(f"https://other.test:{server.port}", ca_file=bundle, connect_to="127.0.0.1")
    assert await kind_of(other.send(request())) == ("tls_certificate_error", False)
