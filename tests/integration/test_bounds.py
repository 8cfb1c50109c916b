"""How old an answer may be, and how long a revoked token reads: with Connect up, and with Connect away.

Time is put forward by hand; what Connect does is the embedded server's. The bounds are those of the defaults: an item
is fresh for 60 s, a lease lasts 60 s, staleness ends after 4 h.
"""

import pytest

from proxy.emulator import FOREVER, READ, READ_WRITE, Emulator, Refuse, SpuriousForbidden, Status
from tests.support.sidecar import SteppedClock, running_sidecar
from tests.support.wire import WireAnswer, WireClient

HOURS = 3600.0


class World:
    """A sidecar past its first cautious minute, with two items and one token."""

    def __init__(self, emulator, sample, sidecar, clock) -> None:
        self.emulator = emulator
        self.sidecar = sidecar
        self.clock = clock
        self.token = emulator.issue_token("ci", dict.fromkeys(sample.vault_ids, READ_WRITE))
        self.items = [
            f"/v1/vaults/{sample.demo.id}/items/{item.id}" for item in (sample.login, sample.api_credential)
        ]
        self.elsewhere = f"/v1/vaults/{sample.infrastructure.id}/items/{sample.database.id}"
        self.vault, self.item = sample.demo.id, sample.login.id

    async def ask(self, path: str, token: str | None = None, *fields: str) -> WireAnswer:
        lines = [f"GET {path} HTTP/1.1", "Host: c", f"Authorization: Bearer {token or self.token}", *fields]
        async with await WireClient.connect(self.sidecar.address) as client:
            return await client.ask("\r\n".join(lines))


@pytest.fixture
async def world():
    clock = SteppedClock()
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        async with running_sidecar(emulator.url, clock=clock) as sidecar:
            clock.pass_seconds(31)
            yield World(emulator, sample, sidecar, clock)


def is_hit(answer: WireAnswer) -> bool:
    return "; hit" in answer.value("Cache-Status")


async def test_an_item_changed_elsewhere_is_seen_once_its_freshness_has_ended(world):
    await world.ask(world.items[0])
    world.emulator.edit_item(world.vault, world.item, title="changed elsewhere")
    world.clock.pass_seconds(59)
    assert b"changed elsewhere" not in (await world.ask(world.items[0])).body
    world.clock.pass_seconds(2)
    assert b"changed elsewhere" in (await world.ask(world.items[0])).body


@pytest.mark.parametrize("step", [3600.0, -3600.0])
async def test_a_step_of_the_wall_clock_changes_no_bound(world, step):
    await world.ask(world.items[0])
    world.clock.step_wall(step)
    world.clock.pass_seconds(50)
    assert is_hit(await world.ask(world.items[0]))
    world.clock.pass_seconds(11)
    assert not is_hit(await world.ask(world.items[0]))


async def test_a_revoked_token_reads_no_longer_than_its_lease(world):
    for item in world.items:
        await world.ask(item)
    world.emulator.revoke(world.token)
    world.clock.pass_seconds(59)
    assert is_hit(await world.ask(world.items[0]))
    world.clock.pass_seconds(2)
    assert [(await world.ask(item)).status for item in world.items] == [401, 401]


async def test_one_refusal_suspends_everything_that_the_token_had_stored(world):
    for item in world.items:
        await world.ask(item)
    world.emulator.revoke(world.token)
    assert (await world.ask(world.items[0], None, "Cache-Control: no-cache")).status == 401
    assert (await world.ask(world.items[1])).status == 401


async def test_a_refused_vault_leaves_other_vaults_alone(world):
    for path in (*world.items, world.elsewhere):
        await world.ask(path)
    world.emulator.faults.add(SpuriousForbidden(), path=world.vault, times=FOREVER)
    assert (await world.ask(world.items[0], None, "Cache-Control: no-cache")).status == 403
    assert (await world.ask(world.items[1])).status == 403
    assert is_hit(await world.ask(world.elsewhere))


