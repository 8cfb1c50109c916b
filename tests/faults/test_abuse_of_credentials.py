"""No malformed Authorization is stored under, answered from memory, or said again by anything the sidecar writes.

And no connection option takes a credential away between the key of a stored response and the upstream.
"""

import json
import logging
from collections.abc import AsyncIterator

import pytest

from tests.faults.abuse import SECRET, Row
from tests.faults.abuse_credentials import CREDENTIALS
from tests.faults.abuse_world import World, running_world
from tests.support.wire import WireClient, request_head


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_world() as running:
        yield running
        assert running.complaints == []


@pytest.mark.parametrize("name", CREDENTIALS)
async def test_a_malformed_credential_is_not_stored_and_not_repeated(world, name, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    assert await world.is_well()  # a stored response that it must not be given
    stored, seen = world.stored_responses, world.emulator.requests_arrived
    assert stored > 0
    row = CREDENTIALS[name]
    received = await world.play(row)
    assert tuple(answer.status for answer in received) == row.statuses
    assert world.emulator.requests_arrived - seen == row.upstream_requests
    assert world.stored_responses == stored
    for answer in received:
        assert json.loads(answer.body).keys() == {"status", "message"}
        assert SECRET not in repr(answer)
    assert await world.is_well()
    shown = await world.shown()
    said = "".join(capfd.readouterr()) + caplog.text
    assert SECRET not in said + shown
    assert "fault" not in said


@pytest.mark.parametrize("name", [name for name, row in CREDENTIALS.items() if row.upstream_requests])
async def test_a_credential_that_passes_is_the_upstreams_to_judge_as_it_came(world, name):
    row = CREDENTIALS[name]
    await world.play(row)
    sent = row.octets.partition(b"Authorization:")[2].partition(b"\r\n")[0].strip(b" \t")
    seen = world.emulator.requests[0]
    assert [value.encode("latin-1") for value in seen.values("Authorization")] == [sent]


SHAPES = (
    *(
        "{}",
        "Bearer{}",
        "Bearer:{}",
        "Bearer\t{}",
        "Bearer  {}",
        "bearer {}",
        "BEARER {}",
        "Token {}",
        "Basic {}",
    ),
    *(
        'Bearer "{}"',
        "Bearer '{}'",
        "Bearer {},",
        "Bearer {}, Bearer x",
        "Bearer x, Bearer {}",
        "Bearer {} x",
    ),
    *(
        "Bearer {}.",
        "Bearer .{}",
        "Bearer {}=",
        "Bearer {};",
        "Bearer {}%20",
        "Bearer Bearer {}",
        "Bearer <{}>",
    ),
    *("  Bearer {}  ", "Bearer {}\xa0", "Bearer\xa0{}", "Bearer {}\xe9", "Bearer {}~", "Bearer {}\\n"),
)


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_good_token_in_a_bad_shape_gets_no_more_than_from_the_upstream_itself(world, shape):
    assert await world.is_well()
    head = f"GET /v1/vaults HTTP/1.1\r\nHost: connect\r\nAuthorization: {shape.format(world.token)}"
    async with await WireClient.connect(world.sidecar.address) as client:
        answered = await client.ask(head)
    async with await WireClient.connect(world.emulator.url) as client:
        direct = await client.ask(head)
    assert answered.status == direct.status


OPTIONS = (
    "authorization",
    "Authorization, close",
    "AUTHORIZATION,,keep-alive",
    '"authorization", authorization',
    "host, authorization, cache-control, accept-encoding, range, if-none-match",
)


@pytest.mark.parametrize("options", OPTIONS)
async def test_connection_options_do_not_make_a_secret_answer_anonymous(world, options):
    """Whoever names Authorization in Connection gets his own answer; who carries none gets none of it."""
    for _ in range(2):
        async with await WireClient.connect(world.sidecar.address) as client:
            answer = await client.ask(
                request_head("GET", "/v1/vaults", world.token, f"Connection: {options}")
            )
            assert answer.status == 200
    assert world.emulator.requests[0].values("Authorization") == [f"Bearer {world.token}"]
    anonymous = "GET /v1/vaults HTTP/1.1\r\nHost: connect"
    for head in (anonymous, f"{anonymous}\r\nConnection: {options}"):
        async with await WireClient.connect(world.sidecar.address) as client:
            assert (await client.ask(head)).status == 401


async def test_connection_options_do_not_take_a_freshness_demand_away(world):
    """`Cache-Control: no-cache` asks the upstream even if Connection names it."""
    assert await world.is_well()
    seen = world.emulator.requests_arrived
    async with await WireClient.connect(world.sidecar.address) as client:
        head = request_head(
            "GET", "/v1/vaults", world.token, "Cache-Control: no-cache", "Connection: cache-control"
        )
        assert (await client.ask(head)).status == 200
    assert world.emulator.requests_arrived == seen + 1


@pytest.mark.parametrize("framing", ["Content-Length: 3", "Transfer-Encoding: chunked"])
async def test_the_answer_to_a_get_with_a_body_is_not_stored(world, framing):
    body = b"abc" if framing.startswith("Content") else b"3\r\nabc\r\n0\r\n\r\n"
    async with await WireClient.connect(world.sidecar.address) as client:
        answer = await client.ask(request_head("GET", "/v1/vaults", world.token, framing), body)
    assert answer.status == 200
    assert world.stored_responses == 0


@pytest.mark.parametrize("trailer", [b"Authorization: Bearer %s", b"Host: evil.example", b"X-Request-ID: %s"])
async def test_trailers_never_become_fields(world, trailer):
    """A credential behind the body is no credential (RFC 9110 section 6.5.1)."""
    field = trailer.replace(b"%s", world.token.encode())
    octets = (
        b"POST /v1/vaults/v/items HTTP/1.1\r\nHost: connect\r\nConnection: close\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n" + field + b"\r\n\r\n"
    )
    received = await world.play(Row(octets=octets))
    assert [answer.status for answer in received] == [401]
    assert world.emulator.requests[0].values("Authorization") == []
    assert "evil" not in "".join(world.emulator.requests[0].values("Host"))


def test_the_table_of_credentials_is_large():
    assert len(CREDENTIALS) > 60
