"""What Prometheus scrapes from a sidecar in front of a Connect, by what happened before: one test per group."""

import asyncio
import json

import pytest

from proxy.adapters.metrics.reference import FAMILIES
from proxy.assembly import Sources
from proxy.config import load_all
from proxy.emulator import FOREVER, READ_WRITE, Emulator, Refuse, Status
from proxy.server.control_app import Purge, PurgeScope
from tests.support.collector import running_collector
from tests.support.process import sidecar_process
from tests.support.scraped import OPEN_METRICS, scrape
from tests.support.sidecar import SteppedClock, running_sidecar
from tests.support.wire import WireClient, request_head

SETTLED_SECONDS = 31  # until then nothing stays fresh for more than 2 s
QUIET = {"CACHE__CHANGE_CHECK_INTERVAL_SECONDS": "0"}


class World:
    """A sidecar, its Connect, and one token."""

    def __init__(self, emulator, sidecar, clock):
        self.emulator, self.sidecar, self.clock = emulator, sidecar, clock
        self.sample = emulator.sample_data()
        self.token = emulator.issue_token("ci", self.grants, expires_in_seconds=86_400)
        self.items = f"/v1/vaults/{self.sample.demo.id}/items"
        self.item = f"{self.items}/{self.sample.login.id}"
        self.other = f"{self.items}/{self.sample.api_credential.id}"

    @property
    def grants(self):
        return dict.fromkeys(self.sample.vault_ids, READ_WRITE)

    async def ask(self, path=None, token=None, *fields, method="GET", body=b""):
        head = request_head(method, path or self.item, token or self.token, *fields)
        async with await WireClient.connect(self.sidecar.address) as client:
            return await client.ask(head, body)

    async def write(self):
        """Write the item; Connect shows it at once."""
        document = json.loads((await self.ask()).body)
        body = json.dumps(document).encode()
        fields = ("Content-Type: application/json", f"Content-Length: {len(body)}")
        answer = await self.ask(self.item, None, *fields, method="PUT", body=body)
        assert answer.status == 200

    async def scrape(self, accept="*/*"):
        return await scrape(self.sidecar.observe_address, accept)


@pytest.fixture
async def world():
    clock = SteppedClock()
    async with Emulator() as emulator, running_sidecar(emulator.url, clock=clock, **QUIET) as sidecar:
        clock.pass_seconds(SETTLED_SECONDS)
        yield World(emulator, sidecar, clock)


async def test_clients_are_counted_by_how_they_were_answered(world):
    for _ in range(3):
        await world.ask()
    await world.ask(world.items, "no.such.token")
    await world.ask(world.other, None, "Cache-Control: only-if-cached")
    seen = await world.scrape()
    assert seen.value("requests_total", resource="item", cache="forwarded", why="uri-miss", result="ok") == 1
    assert seen.value("requests_total", resource="item", cache="hit", why="fresh", result="ok") == 2
    assert seen.value("requests_total", resource="items", cache="forwarded", result="refused") == 1
    assert seen.value("requests_total", why="only_if_cached") == 1
    assert seen.total("request_duration_seconds_count") == 5
    assert seen.value("request_duration_seconds_bucket", cache="hit", le="+Inf") == 2
    assert seen.value("not_stored_total", reason="status") == 1
    assert seen.value("client_connections") == 0
    assert seen.value("event_loop_lag_seconds") >= 0


async def test_ages_are_told_against_what_is_promised(world):
    await world.ask()
    world.clock.pass_seconds(50)
    await world.ask()
    fresh = await world.scrape()
    assert 50 <= fresh.value("oldest_age_served_seconds", cache="hit") < 52
    assert fresh.value("age_bound_seconds", cache="hit") == 60
    assert fresh.value("stale_seconds_left") == 14_400
    world.emulator.faults.add(Refuse())
    world.clock.pass_seconds(1000)
    await world.ask()
    stale = await world.scrape()
    assert 1050 <= stale.value("oldest_age_served_seconds", cache="stale") < 1055
    assert stale.value("age_bound_seconds", cache="stale") == 14_460
    assert 13_405 < stale.value("stale_seconds_left") <= 13_410
    world.clock.pass_seconds(331)
    later = await world.scrape()
    assert later.values("oldest_age_served_seconds") == [0, 0]
    assert later.value("stale_seconds_left") == 14_400


