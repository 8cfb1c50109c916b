"""Traces as a collector gets them: a miss, followers, something stale and its validation, a write, an outage."""

import asyncio
import re

import pytest

from proxy.emulator import READ_WRITE, Emulator
from tests.support.collector import running_collector
from tests.support.process import sidecar_process
from tests.support.wire import WireClient, request_head

REMOTE_TRACE, REMOTE_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = f"traceparent: 00-{REMOTE_TRACE}-{REMOTE_SPAN}-01"
UNSAMPLED = f"traceparent: 00-{REMOTE_TRACE}-{REMOTE_SPAN}-00"
ITEM_ROUTE = "/v1/vaults/{vault}/items/{item}"
GET_ITEM = f"GET {ITEM_ROUTE}"


class World:
    """A sidecar whose spans are sent, between an embedded Connect and a collector."""

    def __init__(self, emulator, collector, process):
        self.emulator = emulator
        self.collector = collector
        self.process = process
        sample = emulator.sample_data()
        self.token = emulator.issue_token("billing", {sample.demo.id: READ_WRITE})
        self.vault, self.item = sample.demo.id, sample.login.id
        self.path = f"/v1/vaults/{self.vault}/items/{self.item}"

    async def ask(self, method, path, *fields, body=b""):
        async with await WireClient.connect(self.process.address) as client:
            head = request_head(method, path, self.token, f"Content-Length: {len(body)}", *fields)
            return await client.ask(head, body)

    async def serving(self, name, count=1):
        """Wait for spans of that name, and return them."""
        await self.collector.until(lambda collector: len(collector.named(name)) >= count)
        return self.collector.named(name)

    async def answered(self, name, why):
        """Wait for the server span of that name which was answered for that reason."""

        def found(collector):
            return [span for span in collector.named(name) if span.attributes["connect_sidecar.why"] == why]

        await self.collector.until(found)
        return found(self.collector)[0]


def variables(collector, **more):
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "50", **more}


@pytest.fixture
async def world(tmp_path):
    async with (
        Emulator() as emulator,
        running_collector() as collector,
        sidecar_process(
            emulator.url,
            tmp_path,
            environment=variables(collector),
            CACHE__ANSWER_STALE_AFTER_SECONDS="0.1",
            CACHE__ITEM_FRESHNESS_SECONDS="0.2",
            AUDIT__OUTPUT="off",
        ) as process,
    ):
        yield World(emulator, collector, process)


async def test_a_miss_is_a_server_span_with_look_up_fetch_and_attempt_below(world):
    await world.ask("GET", world.path, SAMPLED, "tracestate: vendor=1")
    (server,) = await world.serving(GET_ITEM)
    assert (server.kind, server.trace, server.parent) == ("server", REMOTE_TRACE, REMOTE_SPAN)
    assert server.service == "connect-sidecar"
    assert server.attributes == {
        "http.request.method": "GET",
        "http.route": ITEM_ROUTE,
        "http.response.status_code": 200,
        "connect_sidecar.cache": "forwarded",
        "connect_sidecar.why": "uri-miss",
        "connect_sidecar.resource": "item",
        "connect_sidecar.token": server.attributes["connect_sidecar.token"],
        "connect_sidecar.vault": world.vault,
        "connect_sidecar.item": world.item,
        "connect_sidecar.version": 1,
    }
    look_up, fetch = sorted(world.collector.children(server), key=lambda span: span.began)
    assert (look_up.name, look_up.attributes) == ("cache look-up", {"connect_sidecar.decision": "forward"})
    assert (fetch.name, fetch.attributes) == ("fetch", {"connect_sidecar.kept": "stored"})
    (attempt,) = world.collector.children(fetch)
    assert (attempt.name, attempt.kind) == ("GET", "client")
    assert attempt.attributes == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "server.address": "127.0.0.1",
        "server.port": world.emulator.port,
        "connect_sidecar.cause": "read",
    }
    assert not any(span.is_error for span in world.collector.spans)
    assert server.began <= fetch.began <= attempt.began <= attempt.ended <= fetch.ended <= server.ended
    (asked,) = world.emulator.requests_to("/items/")
    assert asked.value("traceparent") == f"00-{REMOTE_TRACE}-{attempt.id}-01"
    assert asked.value("tracestate") == "vendor=1"


async def test_a_hit_has_its_age_and_nothing_below_but_the_look_up(world):
    await world.ask("GET", f"/v1/vaults/{world.vault}")
    await world.ask("GET", f"/v1/vaults/{world.vault}")
    _, hit = await world.serving("GET /v1/vaults/{vault}", 2)
    assert (hit.attributes["connect_sidecar.cache"], hit.attributes["connect_sidecar.why"]) == (
        "hit",
        "fresh",
    )
    assert 0 <= hit.attributes["connect_sidecar.age_seconds"] < 20
    assert [span.name for span in world.collector.children(hit)] == ["cache look-up"]


