"""The benchmark's tables make sense and its templates render; it is run by hand only."""

import itertools
import json
import re
import time
from contextlib import nullcontext
from dataclasses import replace

import pytest

from benchmarks.peers import rounds
from benchmarks.peers.__main__ import parsed, plan_of
from benchmarks.peers.check import CheckError
from benchmarks.peers.claims import CLAIMS, Claim, Measure
from benchmarks.peers.crew import Member
from benchmarks.peers.figures import Figures, Memory, Results, Sample
from benchmarks.peers.heads import recorded_head
from benchmarks.peers.load import FILLING, Outcome
from benchmarks.peers.origin import BODY_BYTES, Origin, item, item_name, token_mark, vault_name
from benchmarks.peers.peers import OURS, OURS_FULL_PATH, PEERS, WITH_LANE
from benchmarks.peers.report import Circumstances, render
from benchmarks.peers.rounds import Bench, Plan
from benchmarks.peers.scenarios import ITEMS, SCENARIOS, TOKENS, Act, Body, Pace, Transport
from benchmarks.peers.site import CONFIG, Site
from proxy.config import load

SITE = Site(
    directory="/run/bench",
    socket="/run/bench/s",
    port=1001,
    tls_port=1002,
    spare_port=1003,
    origin_port=1004,
    fresh_origin_port=1005,
    authority="/run/bench/ca",
    certificate="/run/bench/crt",
    key="/run/bench/key",
    certificate_and_key="/run/bench/both",
)
NAMES = [peer.name for peer in PEERS]


def sample(requests=1000, cpu_seconds=0.5, p99_us=900.0):
    outcome = Outcome(
        requests=requests, seconds=1.0, bytes_read=0, failures=0, p50_us=100.0, p99_us=p99_us, p999_us=2000.0
    )
    return Sample(outcome=outcome, cpu_seconds=cpu_seconds, others_cpu_seconds=0.1)


def test_names_are_unique_and_no_scenario_is_named_like_a_peer():
    names = [*NAMES, *(scenario.name for scenario in SCENARIOS)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_scenario_compares_ours_with_both_nginx(scenario):
    taking_part = {peer.name for peer in PEERS if peer.takes_part_in(scenario)}
    assert {"nginx", "nginx-1.31"} < taking_part
    assert any(name.startswith(OURS_FULL_PATH) for name in taking_part)


def test_what_the_issue_asks_for_is_there():
    acts = {scenario.act for scenario in SCENARIOS}
    transports = {scenario.transport for scenario in SCENARIOS}
    assert acts == set(Act)
    assert transports == set(Transport)
    assert {scenario.connections for scenario in SCENARIOS} == {1, 16, 256}
    assert {scenario.body for scenario in SCENARIOS} == set(Body)
    assert {scenario.token_vaults for scenario in SCENARIOS} == {1, 150}
    assert {scenario.trace for scenario in SCENARIOS} == {"", "00", "01"}
    assert any(scenario.pace is Pace.HALF_OF_OURS for scenario in SCENARIOS)


def test_writes_come_last_since_they_change_what_is_stored():
    acts = [scenario.act for scenario in SCENARIOS]
    assert [act for act, _ in itertools.groupby(acts)][-1] is Act.WRITE
    assert acts.count(Act.WRITE) == len(
        list(itertools.takewhile(lambda act: act is Act.WRITE, reversed(acts)))
    )


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"{claim.scenario}-{claim.ours}-{claim.theirs}")
def test_a_claim_is_about_peers_that_take_part_and_has_one_bound(claim):
    scenario = next(scenario for scenario in SCENARIOS if scenario.name == claim.scenario)
    for name in (claim.ours, claim.theirs):
        assert PEERS[NAMES.index(name)].takes_part_in(scenario)
    assert (claim.at_least > 0) != (claim.at_most < float("inf"))


@pytest.mark.parametrize("peer", PEERS, ids=NAMES)
def test_every_template_of_a_peer_renders_without_a_mark_left(peer):
    rendered = [SITE.render(part) for part in (*peer.command, *peer.version, *peer.environment.values())]
    if peer.config:
        rendered.append(SITE.render((CONFIG / peer.config).read_text()))
    assert not [text for text in rendered if "@{" in text]


def test_every_configuration_belongs_to_a_peer():
    assert {path.name for path in CONFIG.iterdir()} == {peer.config for peer in PEERS if peer.config}


@pytest.mark.parametrize("name", [OURS, OURS_FULL_PATH])
def test_our_settings_are_settings_with_every_feature_on(name, tmp_path):
    peer, site = PEERS[NAMES.index(name)], replace(SITE, directory=str(tmp_path))
    environ = {
        key: site.render(value) for key, value in peer.environment.items() if "EXPRESS_LANE" not in key
    }
    settings = load(None, environ)
    assert (settings.limits.mode, settings.audit.output, settings.log.level) == ("enforce", "file", "info")


def test_a_hit_without_one_of_our_fields_is_none():
    ours = PEERS[NAMES.index(OURS_FULL_PATH)]
    head = "HTTP/1.1 200 OK\r\nAge: 3\r\nCache-Status: x; hit; ttl=5\r\nRateLimit: a\r\n\r\n"
    assert ours.is_hit(head)
    assert not ours.is_hit(head.replace("RateLimit", "Ratelimits"))
    assert not ours.is_hit(head.replace("hit", "fwd=uri-miss"))


