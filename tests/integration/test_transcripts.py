"""Stories over real sockets that no other file tells: a purge, a restart, a slow Connect, a write, each with a read."""

import asyncio
import json
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from proxy.connect import purging
from proxy.emulator import READ_WRITE, Emulator, EmulatorSettings, HoldPoint, Refuse
from tests.support.sidecar import SteppedClock, running_sidecar
from tests.support.wire import WireClient, request_head


class World:
    """A sidecar past its first cautious minute in front of a Connect, and one token."""

    def __init__(self, emulator, sidecar, clock, sample):
        self.emulator, self.sidecar, self.clock = emulator, sidecar, clock
        self.sample = sample
        self.token = self.new_token("ci")
        self.list = f"/v1/vaults/{sample.demo.id}/items"
        self.items = [f"{self.list}/{item.id}" for item in (sample.login, sample.api_credential)]

    def new_token(self, name):
        return self.emulator.issue_token(name, dict.fromkeys(self.sample.vault_ids, READ_WRITE))

    async def ask(self, path, *fields, method="GET", body=b"", token=None):
        fields = (*fields, f"Content-Length: {len(body)}") if body else fields
        async with await WireClient.connect(self.sidecar.address) as client:
            return await client.ask(request_head(method, path, token or self.token, *fields), body)

    @property
    def breaker(self):
        (endpoint,) = self.sidecar.sidecar.status().endpoints
        return endpoint.breaker

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


async def test_when_only_hits_arrive_a_restarted_connect_is_primed_by_one_token_after_a_pause(monkeypatch):
    async with playing(UPSTREAM__BREAKER_FAILURES="3") as world:
        tokens = [world.new_token(f"ci{number}") for number in range(3)]
        for token in tokens:
            await world.ask(world.items[0], token=token)
            assert "; hit" in (await world.ask(world.items[0], token=token)).value("Cache-Status")
        outage = world.emulator.faults.add(Refuse())
        for _ in range(3):
            await world.ask(world.items[1], "Cache-Control: no-cache")
        assert world.breaker == "open"
        world.emulator.restart()
        world.emulator.faults.remove(outage)
        world.clock.pass_seconds(1)
        world.emulator.forget_requests()
        pause_seconds = 0.15  # what the dice say, up to a second
        monkeypatch.setattr("proxy.assembly.random", SimpleNamespace(random=lambda: pause_seconds))
        assert (await world.ask("/heartbeat")).status == 200  # anybody's probe finds Connect well again
        assert world.breaker == "closed"
        priming = await world.emulator.wait_for(is_probe)
        (heartbeat,) = world.emulator.requests_to("/heartbeat")
        assert priming.arrived_seconds - heartbeat.arrived_seconds >= pause_seconds * 0.9
        assert priming.path == world.list
        await priming.finished.wait()
        for token in tokens:
            assert "; hit" in (await world.ask(world.items[0], token=token)).value("Cache-Status")
        assert [is_probe(request) for request in world.emulator.requests] == [False, True]


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
