"""The lane while traces are kept: a request takes it only if its own traceparent says that its trace is not kept."""

import itertools

import pytest

from proxy.emulator import Emulator
from tests.support.collector import running_collector
from tests.support.lane_world import LaneWorld, Shop, lane_world

TRACES = itertools.count(1)
NAME = "GET /v1/vaults/{vault}/items/{item}"


def traceparent(flags: str = "00", *, name: str = "traceparent") -> str:
    number = next(TRACES)
    return f"{name}: 00-{number:032x}-{number:016x}-{flags}"


@pytest.fixture
async def shop():
    async with Emulator() as emulator:
        yield Shop(emulator)


@pytest.fixture
async def traced(shop, monkeypatch):
    """A sidecar that keeps traces, and whoever collects them."""
    async with running_collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        async with lane_world(shop.emulator) as world:
            yield world, collector


async def count_in_the_lane(world: LaneWorld, shop: Shop, *requests: list[str]) -> int:
    async with world.wire() as wire:
        before = world.answered
        for fields in requests:
            assert (await wire.ask(shop.head(None, *fields))).startswith(b"HTTP/1.1 200 ")
        return world.answered - before


async def test_traces_that_are_not_kept_take_the_lane_and_leave_no_span(traced, shop):
    world, collector = traced
    assert await count_in_the_lane(world, shop, *([traceparent()] for _ in range(6))) == 4
    await count_in_the_lane(world, shop, [traceparent("01")])
    await collector.until(lambda collector: collector.named(NAME))
    assert len(collector.named(NAME)) == 1


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(lambda: [traceparent("01")], id="sampled"),
        pytest.param(lambda: [traceparent("03")], id="sampled, and more"),
        pytest.param(list, id="none"),
        pytest.param(lambda: ["traceparent: 00-" + "0" * 32 + "-00f067aa0ba902b7-00"], id="no trace"),
        pytest.param(
            lambda: ["traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-00"], id="no span"
        ),
        pytest.param(lambda: ["traceparent: 0-1-2-00"], id="malformed"),
        pytest.param(
            lambda: ["traceparent: 00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-00"], id="in capitals"
        ),
        pytest.param(lambda: [traceparent(), traceparent()], id="twice"),
        pytest.param(
            lambda: [traceparent(), traceparent("01", name="Traceparent")], id="twice, in other case"
        ),
        pytest.param(lambda: ["b3: 0"], id="b3, not kept"),
        pytest.param(lambda: [f"b3: {next(TRACES):032x}-00f067aa0ba902b7-1"], id="b3, kept"),
        pytest.param(
            lambda: [f"X-B3-TraceId: {next(TRACES):032x}", "X-B3-SpanId: 00f067aa0ba902b7"], id="B3 fields"
        ),
    ],
)
async def test_any_other_trace_takes_the_full_path_whatever_the_lane_has_learnt(traced, shop, fields):
    world, _ = traced
    assert await count_in_the_lane(world, shop, *([traceparent()] for _ in range(4))) == 2
    assert await count_in_the_lane(world, shop, *(fields() for _ in range(4))) == 0


async def test_b3_beside_a_trace_that_is_not_kept_is_a_part_of_the_head(traced, shop):
    world, _ = traced
    same = [[traceparent(), "b3: 0"] for _ in range(4)]
    other = [[traceparent(), f"b3: {number:032x}-00f067aa0ba902b7-1"] for number in range(1, 5)]
    assert await count_in_the_lane(world, shop, *same) == 2
    assert await count_in_the_lane(world, shop, *other) == 0


@pytest.mark.parametrize("sampler", ["always_on", "traceidratio"])
async def test_a_sampler_that_may_keep_what_clients_do_not_leaves_no_lane(shop, monkeypatch, sampler):
    async with running_collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
        async with lane_world(shop.emulator) as world:
            assert world.running.sidecar.lane is None