def test_the_lane_takes_part_only_where_the_checkout_has_it():
    without = plan_of(parsed([]), has_lane=False)
    assert not WITH_LANE & {peer.name for peer in without.peers}
    assert {peer.name for peer in plan_of(parsed([]), has_lane=True).peers} > WITH_LANE


def test_quick_and_only_leave_out_the_rest():
    quick = plan_of(parsed(["--quick"]), has_lane=True)
    assert {scenario.name for scenario in quick.scenarios} >= {"hit", "miss", "write", "hit-steady"}
    assert len(quick.scenarios) < len(SCENARIOS)
    only = plan_of(parsed(["--only", "hit-tls", "--only", "nginx"]), has_lane=True)
    assert ([s.name for s in only.scenarios], [p.name for p in only.peers]) == (["hit-tls"], ["nginx"])


@pytest.mark.parametrize("size", sorted(BODY_BYTES))
def test_an_item_is_json_of_its_size_with_the_mark_of_the_token(size):
    octets = item(vault_name(3), item_name(size, 7), token_mark("Bearer a"), 12)
    assert len(octets) == BODY_BYTES[size]
    assert json.loads(octets)["fields"][0]["value"] == token_mark("Bearer a") != token_mark("Bearer b")


def test_the_origin_answers_a_write_with_the_version_before_and_lists_the_one_after():
    origin, vault, name = Origin(), vault_name(0), item_name("s", 0)
    target = f"/v1/vaults/{vault}/items/{name}"
    assert json.loads(origin.answer("PUT", target, "t"))["version"] == 1
    assert json.loads(origin.answer("GET", target, "t"))["version"] == 2
    listed = json.loads(origin.answer("GET", f"/v1/vaults/{vault}/items", "t"))
    assert {entry["id"]: entry["version"] for entry in listed}[name] == 2


def test_the_head_is_one_that_the_sdk_sends():
    head = recorded_head()
    assert head.startswith("GET {path} HTTP/1.1\r\nHost: {host}\r\n")
    assert "\r\nAuthorization: Bearer {token}\r\n" in head
    assert not head.endswith("\r\n\r\n")


def test_ratios_are_of_processor_time_and_a_peer_found_wanting_has_none():
    results = Results()
    results.of("hit", OURS).samples.append(sample(requests=3000))
    results.of("hit", "nginx").samples.append(sample(requests=1000))
    claim = Claim(scenario="hit", theirs="nginx", at_least=1.5)
    assert claim.ratio(results) == pytest.approx(3)
    assert claim.holds(3)
    assert not claim.holds(1.4)
    results.of("hit", "nginx").refused = "a wrong body"
    assert claim.ratio(results) is None
    slower = Claim(scenario="hit", theirs="nginx", measure=Measure.P99, at_most=1)
    assert slower.ratio(results) is None


@pytest.mark.parametrize(("at_origin", "is_filled"), [(0, True), (500, False)])
def test_who_still_asks_the_origin_after_all_runs_is_not_measured(monkeypatch, at_origin, is_filled):
    asked = []

    def counted(_bench, _scenario, _member, seconds, _rate, *, run):
        asked.append((seconds, run))
        return sample(requests=1000).outcome, at_origin

    monkeypatch.setattr(Bench, "_counted", counted)
    monkeypatch.setattr(rounds, "_PASSES", 0.1)  # two runs of 1,000 are enough
    peer = next(peer for peer in PEERS if peer.name == OURS)
    hit = next(scenario for scenario in SCENARIOS if scenario.name == "hit")
    member = Member(
        peer=peer, site=SITE, process=None, at_rest_bytes=0, version="", settled_at=time.monotonic()
    )
    bench = Bench(crew=None, load=None, plan=Plan(peers=(peer,), scenarios=(hit,), rounds=1, seconds=1))
    with nullcontext() if is_filled else pytest.raises(CheckError, match="500 of the last run's"):
        bench._fill(hit, member)
    assert len(asked) == (2 if is_filled else len(rounds._FILLING_SECONDS))
    assert {run for _, run in asked} == {FILLING}


def test_the_page_says_where_we_lose_and_who_was_not_measured():
    results = Results()
    for name, requests in ((OURS_FULL_PATH, 500), ("nginx", 2000), ("straightforward", 1000)):
        results.figures["hit", name] = Figures(samples=[sample(requests=requests)])
        results.memory[name] = Memory(at_rest_bytes=2**20, filled_bytes=2**21, tmpfs_bytes=0, scenario="hit")
    results.of("hit", "varnish").refused = "varnish: no hit"
    circumstances = Circumstances(
        date="today", command="make bench", revision="abc", seconds=60, loads=("0.1", "2.0")
    )
    page = render(results, plan_of(parsed(["--only", "hit"]), has_lane=False), circumstances)
    assert re.search(
        r"\| hit \| sidecar-full-path \| straightforward \| .* \| at least 1.3 \| 0.50 \| \*\*missed\*\* \|",
        page,
    )
    assert "- varnish: no figures: varnish: no hit" in page
    assert "no express lane in this checkout" in page


def test_the_numbers_of_items_and_tokens_are_the_same_in_lua():
    told = re.search(r"local ITEMS, TOKENS = (\d+), (\d+)", (CONFIG.parent / "load.lua").read_text())
    assert (int(told[1]), int(told[2])) == (ITEMS, TOKENS)
