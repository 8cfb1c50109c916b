"""Connect goes and comes back: what it is spared, what clients get, what is told, and how fast it is over.

Time is put forward by hand; the sidecar is the one that runs in production.
"""

import asyncio

import pytest

from proxy.emulator import FOREVER, READ_WRITE, Emulator, HoldPoint, Refuse, Status
from tests.support.sidecar import SteppedClock, running_sidecar
from tests.support.wire import WireClient, request_head


class World:
    """A sidecar with one token, its clock, and what it logs."""

    def __init__(self, emulator, sidecar, clock, sample):
        self.emulator, self.sidecar, self.clock, self.sample = emulator, sidecar, clock, sample
        self.token = self.new_token("ci")
        self.item = f"/v1/vaults/{sample.demo.id}/items/{sample.login.id}"
        self.other = f"/v1/vaults/{sample.demo.id}/items/{sample.api_credential.id}"

    def new_token(self, name):
        return self.emulator.issue_token(name, dict.fromkeys(self.sample.vault_ids, READ_WRITE))

    async def ask(self, path=None, token=None, *fields, method="GET"):
        async with await WireClient.connect(self.sidecar.address) as client:
            return await client.ask(request_head(method, path or self.item, token or self.token, *fields))

    async def ask_anew(self, token=None):
        return await self.ask(self.other, token, "Cache-Control: no-cache")

    async def metrics(self):
        async with await WireClient.connect(self.sidecar.observe_address) as client:
            text = (await client.ask("GET /metrics HTTP/1.1\r\nHost: o")).body.decode()
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name.removeprefix("connect_sidecar_"): float(value) for name, _, value in lines}

    @property
    def breaker(self):
        (endpoint,) = self.sidecar.sidecar.status().endpoints
        return endpoint.breaker


@pytest.fixture
async def world(told):
    clock = SteppedClock()
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        async with running_sidecar(
            emulator.url, clock=clock, LOG__LEVEL="info", UPSTREAM__BREAKER_FAILURES="3"
        ) as sidecar:
            clock.pass_seconds(31)
            yield World(emulator, sidecar, clock, sample)


async def break_down(world):
    for _ in range(2):  # three attempts, one of them a retry
        assert (await world.ask_anew()).status == 503
    assert world.breaker == "open"
    world.emulator.forget_requests()


async def test_an_outage_is_told_in_one_line_each_way(world, told):
    outage = world.emulator.faults.add(Status(status=503), times=FOREVER)
    for _ in range(10):
        await world.ask_anew()
    world.clock.pass_seconds(10)
    await world.ask_anew()
    world.emulator.faults.remove(outage)
    world.clock.pass_seconds(10)
    assert (await world.ask_anew()).status == 200
    await world.ask_anew()
    lines = await told.until("upstream.recovered")
    down, recovered = (line for line in lines if line["event"].startswith("upstream."))
    assert (down["event"], down["level"], down["why"]) == (
        "upstream.down",
        "warning",
        "destination_unavailable",
    )
    assert (recovered["event"], recovered["level"]) == ("upstream.recovered", "info")
    assert recovered["outage_s"] >= 20
    assert recovered["failed"] >= 10


async def test_connect_is_left_alone_while_it_is_down_and_stored_answers_serve(world):
    stored = await world.ask()
    world.emulator.faults.add(Status(status=503), times=FOREVER)
    await break_down(world)
    world.clock.pass_seconds(61)  # the item is no longer fresh, and the breaker half open
    assert (await world.ask()).body == stored.body
    world.emulator.forget_requests()
    for _ in range(20):
        stale = await world.ask()
        assert (stale.status, stale.body) == (200, stored.body)
        assert "detail=destination_unavailable" in stale.value("Cache-Status")
    assert world.emulator.requests == []


async def test_what_is_not_stored_fails_at_once_with_the_kind_of_the_outage(world):
    world.emulator.faults.add(Refuse())
    for _ in range(3):
        await world.ask_anew()
    answer = await world.ask(f"/v1/vaults/{world.sample.demo.id}/items")
    assert (answer.status, answer.value("Proxy-Status")) == (
        502,
        "connect-sidecar; error=connection_refused",
    )


async def test_a_write_that_the_open_breaker_refused_was_not_sent_and_outdates_nothing(world):
    await world.ask()
    world.emulator.faults.add(Status(status=503), path=world.other, times=FOREVER)
    await break_down(world)
    assert (await world.ask(method="DELETE")).status == 502
    assert world.emulator.requests == []
    assert "; hit" in (await world.ask()).value("Cache-Status")


