"""What reaches the upstream, octet for octet."""

import pytest

from proxy.adapters.upstream_client import UpstreamClientSettings
from proxy.errors import RequestBodyError
from proxy.exchange.collected_body import collect
from tests.integration.upstream_client.conftest import OK, Body, fetch, kind_of, request, until


async def forever(peer):
    while True:
        await peer.answer()


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/?",
        "/v1/vaults?",
        "//",
        "//host/path",
        "/a/./../b",
        "/%2e%2e/%2F%2f",
        "/a?b?c",
        '/?filter=title eq "x"'.replace(" ", "+"),
        "/a|b\\c^`{}",
        "/'();:@&=+$,",
        "/%zz%",
        "/a#b",
        "*",
        "/" + "x" * 60_000,
    ],
)
async def test_target_arrives_exactly(origin, client, target):
    server = await origin(forever)
    await fetch(client(server), request("GET", target))
    assert server.heads == [f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()]


async def test_fields_arrive_in_order_and_spelling_and_nothing_is_added(origin, client):
    server = await origin(forever)
    fields = [("x-b", "2"), ("X-A", "1"), ("x-B", ""), ("Authorization", "Bearer t"), ("X", "\udcff é \t;")]
    await fetch(client(server), request("GET", "/", *fields))
    assert server.heads[0].split(b"\r\n")[2:-2] == [
        b"x-b: 2",
        b"X-A: 1",
        b"x-B: ",
        b"Authorization: Bearer t",
        b"X: \xff \xc3\xa9 \t;",
    ]


async def test_host_framing_and_connection_fields_are_not_the_clients(origin, client):
    server = await origin(forever)
    names = "Host Content-Length Transfer-Encoding Connection Expect Keep-Alive TE Upgrade Proxy-Connection"
    await fetch(client(server), request("GET", "/", *((name, "7") for name in names.split())))
    assert server.heads[0].split(b"\r\n")[1:-2] == [f"Host: 127.0.0.1:{server.port}".encode()]


@pytest.mark.parametrize(
    ("method", "framing"), [("DELETE", []), ("POST", [b"Content-Length: 0"]), ("QUX", [])]
)
async def test_request_without_body_is_framed_by_its_method(origin, client, method, framing):
    server = await origin(forever)
    await fetch(client(server), request(method))
    assert server.heads[0].split(b"\r\n")[2:-2] == framing


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_body_of_known_length_is_sent_as_such(origin, client, method):
    async def script(peer):
        head = await peer.head()
        assert head.endswith(b"\r\nContent-Length: 6\r\n\r\n")
        assert await peer.reader.readexactly(6) == b"abcdef"
        peer.send(OK)

    server = await origin(script)
    assert await fetch(client(server), request(method, body=Body(b"abc", b"", b"def", length=6))) == b"ok"


@pytest.mark.parametrize("size", [0, 3, 65_536, 65_537, 1_000_000])
async def test_a_body_that_was_collected_arrives_whole_whatever_its_size(origin, client, size):
    octets = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    received = []

    async def script(peer):
        while True:
            await peer.head()
            received.append(await peer.reader.readexactly(size))
            peer.send(OK)

    server = await origin(script)
    sender = client(server)
    for _ in range(2):
        body = await collect(Body(octets, length=size), limit_bytes=2**20)
        assert await fetch(sender, request("PUT", body=body)) == b"ok"
    assert received == [octets] * 2
    assert server.accepted == 1


async def test_a_collected_body_of_another_length_than_was_stated_is_the_clients_fault(origin, client):
    async def script(peer):
        await peer.reader.read()

    server = await origin(script)
    for stated in (2, 4):
        body = await collect(Body(b"abc", length=stated), limit_bytes=10)
        with pytest.raises(RequestBodyError):
            await client(server).send(request("PUT", body=body))


async def test_body_of_unknown_length_is_chunked(origin, client):
    async def script(peer):
        head = await peer.head()
        assert head.endswith(b"\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert (
            await peer.reader.readuntil(b"0\r\n\r\n") == b"3\r\nabc\r\nc\r\n" + b"d" * 12 + b"\r\n0\r\n\r\n"
        )
        peer.send(OK)

    server = await origin(script)
    assert await fetch(client(server), request("PUT", body=Body(b"abc", b"", b"d" * 12))) == b"ok"


async def test_connection_is_used_again_after_a_body(origin, client):
    async def script(peer):
        while True:
            await peer.head()
            assert await peer.reader.readexactly(3) == b"abc"
            peer.send(OK)

    server = await origin(script)
    sender = client(server)
    for _ in range(3):
        await fetch(sender, request("PUT", body=Body(b"abc", length=3)))
    assert server.accepted == 1


@pytest.mark.parametrize(
    "asked",
    [
        request("GET", "/a b"),
        request("GET", "/\r\nX: y"),
        request("GET", "/é"),
        request("GET", ""),
        request("GE T"),
        request("GET", "/", ("X", "a\r\nY: b")),
        request("GET", "/", ("X", "a\nb")),
        request("GET", "/", ("X", "\0")),
        request("GET", "/", ("X: y\r\nZ", "a")),
        request("GET", "/", ("X ", "a")),
        request("GET", "/", ("", "a")),
    ],
    ids=repr,
)
async def test_what_could_end_a_line_early_never_leaves(origin, client, asked):
    server = await origin(forever)
    assert await kind_of(client(server).send(asked)) == ("http_request_error", False)
    assert server.accepted == 0


@pytest.mark.parametrize("pieces", [(b"abc",), (b"abcd", b"efg")])
async def test_body_of_another_length_than_stated_is_the_clients_fault_and_is_cut(origin, client, pieces):
    received = []

    async def script(peer):
        await peer.head()
        try:
            received.append(await peer.reader.read(-1))
        except ConnectionError:
            received.append(b"reset")

    server = await origin(script)
    with pytest.raises(RequestBodyError):
        await client(server).send(request("PUT", body=Body(*pieces, length=6)))
    await until(lambda: received)
    assert received == [b"reset"] or len(received[0]) < 6


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8080",
        "ftp://a",
        "http://",
        "http://a/v1",
        "http://a?x=1",
        "http://a/#b",
        "http://user@a",
        "http://:pass@a",
        "http://a b",
        "http://a\r\nX: y",
        "http://a:0",
        "http://a:99999",
        "http://a:b",
    ],
)
def test_url_with_more_or_less_than_an_authority_is_refused_without_being_quoted(url):
    with pytest.raises(ValueError) as raised:
        UpstreamClientSettings(url=url)
    assert str(raised.value).startswith("upstream URL: ")
    assert "user" not in str(raised.value)
    assert ":pass" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://connect:8080", b"connect:8080"),
        ("http://connect:80/", b"connect"),
        ("https://CONNECT", b"connect"),
        ("https://connect:80", b"connect:80"),
        ("http://[::1]:8080", b"[::1]:8080"),
        ("http://127.0.0.1", b"127.0.0.1"),
    ],
)
def test_host_is_the_urls_authority(url, authority):
    assert UpstreamClientSettings(url=url).authority() == authority