async def test_tokens_are_told_once_connect_has_accepted_them(world):
    await world.ask(world.item, "no.such.token")
    before = await world.scrape()
    assert before.total("tokens") == 0
    assert before.words("token_requests_total", "token") == {"unknown"}
    await world.ask()
    await world.ask()
    seen = await world.scrape()
    (name,) = {sample.labels["token"] for sample in seen.named("token_verified_age_seconds")}
    assert name.startswith("token-")
    assert seen.value("tokens", state="verified") == 1
    assert seen.value("token_requests_total", token=name, cache="hit") == 1
    assert seen.value("token_refusals_total", token=name) == 0
    left = seen.value("token_expiry_timestamp_seconds", token=name) - world.clock.now().wall_seconds
    assert 86_400 - SETTLED_SECONDS - 60 < left <= 86_400
    world.clock.pass_seconds(61)
    assert (await world.scrape()).value("tokens", state="unverified") == 1
    world.emulator.revoke(world.token)
    assert (await world.ask()).status == 401
    refused = await world.scrape()
    assert refused.value("tokens", state="refused") == 1
    assert refused.value("token_refusals_total", token=name) == 1
    assert refused.values("token_expiry_timestamp_seconds") == []


async def test_a_restarting_connect_refuses_tokens_and_none_of_them_counts_as_refused(world):
    await world.ask()
    world.clock.pass_seconds(61)
    world.emulator.restart()
    await world.ask()
    assert (await world.scrape()).total("token_refusals_total") == 0


async def test_the_cache_tells_what_it_has_and_what_went(world):
    await world.ask()
    await world.ask(world.items)
    seen = await world.scrape()
    assert seen.value("stored_responses") == 2
    assert 0 < seen.value("stored_bytes") < seen.value("store_limit_bytes") == 16 * 2**20
    await world.write()
    world.clock.pass_seconds(5)
    written = await world.scrape()
    assert written.value("writes_total", outcome="applied") == 1
    assert written.value("invalidated_responses_total", cause="write_applied") == 2
    assert written.value("write_fences_open") == 1
    assert 5 <= written.value("write_fence_oldest_seconds") < 7
    world.clock.pass_seconds(30)
    await world.ask()
    world.sidecar.sidecar.purge(Purge(scope=PurgeScope.ALL))
    purged = await world.scrape()
    assert purged.value("write_fences_open") == purged.value("write_fence_oldest_seconds") == 0
    assert purged.value("purges_total") == 1
    assert purged.value("invalidated_responses_total", cause="purge") == 1
    assert purged.value("mode", mode="cache") == 1
    assert purged.total("mode") == 1


async def test_connect_is_told_as_it_was_found(world):
    await world.ask()
    well = await world.scrape()
    assert well.value("upstream_info", upstream=world.emulator.url.removeprefix("http://")) == 1
    assert well.value("upstream_up") == 1
    assert well.value("upstream_retry_budget", endpoint="0") == 10
    assert well.value("upstream_requests_total", cause="read", result="2xx") == 1
    world.emulator.faults.add(Status(status=503), times=FOREVER)
    await world.ask(None, None, "Cache-Control: no-cache")
    ill = await world.scrape()
    assert ill.value("upstream_up") == 0
    assert ill.value("upstream_retry_budget", endpoint="0") == 9
    assert ill.value("upstream_retries_total", outcome="sent") == 1
    assert ill.value("upstream_requests_total", cause="retry", result="5xx") == 1
    assert ill.value("upstream_request_duration_seconds_count", outcome="answered") == 3
    assert ill.value("upstream_requests_waiting", tokens="unaccepted") == 0


async def test_the_sidecar_tells_of_itself(world):
    seen = await world.scrape()
    assert seen.value("build_info") == 1
    assert seen.value("reload_refused") == 0
    assert seen.total("reloads_total") == 0
    assert seen.value("process_resident_memory_bytes") > 2**20
    assert seen.value("process_open_fds") > 0
    assert seen.value("process_memory_limit_bytes") >= 0


