"""Two Connect servers that hold the same account behind one sidecar: who is asked, and who is never asked twice."""

import asyncio
import json
from contextlib import AsyncExitStack

import pytest

from proxy.emulator import (
    FOREVER,
    READ_WRITE,
    Emulator,
    EmulatorSettings,
    HoldPoint,
    LaggingReplica,
    LoseAnswer,
    Refuse,
    Reset,
)
from tests.support.sidecar import SteppedClock, running_sidecar
from tests.support.wire import WireClient, request_head

PATCH = b'[{"op":"replace","path":"/title","value":"renamed"}]'


class Replicas:
    """Two servers of one seed: same ids, same tokens; what one is told, the other is not."""

    def __init__(self, first, second, sidecar, clock):
        self.first, self.second, self.sidecar, self.clock = first, second, sidecar, clock
        self.samples = [server.sample_data() for server in (first, second)]
        tokens = [
            server.issue_token("ci", dict.fromkeys(sample.vault_ids, READ_WRITE))
            for server, sample in zip((first, second), self.samples, strict=True)
        ]
        assert tokens[0] == tokens[1]
        self.token, self.sample = tokens[0], self.samples[0]
        self.vault, self.item_id = self.sample.demo.id, self.sample.login.id
        self.item = f"/v1/vaults/{self.vault}/items/{self.item_id}"

    async def ask(self, method="GET", path=None, *fields, body=b""):
        if body:
            fields = (*fields, f"Content-Length: {len(body)}")
        async with await WireClient.connect(self.sidecar.address) as client:
            return await client.ask(request_head(method, path or self.item, self.token, *fields), body)

    async def ask_anew(self):
        return await self.ask("GET", None, "Cache-Control: no-cache")

    def asked(self):
        """Return how many requests each server has got since the last call."""
        counts = tuple(len(server.requests) for server in (self.first, self.second))
        for server in (self.first, self.second):
            server.forget_requests()
        return counts

    def edit_everywhere(self, title):
        for server in (self.first, self.second):
            server.edit_item(self.vault, self.item_id, title=title)


@pytest.fixture
async def replicas():
    clock = SteppedClock()
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(Emulator()) for _ in range(2)]
        sidecar = await stack.enter_async_context(
            running_sidecar(first.url, clock=clock, UPSTREAM__MORE_URLS=second.url)
        )
        yield Replicas(first, second, sidecar, clock)


async def test_one_is_asked_while_it_answers(replicas):
    for _ in range(4):
        assert (await replicas.ask_anew()).status == 200
    assert replicas.asked() == (4, 0)


@pytest.mark.parametrize("fault", [Refuse(), Reset()])
async def test_a_read_is_answered_by_the_other_and_so_are_those_that_follow(replicas, fault):
    replicas.first.faults.add(fault, times=FOREVER)
    assert (await replicas.ask_anew()).status == 200
    replicas.first.faults.clear()
    replicas.asked()
    for _ in range(3):
        assert (await replicas.ask_anew()).status == 200
    assert replicas.asked() == (0, 3)


async def test_the_first_is_asked_again_when_the_second_fails(replicas):
    refusing = replicas.first.faults.add(Refuse())
    await replicas.ask_anew()
    replicas.first.faults.remove(refusing)
    replicas.second.faults.add(Refuse())
    replicas.asked()
    assert (await replicas.ask_anew()).status == 200
    assert replicas.asked() == (1, 0)


async def test_a_server_that_goes_while_it_answers_a_read_is_replaced_and_nobody_notices(replicas):
    hold = replicas.first.hold(path=replicas.item, at=HoldPoint.BEFORE_ANSWERING)
    reading = asyncio.create_task(replicas.ask())
    await hold.arrived()
    replicas.first.faults.add(Refuse())  # cuts what is open, too
    answer = await reading
    assert answer.status == 200
    assert len(replicas.second.requests) == 1


