"""Every cell of the fault matrix over real sockets: the embedded server, and the sidecar as it runs in production.

Time is put forward by hand; only what waits for a time-out really waits, some tens of milliseconds.
"""

import json
import re

import pytest

from proxy.connect.error_response import Message
from proxy.emulator import (
    FOREVER,
    READ_WRITE,
    Emulator,
    Garbage,
    LaggingReplica,
    Refuse,
    Reset,
    Restart,
    SlowBody,
    SlowHead,
    SpuriousForbidden,
    Status,
    TruncatedBody,
)
from tests.faults.cells import TABLE, Body, Fault, State
from tests.support.sidecar import SteppedClock, running_sidecar
from tests.support.wire import WireClient, request_head

NEVER_SECONDS = 30.0
TIMEOUTS = {
    "UPSTREAM__HEAD_SECONDS": "0.2",
    "UPSTREAM__CONNECT_SECONDS": "0.2",
    "UPSTREAM__BODY_IDLE_SECONDS": "0.06",
}
SLOW = {Fault.SLOW_HEAD, Fault.SLOW_BODY}

EFFECTS = {
    Fault.REFUSE: Refuse(),
    Fault.RESET: Reset(),
    Fault.SLOW_HEAD: SlowHead(delay_seconds=NEVER_SECONDS),
    Fault.SLOW_BODY: SlowBody(interval_seconds=NEVER_SECONDS),
    Fault.TRUNCATED: TruncatedBody(),
    Fault.GARBAGE: Garbage(),
    Fault.FORBIDDEN: SpuriousForbidden(),
    Fault.LAG: LaggingReplica(),
}


class World:
    """A sidecar that has read one item of a vault; another one is what the cells are about."""

    def __init__(self, emulator, sidecar, clock):
        self.emulator, self.sidecar, self.clock = emulator, sidecar, clock
        sample = emulator.sample_data()
        self.vault, self.id = sample.demo.id, sample.login.id
        self.item = f"/v1/vaults/{self.vault}/items/{self.id}"
        self.neighbour = f"/v1/vaults/{self.vault}/items/{sample.api_credential.id}"
        self.token = emulator.issue_token("ci", dict.fromkeys(sample.vault_ids, READ_WRITE))
        self.emulator.edit_item(self.vault, self.id, title="second version")

    async def ask(self, path=None, *, address=None, method="GET", body=b""):
        fields = (f"Content-Length: {len(body)}",) if body else ()
        async with await WireClient.connect(address or self.sidecar.address) as client:
            return await client.ask(request_head(method, path or self.item, self.token, *fields), body)

    async def ask_connect(self):
        return await self.ask(address=self.emulator.url)

    async def prepare(self, state):
        """Bring the sidecar into a state; return the bytes that it has stored."""
        await self.ask(f"/v1/vaults/{self.vault}/items")  # versions are known, and the token is accepted
        stored = b""
        if state is not State.NOTHING:
            answer = await self.ask()
            assert answer.status == 200
            stored = answer.body
            self.clock.pass_seconds({State.STALE: 61, State.BEYOND: 662}.get(state, 5))
        return stored

    def strike(self, fault):
        """Plan a fault; return what was planned, if it can be removed again."""
        match fault:
            case Fault.REVOKED:
                self.emulator.revoke(self.token)
            case Fault.NOT_SYNCED:
                self.emulator.restart()
                refusal = Status(status=401, message="Invalid bearer token")
                self.emulator.faults.add(refusal, path="^/v1/", times=FOREVER)
            case Fault.FORBIDDEN_ONCE:
                self.emulator.faults.add(SpuriousForbidden())
            case Fault.RESTART:
                self.emulator.faults.add(Restart())
            case _:
                effect = EFFECTS.get(fault) or Status(status=int(fault))
                return self.emulator.faults.add(effect, times=FOREVER)
        return None


@pytest.fixture
def clock():
    return SteppedClock()


@pytest.fixture
async def world(fault, clock):
    async with Emulator() as emulator:
        timeouts = TIMEOUTS if fault in SLOW else {}
        async with running_sidecar(
            emulator.url,
            clock=clock,
            CACHE__STALE_IF_ERROR_SECONDS="600",
            CACHE__CHANGE_CHECK_INTERVAL_SECONDS="0",
            **timeouts,
        ) as sidecar:
            clock.pass_seconds(31)
            yield World(emulator, sidecar, clock)


CELLS = [pytest.param(fault, state, id=f"{fault}-{state}") for fault in Fault for state in State]


def test_every_fault_meets_every_state():
    assert {fault: set(row) for fault, row in TABLE.items()} == {fault: set(State) for fault in Fault}


@pytest.mark.parametrize(("fault", "state"), CELLS)
async def test_cell(world, fault, state):
    expected = TABLE[fault][state]
    stored = await world.prepare(state)
    if fault is not Fault.LAG:
        world.emulator.edit_item(world.vault, world.id, title="third version")
    planned = world.strike(fault)
    world.emulator.forget_requests()
    if state is State.WRITE:
        answer = await world.ask(method="PUT", body=stored)
    else:
        answer = await world.ask()
    assert answer.status == expected.status
    assert labels_of(answer) >= set(expected.cache_status)
    assert len(world.emulator.requests) == expected.attempts
    await judge_body(world, expected, answer, stored, is_read=state is not State.WRITE)
    if planned is not None:
        world.emulator.faults.remove(planned)
    if expected.body is Body.OLDER and state is State.NOTHING:
        assert json.loads((await world.ask()).body)["version"] == 2, "the older one was not stored"
    if expected.keeps is not None:
        if state is State.STALE:
            world.emulator.faults.add(Refuse())
        afterwards = await world.ask()
        assert ("hit" in labels_of(afterwards)) == expected.keeps
        assert expected.body is not Body.OLDER or afterwards.body == stored


async def judge_body(world, expected, answer, stored, *, is_read):
    document = json.loads(answer.body)
    is_from_connect = answer.value("1Password-Connect-Version") is not None
    match expected.body:
        case Body.STORED:
            assert answer.body == stored
        case Body.OLDER:
            assert document["version"] == 1
        case Body.OURS:
            assert not is_from_connect
            assert document == {"status": expected.status, "message": document["message"]}
            assert document["message"] in [message.value for message in Message]
        case Body.CONNECTS:
            assert is_from_connect
            if answer.status != 200:
                assert document["status"] == expected.status
            elif is_read:
                assert document["title"] == "third version"


def labels_of(answer):
    """Return the parameters of Cache-Status; of a ttl only its sign."""
    _, *parameters = answer.value("Cache-Status").replace('"', "").split("; ")
    return {re.sub(r"ttl=(-?)\d+", lambda found: f"ttl=0{found[1] or '+'}", each) for each in parameters}
