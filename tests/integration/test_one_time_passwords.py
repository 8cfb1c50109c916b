"""One-time passwords across the edge of a step: what a client reads is what it would read from Connect itself.

The embedded server and the sidecar share one clock that is put forward by hand; `EDGE` is where a 30 s step begins.
"""

import json

import pytest

from proxy.clock import Instant
from proxy.emulator import (
    FOREVER,
    READ,
    ChangedFields,
    Emulator,
    EntityTags,
    ManualClock,
    Refuse,
)
from tests.support.sidecar import running_sidecar
from tests.support.wire import WireAnswer, WireClient

EDGE = 1_800_000_000.0
SECRET = "JBSWY3DPEHPK3PXP"
URI = f"otpauth://totp/Admin:wendy?secret={SECRET}&issuer=Admin"

MODES = ("never", "recompute")


class SharedClock:
    """The sidecar's view of the server's clock; its wall clock may be stepped alone."""

    def __init__(self, manual: ManualClock) -> None:
        self._manual = manual
        self.stepped_seconds = 0.0

    def now(self) -> Instant:
        seconds = self._manual.now_nanoseconds() / 10**9
        return Instant(wall_seconds=seconds + self.stepped_seconds, boot_seconds=seconds - EDGE + 10_000)


class World:
    """A server, a sidecar past its first cautious half minute, and one item with codes, seen from both sides."""

    def __init__(self, emulator, sidecar, manual, clock, *uris: str) -> None:
        self.emulator, self.sidecar, self.manual, self.clock = emulator, sidecar, manual, clock
        vault = emulator.add_vault("Demo")
        codes = [{"id": f"TOTP_{n}", "type": "OTP", "label": "é", "value": uri} for n, uri in enumerate(uris)]
        self.item = emulator.add_item(
            vault.id, title="Größe", fields=[{"purpose": "PASSWORD", "generate": True}, *codes]
        )
        self.token = emulator.issue_token("ci", {vault.id: READ})
        self.path = f"/v1/vaults/{vault.id}/items/{self.item.id}"
        self._direct_requests = 0

    async def ask(self, *fields: str, path: str | None = None) -> WireAnswer:
        return await self._ask(self.sidecar.address, path or self.path, *fields)

    async def ask_directly(self) -> WireAnswer:
        self._direct_requests += 1
        return await self._ask(self.emulator.url, self.path)

    @property
    def upstream_requests(self) -> int:
        """How often the sidecar has asked for the item."""
        return len(self.emulator.requests_to(self.path)) - self._direct_requests

    def go_to(self, seconds: float) -> None:
        """Put the clock forward to `seconds` after the edge."""
        self.manual.advance(EDGE + seconds - self.manual.now_nanoseconds() / 10**9)

    async def _ask(self, address: str, path: str, *fields: str) -> WireAnswer:
        lines = [f"GET {path} HTTP/1.1", "Host: c", f"Authorization: Bearer {self.token}", *fields]
        async with await WireClient.connect(address) as client:
            return await client.ask("\r\n".join(lines))


@pytest.fixture
async def make_world():
    opened = []

    async def make(*uris: str, mode: str = "recompute") -> World:
        manual = ManualClock(start_seconds=EDGE - 120)
        clock = SharedClock(manual)
        emulator = await Emulator(clock=manual).__aenter__()
        opened.append(emulator)
        running = running_sidecar(emulator.url, clock=clock, CACHE__ONE_TIME_PASSWORDS=mode)
        sidecar = await running.__aenter__()
        opened.append(running)
        return World(emulator, sidecar, manual, clock, *uris)

    yield make
    for one in reversed(opened):
        await one.__aexit__(None, None, None)


def codes(answer: WireAnswer) -> list[str]:
    return [field["totp"] for field in json.loads(answer.body)["fields"] if "totp" in field]


def ttl(answer: WireAnswer) -> int:
    assert is_hit(answer)
    return int(answer.value("Cache-Status").partition("ttl=")[2].partition(";")[0])


def is_hit(answer: WireAnswer) -> bool:
    return "; hit" in answer.value("Cache-Status")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("digits", [6, 8])
@pytest.mark.parametrize("algorithm", ["SHA1", "SHA256", "SHA512"])
async def test_a_code_is_right_on_both_sides_of_an_edge(make_world, mode, digits, algorithm):
    world = await make_world(f"{URI}&digits={digits}&algorithm={algorithm}", mode=mode)
    seen = []
    for seconds in (-12, -7, 1, 14):
        world.go_to(seconds)
        answer, direct = await world.ask(), await world.ask_directly()
        assert answer.body == direct.body
        assert is_hit(answer) is (mode == "recompute" and seconds != -12)
        seen += codes(answer)

    assert [len(code) for code in seen] == [digits] * 4
    assert seen[0] == seen[1] != seen[2] == seen[3]
    assert world.upstream_requests == (1 if mode == "recompute" else 4)


async def test_age_and_ttl_of_a_hit_stay_within_the_step(make_world):
    world = await make_world(URI)
    world.go_to(-12)
    await world.ask()
    shown = []
    for seconds in (-7, -0.5, 0, 1, 29, 31):
        world.go_to(seconds)
        answer = await world.ask()
        shown.append((int(answer.value("Age")), ttl(answer)))

    assert shown == [(5, 7), (11, 0), (0, 30), (1, 29), (29, 1), (1, 17)]
    assert world.upstream_requests == 1
    world.go_to(49)  # 61 s after it was fetched: what is shown has not made it fresh for longer
    assert not is_hit(await world.ask())