async def test_followers_wait_for_the_span_of_the_shared_request(world):
    hold = world.emulator.hold(path="/items/")
    leader = asyncio.create_task(world.ask("GET", world.path))
    await hold.arrived()
    followers = [asyncio.create_task(world.ask("GET", world.path)) for _ in range(2)]
    await asyncio.sleep(0)
    async with await WireClient.connect(world.process.observe_address) as client:
        while True:
            text = (await client.ask("GET /metrics HTTP/1.1\r\nHost: o")).body.decode()
            if "connect_sidecar_requests_under_way 3.0" in text:
                break
    hold.release()
    await asyncio.gather(leader, *followers)
    servers = await world.serving(GET_ITEM, 3)
    collapsed = [span for span in servers if span.attributes["connect_sidecar.cache"] == "collapsed"]
    assert len(collapsed) == 2
    (fetch,) = world.collector.named("fetch")
    for server in collapsed:
        wait = next(
            span for span in world.collector.children(server) if span.name == "wait for shared request"
        )
        assert wait.links == (fetch.id,)
        assert wait.trace != fetch.trace
    assert len({span.trace for span in servers}) == 3


async def test_a_stale_answer_goes_out_before_its_validation_has_ended(world):
    await world.ask("GET", world.path)
    (first,) = await world.serving(GET_ITEM)
    hold = world.emulator.hold(path="/items/")
    while (
        (answer := await world.ask("GET", world.path))
        .value("Cache-Status")
        .startswith("connect-sidecar; hit; ttl=0")
    ):
        await asyncio.sleep(0)  # fresh for a moment more
    assert "detail=slow" in answer.value("Cache-Status")
    stale = await world.answered(GET_ITEM, "slow")
    assert stale.attributes["connect_sidecar.cache"] == "stale"
    assert world.collector.named("validate") == []
    hold.release()
    (validation,) = await world.serving("validate")
    assert (validation.parent, validation.trace) == (stale.id, stale.trace)
    assert validation.ended > stale.ended
    (attempt,) = world.collector.children(validation)
    assert attempt.attributes["http.response.status_code"] == 200
    assert first.trace != stale.trace


async def test_a_write_shows_its_attempt_and_nothing_of_what_was_written(world):
    body = b'{"title":"A title of a secret"}'
    answer = await world.ask("PUT", world.path, SAMPLED, body=body)
    assert answer.status in {200, 400}
    (write,) = await world.serving(f"PUT {ITEM_ROUTE}")
    assert write.attributes["http.response.status_code"] == answer.status
    assert write.attributes["connect_sidecar.why"] == "method"
    names = {span.name: span for span in world.collector.children(write)}
    assert names.keys() == {"wait for other writes", "PUT"}
    assert names["PUT"].attributes["connect_sidecar.cause"] == "write"
    assert names["PUT"].is_error is (answer.status >= 400)
    assert not write.is_error


async def test_an_outage_shows_every_attempt_and_what_was_answered_instead(world):
    await world.ask("GET", world.path)
    await world.serving(GET_ITEM)
    await world.emulator.stop()
    while (
        (answer := await world.ask("GET", world.path))
        .value("Cache-Status")
        .startswith("connect-sidecar; hit; ttl=0")
    ):
        await asyncio.sleep(0)
    assert answer.status == 200
    failed = await world.ask("GET", "/v1/vaults")
    assert failed.status == 502
    (server,) = await world.serving("GET /v1/vaults")
    assert server.is_error
    assert server.attributes["error.type"] == "connection_refused"
    stale = await world.answered(GET_ITEM, "connection_refused")
    assert (stale.is_error, stale.attributes["connect_sidecar.why"]) == (False, "connection_refused")
    validation = next(span for span in world.collector.children(stale) if span.name == "validate")
    assert (validation.is_error, validation.attributes["error.type"]) == (True, "connection_refused")
    first, second = sorted(world.collector.children(validation), key=lambda span: span.began)
    assert (first.is_error, first.attributes["error.type"]) == (True, "connection_refused")
    assert "http.request.resend_count" not in first.attributes
    assert (second.attributes["http.request.resend_count"], second.attributes["connect_sidecar.cause"]) == (
        1,
        "retry",
    )


async def test_what_the_client_does_not_keep_is_neither_sent_nor_changed(world):
    await world.ask("GET", world.path, UNSAMPLED)
    (asked,) = world.emulator.requests_to("/items/")
    assert asked.value("traceparent") == f"00-{REMOTE_TRACE}-{REMOTE_SPAN}-00"
    await world.ask("GET", f"/v1/vaults/{world.vault}", SAMPLED)
    await world.serving("GET /v1/vaults/{vault}")
    assert world.collector.named(GET_ITEM) == []


