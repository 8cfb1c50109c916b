"""Explain over the control socket of a running sidecar: what is said, what never is, and that nothing moves by it."""

import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest

from proxy.commands.control import as_document
from proxy.commands.explain_text import lines_of
from proxy.emulator import FOREVER, READ_WRITE, Emulator, Refuse
from proxy.exchange.explanation import Because, Explanation, Verdict
from proxy.server.control_client import ControlError, ControlTarget, ask_control
from tests.support.origin import Scripted, ScriptedOrigin
from tests.support.sidecar import SteppedClock, running_sidecar
from tests.support.wire import WireClient, request_head

TITLE = "Title-Nobody-May-See"
VALUE = "s3cr3t-value-c0ffee"


class World:
    """A sidecar, one token with a name, and one who asks why."""

    def __init__(self, emulator, sidecar, clock, sample):
        self.emulator, self.sidecar, self.clock, self.sample = emulator, sidecar, clock, sample
        self.token = emulator.issue_token("ci", dict.fromkeys(sample.vault_ids, READ_WRITE))
        self.items = f"/v1/vaults/{sample.demo.id}/items"
        self.item = f"{self.items}/{sample.login.id}"
        self.control = ControlTarget(socket_path=Path(sidecar.control_path))

    async def ask(self, path=None, *fields, method="GET", body=b""):
        async with await WireClient.connect(self.sidecar.address) as client:
            return await client.ask(request_head(method, path or self.item, self.token, *fields), body)

    async def explain(self, target=None, **question):
        if "token" not in question:
            (token,) = (await ask_control(self.control, "GET", "/status"))["tokens"]
            question["token"] = token["name"]
        document = await ask_control(
            self.control, "POST", "/explain", {"target": target or self.item, **question}
        )
        return as_document(document, Explanation)

    async def metrics(self):
        async with await WireClient.connect(self.sidecar.observe_address) as client:
            text = (await client.ask("GET /metrics HTTP/1.1\r\nHost: o")).body.decode()
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        moving = re.compile(r"_process_|_age_seconds|event_loop_lag|_left|_oldest")
        return {name: value for name, _, value in lines if not moving.search(name)}


@pytest.fixture
async def world():
    clock = SteppedClock()
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        async with running_sidecar(emulator.url, clock=clock, UPSTREAM__BREAKER_FAILURES="3") as sidecar:
            clock.pass_seconds(31)
            yield World(emulator, sidecar, clock, sample)


async def test_a_hit_a_miss_and_an_outage_are_foretold(world):
    await world.ask()
    explained = await world.explain()
    assert explained.verdict is Verdict.FRESH
    assert explained.about == {"vault": world.sample.demo.id, "item": world.sample.login.id}
    assert 55 < explained.stored.fresh_left_seconds <= 60
    assert explained.stored.version == explained.highest_version
    assert lines_of(explained)[-1].startswith("It would be answered from memory: fresh for ")
    assert (await world.explain(world.items)).because is Because.NOT_STORED
    world.emulator.faults.add(Refuse(), times=FOREVER)
    for _ in range(3):
        await world.ask(world.items)
    world.clock.pass_seconds(0.3)
    world.clock.pass_seconds(60)
    await world.ask()  # half open: the one that tries, and opens it again
    explained = await world.explain()
    assert (explained.verdict, explained.breakers) == (Verdict.STALE, ("open",))
    assert 14_390 < explained.stored.stale_left_seconds < 14_400
    assert (await world.explain(world.items)).verdict is Verdict.FAILED


async def test_a_write_is_followed_by_a_fence_that_is_explained(world):
    body = (await world.ask()).body
    length = f"Content-Length: {len(body)}"
    assert (await world.ask(world.item, length, method="PUT", body=body)).status == 200
    explained = await world.explain()
    assert (explained.verdict, explained.because) == (Verdict.ASKED, Because.FENCE)
    assert (explained.fence.waits_for, explained.fence.version) == ("version", 2)


async def test_asking_changes_nothing_that_anybody_could_see(world):
    for path in (world.item, world.items, "/v1/vaults", world.item):
        await world.ask(path)
    store = world.sidecar.sidecar._store
    metrics, order = await world.metrics(), list(store._entries)
    requests = len(world.emulator.requests)
    for target in ("/v1/vaults", world.items, world.item, "/v1/activity", "/nothing"):
        for method in ("GET", "HEAD", "PUT"):
            await world.explain(target, method=method)
    with pytest.raises(ControlError):
        await world.explain(token="nobody")
    assert await world.metrics() == metrics
    assert list(store._entries) == order
    assert len(world.emulator.requests) == requests


async def test_neither_a_filter_nor_a_body_nor_a_token_is_ever_said(world):
    item = {
        "title": TITLE,
        "category": "LOGIN",
        "vault": {"id": world.sample.demo.id},
        "fields": [{"id": "p", "purpose": "PASSWORD", "type": "CONCEALED", "value": VALUE}],
    }
    body = json.dumps(item).encode()
    created = await world.ask(world.items, f"Content-Length: {len(body)}", method="POST", body=body)
    assert created.status == 200
    searched = quote('title eq "' + TITLE + '"')
    filtered = f"{world.items}?filter={searched}"
    path = f"{world.items}/{json.loads(created.body)['id']}"
    world.clock.pass_seconds(31)
    for target in (filtered, path):
        assert TITLE.encode() in (await world.ask(target)).body
    said = []
    for target in (filtered, path, f"{path}?{TITLE}={VALUE}", f"/{TITLE}?filter={VALUE}"):
        explained = await world.explain(target)
        assert explained.filtered is ("?" in target)
        said += [repr(explained), *lines_of(explained)]
    for question in ({"token": world.token}, {"target": f"no path {TITLE}"}, {"method": TITLE}):
        with pytest.raises(ControlError) as refused:
            await world.explain(**question)
        said.append(str(refused.value))
    said.append(json.dumps(await ask_control(world.control, "GET", "/status")))
    text = "\n".join(said)
    assert not [secret for secret in (TITLE, VALUE, world.token, quote(TITLE)) if secret in text]


async def test_any_origin_is_explained_for_requests_without_credentials():
    async with ScriptedOrigin() as origin:
        origin.script("/swr", Scripted(lines=("Cache-Control: max-age=1, stale-while-revalidate=600",)))
        origin.script("/no-cache", Scripted(lines=("Cache-Control: no-cache", 'ETag: "a"')))
        clock = SteppedClock()
        async with running_sidecar(origin.url, clock=clock, PROFILE="http") as sidecar:
            async with await WireClient.connect(sidecar.address) as client:
                for path in ("/swr", "/no-cache"):
                    assert (await client.ask(f"GET {path} HTTP/1.1\r\nHost: o")).status == 200
            control = ControlTarget(socket_path=Path(sidecar.control_path))

            async def explain(target, token="shared"):
                question = {"target": target, "token": token}
                return as_document(await ask_control(control, "POST", "/explain", question), Explanation)

            assert (await explain("/swr")).verdict is Verdict.FRESH
            clock.pass_seconds(2)
            revalidating = await explain("/swr")
            assert revalidating.verdict is Verdict.REVALIDATING
            assert lines_of(revalidating)[-1].startswith("It would be answered from memory, stale, while ")
            assert (await explain("/no-cache")).because is Because.ORIGIN
            assert (await explain("/swr?q=1")).filtered
            with pytest.raises(ControlError, match="known: shared"):
                await explain("/swr", token="private")