async def test_half_open_one_request_tries_and_its_success_lets_all_through(world):
    outage = world.emulator.faults.add(Status(status=503), times=FOREVER)
    await break_down(world)
    world.emulator.faults.remove(outage)
    world.clock.pass_seconds(1)
    assert world.breaker == "half_open"
    hold = world.emulator.hold(path=world.other, at=HoldPoint.BEFORE_ANSWERING)
    tokens = [world.new_token(f"ci{number}") for number in range(6)]
    probe = asyncio.create_task(world.ask_anew(tokens[0]))
    await hold.arrived()
    refused = await asyncio.gather(*(world.ask_anew(token) for token in tokens[1:]))
    assert [answer.status for answer in refused] == [502] * 5
    assert len(world.emulator.requests) == 1
    hold.release()
    assert (await probe).status == 200
    assert world.breaker == "closed"
    after = await asyncio.gather(*(world.ask_anew(token) for token in tokens))
    assert [answer.status for answer in after] == [200] * 6


async def test_a_probe_whose_client_leaves_does_not_lock_the_others_out(world):
    outage = world.emulator.faults.add(Status(status=503), times=FOREVER)
    await break_down(world)
    world.emulator.faults.remove(outage)
    world.clock.pass_seconds(1)
    hold = world.emulator.hold(path="/heartbeat", at=HoldPoint.BEFORE_ANSWERING)
    async with await WireClient.connect(world.sidecar.address) as leaving:
        leaving.writer.write((request_head("GET", "/heartbeat", world.token) + "\r\n\r\n").encode())
        await leaving.writer.drain()
        await hold.arrived()
    await world.sidecar.wait_until_under_way(0)
    assert (await world.ask_anew()).status == 200
    hold.release()


async def test_a_normal_500_of_one_token_never_opens_the_breaker_for_others(world):
    unlucky = world.new_token("unlucky")
    for _ in range(20):
        world.emulator.faults.add(Status(status=500), path=world.other)
        assert (await world.ask_anew(unlucky)).status == 500
    assert world.breaker == "closed"


async def test_a_500_for_every_token_is_an_outage(world):
    world.emulator.faults.add(Status(status=500), times=FOREVER)
    for token in ("a", "b", "a", "b", "a"):
        await world.ask_anew(world.new_token(token))
    assert world.breaker == "open"


async def test_one_dropped_connection_is_made_good_by_a_retry(world):
    world.emulator.faults.add(Status(status=503))
    world.emulator.forget_requests()
    assert (await world.ask_anew()).status == 200
    assert [request.status for request in world.emulator.requests] == [503, 200]
    figures = await world.metrics()
    assert figures['upstream_retries_total{outcome="sent"}'] == 1
    assert figures['upstream_breaker_state{endpoint="0",state="closed"}'] == 1


async def test_metrics_show_the_breaker(world):
    world.emulator.faults.add(Refuse())
    for _ in range(3):
        await world.ask_anew()
    figures = await world.metrics()
    states = {state: figures[f'upstream_breaker_state{{endpoint="0",state="{state}"}}'] for state in STATES}
    assert states == {"closed": 0, "open": 1, "half_open": 0}
    assert figures['upstream_breaker_openings_total{endpoint="0",why="connection_refused"}'] == 1
    assert figures['upstream_request_duration_seconds_count{outcome="failed"}'] >= 3
    assert figures["upstream_up"] == 0


STATES = ("closed", "open", "half_open")


async def test_without_retries_every_failure_is_the_answer():
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        async with running_sidecar(emulator.url, UPSTREAM__RETRY_ATTEMPTS="0") as sidecar:
            world = World(emulator, sidecar, None, sample)
            emulator.faults.add(Status(status=503))
            assert (await world.ask_anew()).status == 503
            assert len(emulator.requests) == 1


async def test_readyz_says_that_stale_answers_are_served_while_connect_is_away_and_stays_ready():
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        token = emulator.issue_token("ci", dict.fromkeys(sample.vault_ids, READ_WRITE))
        path = f"/v1/vaults/{sample.demo.id}/items/{sample.login.id}"
        clock = SteppedClock()
        async with running_sidecar(emulator.url, clock=clock) as sidecar:
            assert await _service(sidecar) == (200, b"cold\n")
            async with await WireClient.connect(sidecar.address) as client:
                await client.ask(request_head("GET", path, token))
                assert await _service(sidecar) == (200, b"ready\n")
                clock.pass_seconds(120)
                emulator.faults.add(Refuse())
                for _ in range(6):
                    assert (await client.ask(request_head("GET", path, token))).status == 200
            assert await _service(sidecar) == (200, b"serving-stale\n")


async def _service(sidecar):
    async with await WireClient.connect(sidecar.observe_address) as client:
        answer = await client.ask("GET /readyz HTTP/1.1\r\nHost: x")
        return answer.status, answer.body