async def test_several_codes_with_steps_of_their_own(make_world):
    world = await make_world(URI, f"{URI}&period=45&digits=8", f"{URI}&period=60&algorithm=SHA512")
    world.go_to(-12)
    await world.ask()
    for seconds in (-1, 1, 16, 31, 44, 46):
        world.go_to(seconds)
        answer, direct = await world.ask(), await world.ask_directly()
        assert is_hit(answer)
        assert answer.body == direct.body
        assert len(codes(answer)) == 3


@pytest.mark.parametrize(
    "uri",
    [
        f"{URI}&encoder=steam",
        f"{URI}&counter=1",
        f"otpauth://hotp/x?secret={SECRET}",
        f"steam://{SECRET}",
        f"{URI}&algorithm=MD5",
        SECRET,
    ],
)
async def test_a_vendors_variant_is_not_stored(make_world, uri):
    world = await make_world(URI, uri)
    for count in (1, 2):
        answer = await world.ask()
        assert "detail=one_time_password" in answer.value("Cache-Status").replace('"', "")
        assert answer.body == (await world.ask_directly()).body
        assert world.upstream_requests == count


async def test_a_hit_differs_from_the_miss_in_its_code_only(make_world):
    world = await make_world(URI)
    world.go_to(-12)
    first = await world.ask()
    world.go_to(1)
    second = await world.ask()

    (before,), (after,) = codes(first), codes(second)
    assert before != after
    assert first.body.replace(before.encode(), after.encode()) == second.body
    assert first.value("Content-Length") == second.value("Content-Length") == str(len(second.body))


@pytest.mark.parametrize("step_seconds", [3600.0, -3600.0])
async def test_after_a_step_of_the_wall_clock_codes_follow_it_and_bounds_do_not(make_world, step_seconds):
    world = await make_world(URI)
    world.go_to(-12)
    first = await world.ask()
    world.clock.stepped_seconds = step_seconds
    stepped = await world.ask()
    assert is_hit(stepped)
    assert codes(stepped) != codes(first)
    world.clock.stepped_seconds = 0.0
    world.go_to(47)
    assert is_hit(await world.ask())
    world.go_to(49)
    assert not is_hit(await world.ask())


@pytest.mark.parametrize("difference_seconds", [31.0, -31.0, 3600.0])
async def test_an_origin_whose_clock_is_another_step_is_not_stored(make_world, difference_seconds):
    world = await make_world(URI)
    world.clock.stepped_seconds = difference_seconds
    for _ in range(2):
        assert not is_hit(await world.ask())
    assert world.upstream_requests == 2


async def test_while_connect_is_away_the_code_is_right_as_well(make_world):
    world = await make_world(URI)
    world.go_to(-12)
    await world.ask()
    world.go_to(100)
    direct = await world.ask_directly()
    world.emulator.faults.add(Refuse(), times=FOREVER)
    stale = await world.ask()

    assert stale.body == direct.body
    assert ttl(stale) == -52
    assert stale.value("Age") == "10"


@pytest.mark.parametrize(
    "fault",
    [
        EntityTags(),
        ChangedFields(add=(("Last-Modified", "Fri, 15 Jan 2027 07:00:00 GMT"),)),
        ChangedFields(add=(("Content-Encoding", "identity"),)),
    ],
)
async def test_a_validator_of_the_origin_forbids_storing(make_world, fault):
    world = await make_world(URI)
    world.emulator.faults.add(fault, path=world.path, times=FOREVER)
    for _ in range(2):
        assert not is_hit(await world.ask())


@pytest.mark.parametrize(
    "condition",
    ["If-None-Match: *", "If-Modified-Since: Fri, 15 Jan 2027 08:10:00 GMT", "Range: bytes=0-3"],
)
async def test_no_304_and_no_part_is_made_of_a_body_that_varies(make_world, condition):
    world = await make_world(URI)
    world.go_to(-12)
    for seconds in (-12, -7, 1):
        world.go_to(seconds)
        answer = await world.ask(condition)
        assert answer.status == 200
        assert answer.value("ETag") is None
        assert answer.body == (await world.ask_directly()).body
    assert world.upstream_requests == 1


async def test_a_changed_secret_shows_as_soon_as_any_other_change(make_world):
    world = await make_world(URI)
    world.go_to(-12)
    await world.ask()
    field_id = json.loads((await world.ask()).body)["fields"][-1]["id"]
    other = URI.replace(SECRET, SECRET[::-1])
    world.emulator.edit_field(world.item.vault_id, world.item.id, field_id, other)
    world.go_to(49)
    answer = await world.ask()
    assert not is_hit(answer)
    world.go_to(61)
    assert (await world.ask()).body == (await world.ask_directly()).body


async def test_an_item_that_a_list_confirms_goes_on_showing_the_right_code(make_world):
    world = await make_world(URI)
    world.go_to(-12)
    await world.ask()
    world.go_to(40)
    await world.ask(path=world.path.rpartition("/")[0])
    for seconds in (61, 91):
        world.go_to(seconds)
        answer = await world.ask()
        assert is_hit(answer)
        assert answer.value("Age") == "1"
        assert answer.body == (await world.ask_directly()).body
    assert world.upstream_requests == 1
