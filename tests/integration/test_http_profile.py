"""The profile `http` over real sockets, against RFC 9110, 9111, 5861, 9211 and 9213: see http_profile_cases."""

import asyncio

import pytest

from proxy.clock import Instant
from tests.integration.http_profile_cases import CASES, EPOCH, STALE_WHILE_REVALIDATE, Step
from tests.support.origin import Asked, Scripted, ScriptedOrigin
from tests.support.sidecar import running_sidecar
from tests.support.wire import WireAnswer, WireClient


class StillClock:
    """Time that passes only by hand."""

    def __init__(self) -> None:
        self._passed_seconds = 0.0

    def now(self) -> Instant:
        passed = self._passed_seconds
        return Instant(wall_seconds=EPOCH + passed, boot_seconds=1000.0 + passed)

    def pass_seconds(self, seconds: float) -> None:
        self._passed_seconds += seconds


class World:
    """A sidecar between one client connection and a scripted origin."""

    def __init__(self, origin: ScriptedOrigin, client: WireClient, clock: StillClock) -> None:
        self.origin = origin
        self.clock = clock
        self._client = client

    async def ask(self, step: Step) -> WireAnswer:
        lines = [f"{step.method} {step.path} HTTP/1.1", "Host: origin", *step.asked]
        return await self._client.ask("\r\n".join(lines))

    async def play(self, step: Step) -> tuple[WireAnswer, Asked | None]:
        """Make one request; return its answer, and what the origin was asked."""
        self.clock.pass_seconds(step.after)
        if step.origin is not None:
            self.origin.script(step.path, *[step.origin] * (1 + step.origin.hangs_up))
        before = len(self.origin.requests)
        answer = await self.ask(step)
        new = self.origin.requests[before:]
        return answer, new[0] if new else None


@pytest.fixture
async def world():
    clock = StillClock()
    async with (
        ScriptedOrigin() as origin,
        running_sidecar(  # the script has one answer per request
            origin.url, clock=clock, PROFILE="http", UPSTREAM__RETRY_ATTEMPTS="0"
        ) as sidecar,
        await WireClient.connect(sidecar.address) as client,
    ):
        yield World(origin, client, clock)


@pytest.mark.parametrize("case", CASES, ids=[f"{case.anchor}: {case.name}" for case in CASES])
async def test_http_cache(world, case):
    for number, step in enumerate(case.steps, 1):
        where = f"{case.anchor}, step {number}"
        answer, asked = await world.play(step)
        assert (asked is not None) is (step.origin is not None), f"{where}: who answers"
        assert answer.status == step.status, where
        if step.body is not None:
            assert answer.body == step.body, where
        if step.reason is not None:
            assert answer.reason.decode() == step.reason, where
        assert {name: answer.value(name) for name in step.gets} == step.gets, where
        if asked is not None:
            assert {name: next(iter(asked.values(name)), None) for name in step.sees} == step.sees, where


async def test_every_case_has_a_name_of_its_own():
    names = [f"{case.anchor}: {case.name}" for case in CASES]
    assert len(set(names)) == len(names)
    assert len(names) > 80


async def test_a_stale_answer_is_served_at_once_while_it_is_validated_behind(world):
    """RFC 5861 section 3."""
    await world.play(Step(origin=Scripted(lines=(STALE_WHILE_REVALIDATE,), body=b"one")))
    world.origin.script("/a", Scripted(lines=(STALE_WHILE_REVALIDATE,), body=b"two"))
    world.clock.pass_seconds(70)
    stale = await world.ask(Step())
    assert stale.body == b"one"
    assert stale.value("Cache-Status") == "connect-sidecar; hit; ttl=-10"
    async with asyncio.timeout(10):
        while (fresh := await world.ask(Step())).body != b"two":
            await asyncio.sleep(0)
    assert len(world.origin.requests) == 2
    assert fresh.value("Cache-Status") == "connect-sidecar; hit; ttl=60"


async def test_repeated_fields_keep_their_order_on_a_hit_and_through_a_304(world):
    """RFC 9110 section 5.3."""
    lines = (
        "Cache-Control: max-age=5",
        'ETag: "a"',
        "Set-Cookie: a=1",
        "X-A: 1",
        "Set-Cookie: b=2",
        "X-A: 2",
    )
    await world.play(Step(origin=Scripted(lines=lines)))
    hit, _ = await world.play(Step())
    await world.play(Step(after=9, origin=Scripted(status=304, lines=("X-A: 3", "X-A: 4"))))
    freshened, _ = await world.play(Step())
    assert (hit.values("X-A"), hit.values("Set-Cookie")) == (["1", "2"], ["a=1", "b=2"])
    assert (freshened.values("X-A"), freshened.values("Set-Cookie")) == (["3", "4"], ["a=1", "b=2"])