async def test_a_vault_refused_by_mistake_is_asked_for_again_and_nobody_notices(world):
    for path in world.items:
        await world.ask(path)
    world.emulator.faults.add(SpuriousForbidden(), path=world.vault)
    world.emulator.forget_requests()
    answer = await world.ask(world.items[0], None, "Cache-Control: no-cache")
    assert answer.status == 200
    assert [request.status for request in world.emulator.requests] == [403, 200]
    assert is_hit(await world.ask(world.items[1]))


async def test_an_expired_token_gets_nothing_although_it_was_verified_a_moment_ago(world):
    short = world.emulator.issue_token("short", {world.vault: READ}, expires_in_seconds=1000)
    await world.ask(world.items[0], short)
    assert is_hit(await world.ask(world.items[0], short))
    world.emulator.faults.add(Refuse())
    world.clock.pass_seconds(1001)
    assert (await world.ask(world.items[0], short)).status == 502


async def test_while_connect_is_away_stale_answers_say_so_until_their_hard_maximum(world):
    fresh = await world.ask(world.items[0])
    world.emulator.faults.add(Refuse())
    world.clock.pass_seconds(61)
    stale = await world.ask(world.items[0])
    assert (stale.status, stale.body) == (200, fresh.body)
    assert int(stale.value("Age")) >= 61
    assert "; hit; ttl=-" in stale.value("Cache-Status")
    assert "connection_refused" in stale.value("Cache-Status")
    for _ in range(3):  # no failed retry moves the bound
        world.clock.pass_seconds(HOURS)
        assert (await world.ask(world.items[0])).status == 200
    world.clock.pass_seconds(HOURS)
    gone = await world.ask(world.items[0])
    assert gone.status == 502
    assert gone.value("Proxy-Status") == "connect-sidecar; error=connection_refused"


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
async def test_an_error_of_connect_is_covered_by_a_stale_answer(world, status):
    await world.ask(world.items[0])
    world.clock.pass_seconds(61)
    world.emulator.faults.add(Status(status=status), times=FOREVER)
    answer = await world.ask(world.items[0])
    assert answer.status == 200
    assert f"detail={status}" in answer.value("Cache-Status") or f'detail="{status}"' in answer.value(
        "Cache-Status"
    )


@pytest.mark.parametrize("status", [401, 403, 404, 409, 429])
async def test_any_other_answer_of_connect_is_passed_on(world, status):
    await world.ask(world.items[0])
    world.clock.pass_seconds(61)
    world.emulator.faults.add(Status(status=status), times=FOREVER)
    assert (await world.ask(world.items[0])).status == status


async def test_a_deleted_item_does_not_come_back_in_an_outage(world):
    await world.ask(world.items[0])
    async with await WireClient.connect(world.sidecar.address) as client:
        lines = [f"DELETE {world.items[0]} HTTP/1.1", "Host: c", f"Authorization: Bearer {world.token}"]
        assert (await client.ask("\r\n".join(lines))).status == 204
    world.emulator.faults.add(Refuse())
    assert (await world.ask(world.items[0])).status == 502


async def test_with_refuse_an_unverified_token_gets_nothing_in_an_outage():
    clock = SteppedClock()
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        async with running_sidecar(emulator.url, clock=clock, CACHE__UNVERIFIED_TOKENS="refuse") as sidecar:
            world = World(emulator, sample, sidecar, clock)
            clock.pass_seconds(31)
            await world.ask(world.items[0])
            emulator.faults.add(Refuse())
            clock.pass_seconds(61)
            assert (await world.ask(world.items[0])).status == 502


async def test_a_response_is_reused_before_its_first_reader_has_read_it(world):
    path = world.items[0]
    async with await WireClient.connect(world.sidecar.address) as idler:
        idler.writer.write(
            f"GET {path} HTTP/1.1\r\nHost: c\r\nAuthorization: Bearer {world.token}\r\n\r\n".encode()
        )
        await world.emulator.wait_for(lambda request: request.path == path)
        await world.sidecar.wait_until_under_way(0)
        assert is_hit(await world.ask(path))


async def test_a_restart_of_connect_never_surfaces_as_an_error_of_a_read(world):
    for _ in range(3):
        assert (await world.ask(world.items[0], None, "Cache-Control: no-cache")).status == 200
        world.emulator.restart()
