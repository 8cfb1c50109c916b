"""Loops by which clients wait for their own writes (facts.md 4.2) end through the sidecar as they do directly.

Terraform changes an item and asks for it five times within about 1.3 s. External Secrets looks for a title, creates it,
and looks for it every half second, for five seconds. Time is put forward by hand, on both sides.
"""

import json

import pytest

from proxy.emulator import READ_WRITE, Emulator, EmulatorSettings, ManualClock
from tests.support.sidecar import SteppedClock, running_sidecar
from tests.support.wire import WireClient, request_head

LAGS_SECONDS = [0.0, 0.1, 0.2, 0.5, 0.9, 1.3, 1.5, 3.0, 4.9, 6.0]
TERRAFORM_PAUSES_SECONDS = [0.0, 0.15, 0.25, 0.45, 0.5]
EXTERNAL_SECRETS_PAUSES_SECONDS = [0.5] * 10


class World:
    """A client that has read everything before, and time."""

    def __init__(self, emulator, sample, token, client, *clocks):
        self.emulator, self.sample, self.token, self.client, self.clocks = (
            emulator,
            sample,
            token,
            client,
            clocks,
        )
        self.items = f"/v1/vaults/{sample.demo.id}/items"
        self.item = f"{self.items}/{sample.login.id}"
        self.search = f"{self.items}?filter=title%20eq%20%22made%22"

    async def get(self, target):
        return json.loads((await self.client.ask(request_head("GET", target, self.token))).body)

    async def send(self, method, target, document):
        body = json.dumps(document).encode()
        head = request_head(method, target, self.token, f"Content-Length: {len(body)}")
        answer = await self.client.ask(head, body)
        assert answer.status == 200
        return json.loads(answer.body)

    def pass_seconds(self, seconds):
        server, sidecar = self.clocks
        server.advance(seconds)
        sidecar.pass_seconds(seconds)


async def change_and_wait(world):
    """Do as Terraform does; tell whether it would go on."""
    before = await world.get(world.item)
    await world.get(world.items)
    changed = await world.send("PUT", world.item, before)
    for pause_seconds in TERRAFORM_PAUSES_SECONDS:
        world.pass_seconds(pause_seconds)
        if (await world.get(world.item))["version"] == changed["version"] + 1:
            return True
    return False


async def create_and_wait(world):
    """Do as External Secrets does; tell whether it would go on."""
    await world.get(world.items)
    assert await world.get(world.search) == []
    document = {"title": "made", "category": "LOGIN", "vault": {"id": world.sample.demo.id}}
    created = await world.send("POST", world.items, document)
    for pause_seconds in EXTERNAL_SECRETS_PAUSES_SECONDS:
        world.pass_seconds(pause_seconds)
        if [item["id"] for item in await world.get(world.search)] == [created["id"]]:
            return True
    return False


async def play(loop, lag_seconds, *, directly):
    server, clock = ManualClock(), SteppedClock()
    async with Emulator(EmulatorSettings(sync_delay_seconds=lag_seconds), clock=server) as emulator:
        sample = emulator.sample_data()
        token = emulator.issue_token("ci", dict.fromkeys(sample.vault_ids, READ_WRITE))
        async with running_sidecar(emulator.url, clock=clock) as sidecar:
            clock.pass_seconds(60)  # past the caution of the start: what is read is stored in full
            address = emulator.url if directly else sidecar.url
            async with await WireClient.connect(address) as client:
                return await loop(World(emulator, sample, token, client, server, clock))


@pytest.mark.parametrize("lag_seconds", LAGS_SECONDS)
@pytest.mark.parametrize("loop", [change_and_wait, create_and_wait])
async def test_a_loop_ends_through_the_sidecar_as_it_does_directly(loop, lag_seconds):
    assert await play(loop, lag_seconds, directly=False) == await play(loop, lag_seconds, directly=True)


async def test_the_lags_are_such_that_both_ends_occur():
    for loop in (change_and_wait, create_and_wait):
        assert await play(loop, LAGS_SECONDS[0], directly=True)
        assert not await play(loop, LAGS_SECONDS[-1], directly=True)
