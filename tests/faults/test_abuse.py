"""The abuse table, played against a whole sidecar in front of the embedded server, over raw sockets.

For every row: the status or the close that is due, Connect's error shape, what the upstream saw, nothing stored,
nothing of the secret in an answer, a log line, the metrics or the status, and a next client that is served.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass

import pytest

from proxy.emulator import READ, Emulator
from tests.faults.abuse import SECRET, Ending, Row
from tests.faults.abuse_endings import ENDINGS
from tests.faults.abuse_fields import FIELDS
from tests.faults.abuse_framing import FRAMING
from tests.faults.abuse_targets import TARGETS
from tests.support.sidecar import RunningSidecar, running_sidecar
from tests.support.wire import WireAnswer, WireClient, request_head

TABLE: dict[str, Row] = {**FRAMING, **TARGETS, **FIELDS, **ENDINGS}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A sidecar, what it stands in front of, and a token that is good."""

    sidecar: RunningSidecar
    emulator: Emulator
    token: str
    complaints: list[dict[str, object]]

    async def play(self, row: Row) -> list[WireAnswer]:
        """Send a row's octets; return every answer up to the end of the connection."""
        async with await WireClient.connect(self.sidecar.address) as client:
            client.writer.write(row.octets)
            if row.ending is Ending.HALF_CLOSES:
                client.writer.write_eof()
            async with asyncio.timeout(8):
                return [answer async for answer in answers(client)]

    async def is_well(self) -> bool:
        """Tell whether the next client is served."""
        async with await WireClient.connect(self.sidecar.address) as client:
            answer = await client.ask(request_head("GET", "/v1/vaults", self.token))
        return answer.status == 200 and json.loads(answer.body)[0]["name"] == "vault"

    async def metrics(self) -> bytes:
        async with await WireClient.connect(self.sidecar.observe_address) as client:
            return (await client.ask("GET /metrics HTTP/1.1\r\nHost: localhost")).body


async def answers(client: WireClient) -> AsyncIterator[WireAnswer]:
    while True:
        try:
            yield await client.answer()
        except asyncio.IncompleteReadError as end:
            assert end.partial == b""
            return


@asynccontextmanager
async def running_world() -> AsyncIterator[World]:
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    async with Emulator() as emulator:
        vault = emulator.add_vault("vault")
        token = emulator.issue_token("reader", {vault.id: READ})
        async with running_sidecar(emulator.url, LOG__LEVEL="debug") as sidecar:
            yield World(sidecar=sidecar, emulator=emulator, token=token, complaints=complaints)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_world() as running:
        yield running


@pytest.mark.parametrize("name", TABLE)
async def test_abuse_is_answered_as_the_table_says_and_leaves_nothing_behind(world, name, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    row = TABLE[name]
    received = await world.play(row)
    assert tuple(answer.status for answer in received) == row.statuses
    assert world.emulator.requests_arrived == row.upstream_requests
    assert world.sidecar.sidecar.status().stored_responses == 0
    for answer in received:
        document = json.loads(answer.body)
        assert document.keys() == {"status", "message"}
        assert document["status"] == answer.status
        assert SECRET not in repr(answer)
    if not row.upstream_requests:
        assert all(answer.value("Connection") == "close" for answer in received)
    assert await world.is_well()
    said = capfd.readouterr()
    for text in (
        caplog.text + said.out + said.err,
        (await world.metrics()).decode(),
        repr(asdict(world.sidecar.sidecar.status())),
    ):
        assert SECRET not in text
    assert "fault" not in said.err + caplog.text
    assert world.complaints == []


def test_the_table_is_large_and_nothing_in_it_is_lost():
    assert len(TABLE) == len(FRAMING) + len(TARGETS) + len(FIELDS) + len(ENDINGS) > 200
    assert sum(row.upstream_requests == 0 for row in TABLE.values()) > 150