async def test_promised_ages_follow_a_reload(tmp_path):
    file = tmp_path / "sidecar.toml"

    def write(freshness):
        file.write_text(
            f'[upstream]\nurl = "http://127.0.0.1:1"\n[server]\nlisten = ["127.0.0.1:0"]\n'
            f'drain_delay_seconds = 0\n[observe]\nlisten = ["127.0.0.1:0"]\n'
            f'[control]\nsocket = "{tmp_path}/control.sock"\n[cache]\nitem_freshness_seconds = {freshness}\n'
        )

    write(60)
    sources = Sources(read=lambda: load_all(file, {}), config_file=file)
    async with running_sidecar(settings=load_all(file, {}).settings, sources=sources) as sidecar:
        write(45)
        sidecar.sidecar.reload()
        seen = await scrape(sidecar.observe_address)
    assert seen.value("age_bound_seconds", cache="hit") == 45
    assert seen.value("reloads_total", outcome="applied") == 1


async def test_open_metrics_come_over_the_wire_to_who_asks(world):
    await world.ask()
    async with await WireClient.connect(world.sidecar.observe_address) as client:
        opened = await client.ask(f"GET /metrics HTTP/1.1\r\nHost: o\r\nAccept: {OPEN_METRICS};version=1.0.0")
        plain = await client.ask("GET /metrics HTTP/1.1\r\nHost: o")
    assert opened.value("Content-Type").startswith(OPEN_METRICS)
    assert opened.body.endswith(b"# EOF\n")
    assert plain.value("Content-Type").startswith("text/plain")
    assert (await world.scrape(OPEN_METRICS)).value("requests_total") == 1


async def test_profile_http_has_neither_tokens_nor_fences_nor_promises():
    async with Emulator() as emulator, running_sidecar(emulator.url, PROFILE="http") as sidecar:
        seen = await scrape(sidecar.observe_address)
    absent = {
        "tokens",
        "token_refusals_total",
        "write_fences_open",
        "age_bound_seconds",
        "stale_seconds_left",
    }
    assert {name for name in absent if seen.values(name)} == set()
    assert seen.value("upstream_up") == 1


async def test_what_can_happen_is_zero_before_it_has(world):
    """A panel says 0, not nothing; and a rate sees the first of something only after a 0."""
    seen = await world.scrape()
    unlabelled = {family.name for family in FAMILIES if not family.labels}
    others = {"audit_", "log_", "spans_"}  # told by adapters that may be off
    missing = {name for name in unlabelled if not seen.values(name)}
    assert {name for name in missing if not name.startswith(tuple(others))} == set()
    for name in (
        "writes_total",
        "invalidated_responses_total",
        "upstream_retries_total",
        "reloads_total",
        "request_duration_seconds_count",
        "upstream_request_duration_seconds_count",
    ):
        assert seen.values(name), name
        assert seen.total(name) == 0


async def test_a_scrape_while_requests_are_under_way_counts_them(world):
    await world.ask(world.other)
    hold = world.emulator.hold(path=world.item)
    asked = [asyncio.create_task(world.ask()) for _ in range(3)]
    await world.sidecar.wait_until_under_way(3)
    await world.emulator.wait_for(lambda request: request.path.endswith(world.item))
    seen = await world.scrape()
    hold.release()
    await asyncio.gather(*asked)
    assert seen.value("requests_under_way") == 3
    assert seen.value("upstream_requests_under_way", tokens="accepted") == 1
    assert seen.value("client_connections") == 3
    assert (await world.scrape()).value("token_requests_total", cache="collapsed") == 2


async def test_a_sampled_request_is_the_exemplar_of_its_buckets(tmp_path):
    trace = "0af7651916cd43dd8448eb211c80319c"
    async with Emulator() as emulator, running_collector() as collector:
        item = emulator.sample_data().login
        path = f"/v1/vaults/{item.vault_id}/items/{item.id}"
        token = emulator.issue_token("ci")
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        async with sidecar_process(emulator.url, tmp_path, environment=environment) as sidecar:
            async with await WireClient.connect(sidecar.address) as client:
                await client.ask(request_head("GET", path, token, f"traceparent: 00-{trace}-{'b7' * 8}-01"))
                await client.ask(
                    request_head("GET", path, token, f"traceparent: 00-{'1' * 32}-{'b7' * 8}-00")
                )
            seen = await scrape(sidecar.observe_address, OPEN_METRICS)
    found = {
        (sample.name.removeprefix("connect_sidecar_"), *sample.exemplar.labels.items())
        for sample in seen.samples
        if sample.exemplar
    }
    assert found == {
        ("request_duration_seconds_bucket", ("trace_id", trace)),
        ("upstream_request_duration_seconds_bucket", ("trace_id", trace)),
    }