async def test_b3_is_taken_up_and_passed_on(world):
    await world.ask(
        "GET",
        world.path,
        f"X-B3-TraceId: {REMOTE_TRACE}",
        f"X-B3-SpanId: {REMOTE_SPAN}",
        "X-B3-Sampled: 1",
    )
    (server,) = await world.serving(GET_ITEM)
    assert (server.trace, server.parent) == (REMOTE_TRACE, REMOTE_SPAN)
    (asked,) = world.emulator.requests_to("/items/")
    (attempt,) = world.collector.named("GET")
    assert (asked.value("X-B3-TraceId"), asked.value("X-B3-SpanId")) == (REMOTE_TRACE, attempt.id)
    assert asked.value("traceparent") == f"00-{REMOTE_TRACE}-{attempt.id}-01"


async def test_no_span_holds_a_filter_a_title_or_a_token(world):
    await world.ask("GET", f"/v1/vaults/{world.vault}/items?filter=title%20eq%20%22Nobody-sees-me%22")
    await world.ask("GET", "/v1/vaults/Nobody-sees-me")
    await world.serving("GET /v1/vaults/{vault}/items")
    await world.serving("GET")
    assert b"Nobody-sees-me" not in world.collector.raw
    assert world.token.encode() not in world.collector.raw


async def test_a_change_check_is_a_trace_of_its_own_that_names_what_it_followed(tmp_path):
    async with (
        Emulator() as emulator,
        running_collector() as collector,
        sidecar_process(
            emulator.url,
            tmp_path,
            environment=variables(collector),
            CACHE__CHANGE_CHECK_INTERVAL_SECONDS="1",
            AUDIT__OUTPUT="off",
        ) as process,
    ):
        world = World(emulator, collector, process)
        while not collector.named("change check"):
            await world.ask("GET", world.path)
            await asyncio.sleep(0.01)
        check = collector.named("change check")[0]
        caused = [span for span in collector.named(GET_ITEM) if span.id in check.links]
        assert len(caused) == 1
        assert (check.parent, check.trace != caused[0].trace) == ("", True)
        assert check.attributes["connect_sidecar.cause"] == "interval"
        (fetch,) = collector.children(check)
        (attempt,) = collector.children(fetch)
        assert attempt.attributes["connect_sidecar.cause"] == "change_check"


async def test_a_collector_that_is_away_costs_spans_and_no_request(tmp_path):
    async with Emulator() as emulator, running_collector() as collector:
        collector.hangs = True
        async with sidecar_process(
            emulator.url,
            tmp_path,
            environment=variables(
                collector, OTEL_BSP_MAX_QUEUE_SIZE="64", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="32"
            ),
            AUDIT__OUTPUT="off",
        ) as process:
            world = World(emulator, collector, process)
            for _ in range(100):
                assert (await world.ask("GET", world.path)).status == 200
            await collector.until(lambda collector: collector.requests)
            async with await WireClient.connect(process.observe_address) as client:
                text = (await client.ask("GET /metrics HTTP/1.1\r\nHost: o")).body.decode()
        lost = re.search(r"^connect_sidecar_spans_lost_total (\d+)", text, re.MULTILINE)
        assert int(lost[1]) >= 100
    assert collector.spans == []


async def test_what_was_not_sent_yet_goes_out_at_the_end(tmp_path):
    async with Emulator() as emulator, running_collector() as collector:
        async with sidecar_process(
            emulator.url,
            tmp_path,
            environment=variables(collector, OTEL_BSP_SCHEDULE_DELAY="60000"),
            AUDIT__OUTPUT="off",
        ) as process:
            world = World(emulator, collector, process)
            await world.ask("GET", world.path)
            assert collector.spans == []
        assert len(collector.named(GET_ITEM)) == 1


@pytest.mark.parametrize(
    "variable",
    [
        {"OTEL_SDK_DISABLED": "true"},
        {"OTEL_TRACES_EXPORTER": "none"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
    ],
)
async def test_traces_can_be_off_though_there_is_a_collector(tmp_path, variable):
    async with Emulator() as emulator, running_collector() as collector:
        async with sidecar_process(
            emulator.url, tmp_path, environment=variables(collector, **variable), AUDIT__OUTPUT="off"
        ) as process:
            world = World(emulator, collector, process)
            await world.ask("GET", world.path, SAMPLED)
            (asked,) = emulator.requests_to("/items/")
            assert asked.value("traceparent") == f"00-{REMOTE_TRACE}-{REMOTE_SPAN}-01"
        assert collector.requests == 0
    is_said = b"only http/protobuf is spoken here" in process.output
    assert is_said is ("OTEL_EXPORTER_OTLP_PROTOCOL" in variable)