async def test_a_write_that_could_not_leave_is_written_by_the_other_once(replicas):
    replicas.first.faults.add(Refuse())
    answer = await replicas.ask("PATCH", body=PATCH)
    assert (answer.status, json.loads(answer.body)["title"]) == (200, "renamed")
    assert replicas.asked() == (0, 1)


@pytest.mark.parametrize("fault", [LoseAnswer(), Reset()])
async def test_a_write_that_may_have_arrived_is_never_sent_to_the_other(replicas, fault):
    replicas.first.faults.add(fault, method="PATCH")
    assert (await replicas.ask("PATCH", body=PATCH)).status == 502
    assert replicas.asked() == (1, 0)


async def test_a_write_cut_off_while_it_is_carried_out_is_never_sent_to_the_other(replicas):
    hold = replicas.first.hold(path=replicas.item, method="PATCH", at=HoldPoint.WHILE_WRITING)
    writing = asyncio.create_task(replicas.ask("PATCH", body=PATCH))
    await hold.arrived()
    replicas.first.faults.add(Refuse())
    assert (await writing).status == 502
    assert replicas.second.requests_to(replicas.item, method="PATCH") == []


async def test_a_lower_version_of_a_lagging_replica_is_not_stored(replicas):
    replicas.edit_everywhere("newer")
    newest = json.loads((await replicas.ask()).body)["version"]
    replicas.second.faults.add(LaggingReplica(changes_behind=1), times=FOREVER)
    replicas.first.faults.add(Refuse())
    replicas.clock.pass_seconds(61)
    older = await replicas.ask()  # what a direct read of that replica would have got, too
    assert json.loads(older.body)["version"] < newest
    assert "hit" not in older.value("Cache-Status")
    replicas.second.faults.clear()
    later = await replicas.ask()
    assert "hit" not in later.value("Cache-Status")  # the lower one was not kept
    assert json.loads(later.body)["version"] == newest


async def test_with_all_of_them_down_a_stored_answer_serves_and_what_is_not_stored_fails(replicas):
    stored = await replicas.ask()
    for server in (replicas.first, replicas.second):
        server.faults.add(Refuse())
    replicas.clock.pass_seconds(61)
    stale = await replicas.ask()
    assert (stale.status, stale.body) == (200, stored.body)
    other = f"/v1/vaults/{replicas.vault}/items/{replicas.sample.api_credential.id}"
    failed = await replicas.ask("GET", other)
    assert (failed.status, failed.value("Proxy-Status")) == (
        502,
        "connect-sidecar; error=connection_refused",
    )


async def test_status_shows_which_is_pinned_and_how_their_breakers_are(replicas):
    replicas.first.faults.add(Refuse())
    for _ in range(5):
        await replicas.ask_anew()
    first, second = replicas.sidecar.sidecar.status().endpoints
    assert (first.is_pinned, second.is_pinned) == (False, True)
    assert second.breaker == "closed"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1"])
async def test_every_address_of_a_headless_name_is_tried_until_one_answers(host, monkeypatch):
    async def three_pods(name, port):
        assert name == "connect.test"
        return ("127.0.0.1", "127.0.0.2", "::1")

    monkeypatch.setattr("proxy.upstreams.addresses_of", three_pods)
    async with Emulator(EmulatorSettings(host=host)) as emulator:
        sample = emulator.sample_data()
        token = emulator.issue_token("ci", dict.fromkeys(sample.vault_ids, READ_WRITE))
        port = emulator.url.rpartition(":")[2]
        async with (
            running_sidecar(f"http://connect.test:{port}", UPSTREAM__HEADLESS="true") as sidecar,
            await WireClient.connect(sidecar.address) as client,
        ):
            assert (await client.ask(request_head("GET", "/v1/vaults", token))).status == 200
        (request,) = emulator.requests
        assert (b"Host", f"connect.test:{port}".encode()) in list(request.fields)
