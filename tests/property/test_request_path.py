"""Whatever octets arrive, in whatever pieces: no 500, no fault in the log, nothing odd sent on, the next one served.

One long-running sidecar takes all examples of a test, so that what one of them leaves behind would meet the rest.
"""

import asyncio
import json
import logging
import re
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings

from tests.faults.abuse import HOST, S
from tests.property.strict_origin import StrictOrigin
from tests.property.wire_inputs import CUTS, WRITTEN
from tests.support.sidecar import RunningSidecar, running_sidecar
from tests.support.wire import WireClient

FUZZED = settings(
    deadline=None,
    max_examples=400,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    print_blob=True,
)
A_MOMENT_SECONDS = 0.02
STATUS = re.compile(rb"HTTP/1\.1 (5[0-9]{2}) ")
STATUSES_OF_CLIENTS = {504, 505, 508}
"""What a client's own words bring about: only-if-cached, a version, a Via."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What an example is played against."""

    sidecar: RunningSidecar
    origin: StrictOrigin
    complaints: list[dict[str, object]]

    async def door(self, name: str) -> WireClient:
        """Connect to one of the ports."""
        if name == "control":
            return WireClient(*await asyncio.open_unix_connection(self.sidecar.control_path))
        at = self.sidecar.address if name == "traffic" else self.sidecar.observe_address
        return await WireClient.connect(at)

    async def play(self, name: str, octets: bytes, cuts: list[float]) -> bytes:
        """Send octets in pieces; return all that comes back until the connection ends."""
        async with await self.door(name) as client:
            with suppress(ConnectionError):  # we may be refused while still sending
                places = sorted(int(cut * len(octets)) for cut in cuts)
                for start, end in zip([0, *places], [*places, len(octets)], strict=True):
                    client.writer.write(octets[start:end])
                    await client.writer.drain()
                    await asyncio.sleep(0)
                return await received(client)
        return b""

    async def check(self, answered: bytes) -> None:
        """Fail if an answer was a fault of ours, if anything was complained of, or the next one isn't served."""
        faults = {int(status) for status in STATUS.findall(answered)} - STATUSES_OF_CLIENTS
        assert not faults
        assert not answered or answered.startswith(b"HTTP/1.1 ")
        assert self.complaints == []
        assert self.origin.violations == []
        async with await self.door("traffic") as client:
            answer = await client.ask(b"GET /next HTTP/1.1\r\n" + HOST)
            assert answer.status == 404
            assert json.loads(answer.body)["message"] == "nothing here"


async def received(client: WireClient) -> bytes:
    """Read to the end. Who has nothing to say for a moment is told that we have gone."""
    octets = b""
    async with asyncio.timeout(8):
        with suppress(TimeoutError):
            async with asyncio.timeout(A_MOMENT_SECONDS):
                while piece := await client.reader.read(65_536):
                    octets += piece
                return octets
        client.writer.write_eof()
        return octets + await client.reader.read()


@asynccontextmanager
async def running_site():
    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    async with StrictOrigin() as origin, running_sidecar(origin.url, LOG__LEVEL="debug") as sidecar:
        yield Site(sidecar=sidecar, origin=origin, complaints=complaints)


@pytest.fixture
def site(capfd, caplog):
    """A site in a loop of its own, which turns while an example is played."""
    caplog.set_level(logging.DEBUG)
    with asyncio.Runner() as runner:
        running = running_site()
        entered = runner.run(running.__aenter__())
        yield runner, entered
        runner.run(running.__aexit__(None, None, None))
        assert entered.sidecar.sidecar.status().stored_responses == 0
    said = "\n".join([*capfd.readouterr(), *(record.getMessage() for record in caplog.get_records("call"))])
    assert "fault" not in said
    assert "unwritable" not in said
    assert S.decode() not in said


@pytest.mark.parametrize("door", ["traffic", "observe", "control"])
@pytest.mark.parametrize("octets", list(WRITTEN.values()), ids=list(WRITTEN))
def test_no_octets_are_a_fault_of_ours(site, door, octets):
    runner, playing = site

    @settings(FUZZED, max_examples=400 if door == "traffic" else 100)
    @given(octets, CUTS)
    def feed(sent, cuts):
        async def example():
            await playing.check(await playing.play(door, sent, cuts))

        runner.run(example())

    feed()
