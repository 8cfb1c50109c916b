"""Stories over real sockets that no other file tells: a purge, a restart, a slow Connect, a write, each with a read."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from proxy.connect import purging
from proxy.emulator import READ_WRITE, Emulator, EmulatorSettings, HoldPoint
from tests.support.sidecar import SteppedClock, running_sidecar
from tests.support.wire import WireClient, request_head


class World:
    """A sidecar past its first cautious minute in front of a Connect, and one token."""

    def __init__(self, emulator, sidecar, clock, sample):
        self.emulator, self.sidecar, self.clock = emulator, sidecar, clock
        self.token = emulator.issue_token("ci", dict.fromkeys(sample.vault_ids, READ_WRITE))
        self.list = f"/v1/vaults/{sample.demo.id}/items"
        self.items = [f"{self.list}/{item.id}" for item in (sample.login, sample.api_credential)]

    async def ask(self, path, *, method="GET", body=b""):
        fields = (f"Content-Length: {len(body)}",) if body else ()
        async with await WireClient.connect(self.sidecar.address) as client:
            return await client.ask(request_head(method, path, self.token, *fields), body)

    async def label(self, path):
        return (await self.ask(path)).value("Cache-Status")


@asynccontextmanager
async def playing(settings=None, **overrides):
    clock = SteppedClock()
    async with Emulator(settings or EmulatorSettings()) as emulator:
        sample = emulator.sample_data()
        async with running_sidecar(emulator.url, clock=clock, **overrides) as sidecar:
            clock.pass_seconds(31)
            yield World(emulator, sidecar, clock, sample)


async def test_a_purge_that_overtakes_a_read_leaves_its_client_its_answer_and_the_store_empty():
    async with playing() as world:
        hold = world.emulator.hold(method="GET", at=HoldPoint.BEFORE_ANSWERING, times=1)
        reading = asyncio.create_task(world.ask(world.items[0]))
        await hold.arrived()
        assert world.sidecar.sidecar.exchange.purge(purging.EVERYTHING) == 0
        hold.release()
        assert (await reading).status == 200
        assert world.sidecar.sidecar.status().stored_responses == 0
        assert "fwd=uri-miss" in await world.label(world.items[0])
        assert "; hit" in await world.label(world.items[0])


async def test_a_restart_between_two_checks_is_noticed_by_no_client_and_mended_by_the_next_check():
    async with playing(CACHE__CHANGE_CHECK_INTERVAL_SECONDS="0.6") as world:
        answers, enough = [], asyncio.Event()

        async def read():
            while not enough.is_set():
                for item in world.items:
                    answers.append(await world.ask(item))

        reading = asyncio.create_task(read())
        await world.emulator.wait_for(is_probe)
        world.emulator.restart()  # from now on nothing is synced before a valid token is seen
        world.emulator.forget_requests()
        answers.clear()
        probe = await world.emulator.wait_for(is_probe)
        await probe.finished.wait()
        enough.set()
        await reading
        assert {answer.status for answer in answers} == {200}
        assert all("; hit" in answer.value("Cache-Status") for answer in answers)
        assert [is_probe(request) for request in world.emulator.requests] == [True]
        assert b"NOT_SYNCED" not in (await world.ask("/health")).body


async def test_when_connect_is_slow_a_stale_list_is_answered_and_the_request_goes_on():
    async with playing(
        CACHE__ANSWER_STALE_AFTER_SECONDS="0.05", CACHE__CHANGE_CHECK_INTERVAL_SECONDS="0"
    ) as world:
        stored = await world.ask(world.list)
        world.clock.pass_seconds(31)
        hold = world.emulator.hold(method="GET", at=HoldPoint.BEFORE_ANSWERING, times=1)
        slow = await world.ask(world.list)
        assert (slow.status, slow.body) == (200, stored.body)
        assert "; hit; ttl=-" in slow.value("Cache-Status")
        assert "detail=slow" in slow.value("Cache-Status")
        (held,) = world.emulator.requests_to("/items$")[1:]
        hold.release()
        await held.finished.wait()
        assert (await world.ask(world.list)).status == 200
        assert len(world.emulator.requests_to("/items$")) == 2


async def test_a_held_read_of_what_was_written_gets_the_new_version_as_soon_as_it_shows():
    settings = EmulatorSettings(sync_delay_seconds=None)
    async with playing(settings, CACHE__READ_YOUR_WRITES_HOLD_SECONDS="10") as world:
        item = json.loads((await world.ask(world.items[0])).body)
        body = json.dumps({**item, "title": "renamed"}).encode()
        assert (await world.ask(world.items[0], method="PUT", body=body)).status == 200
        world.emulator.forget_requests()
        reading = asyncio.create_task(world.ask(world.items[0]))
        await world.emulator.wait_for(lambda request: request.method == "GET", count=2)
        assert not reading.done()
        world.emulator.sync()
        shown = json.loads((await reading).body)
        assert (shown["title"], shown["version"]) == ("renamed", item["version"] + 1)
        assert "; hit" in await world.label(world.items[0])


@pytest.mark.parametrize("mode", ["observe", "passthrough"])
async def test_a_restart_of_connect_under_the_other_modes_is_connects_own_affair(mode):
    async with playing(MODE=mode) as world:
        for _ in range(2):
            assert "fwd=bypass" in await world.label(world.items[0])
        world.emulator.restart()
        assert (await world.ask(world.items[0])).status == 200
        assert world.emulator.requests_arrived in (3, 4), "the cut connection is replaced once"


def is_probe(request):
    return "(probe)" in (request.value("User-Agent") or "")
