"""The abuse table, played against a whole sidecar in front of the embedded server, over raw sockets.

For every row: the status or the close that is due, Connect's error shape, what the upstream saw, nothing stored,
nothing of the secret in an answer, a log line, the metrics or the status, and a next client that is served.
"""

import json
import logging
from collections.abc import AsyncIterator

import pytest

from tests.faults.abuse import CLOSE, SECRET, Row, head
from tests.faults.abuse_endings import BAD, ENDINGS
from tests.faults.abuse_fields import FIELDS
from tests.faults.abuse_framing import FRAMING
from tests.faults.abuse_targets import ODD_TARGETS, TARGETS
from tests.faults.abuse_world import World, running_world
from tests.support.wire import WireClient

TABLE: dict[str, Row] = {**FRAMING, **TARGETS, **FIELDS, **ENDINGS}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_world() as running:
        yield running
        assert running.complaints == []


@pytest.mark.parametrize("name", TABLE)
async def test_abuse_is_answered_as_the_table_says_and_leaves_nothing_behind(world, name, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    row = TABLE[name]
    received = await world.play(row)
    assert tuple(answer.status for answer in received) == row.statuses
    assert world.emulator.requests_arrived == row.upstream_requests
    assert world.stored_responses == 0
    for answer in received:
        document = json.loads(answer.body)
        assert document.keys() == {"status", "message"}
        assert document["status"] == answer.status
        assert SECRET not in repr(answer)
    if not row.upstream_requests:
        assert all(answer.value("Connection") == "close" for answer in received)
    assert await world.is_well()
    shown = await world.shown()
    said = "".join(capfd.readouterr()) + caplog.text
    assert SECRET not in said + shown
    assert "fault" not in said


def test_the_table_is_large_and_nothing_in_it_is_lost():
    assert len(TABLE) == len(FRAMING) + len(TARGETS) + len(FIELDS) + len(ENDINGS) > 200
    assert sum(row.upstream_requests == 0 for row in TABLE.values()) > 150


@pytest.mark.parametrize("name", ODD_TARGETS)
async def test_an_odd_target_reaches_the_upstream_octet_for_octet_and_is_never_stored(world, name):
    target = ODD_TARGETS[name]
    for _ in range(2):
        await world.play(Row(octets=head(CLOSE, target=target)))
    assert [request.target for request in world.emulator.requests] == [target] * 2
    assert world.stored_responses == 0


async def test_a_malformed_request_behind_one_under_way_does_not_harm_that_one(world):
    hold = world.emulator.hold(path="vaults")
    async with await WireClient.connect(world.sidecar.address) as client:
        client.writer.write(head())
        await hold.arrived(1)
        client.writer.write(BAD + head())
        hold.release()
        assert [(await client.answer()).status for _ in range(2)] == [401, 400]
        assert await client.reader.read() == b""
    assert world.emulator.requests_arrived == 1
