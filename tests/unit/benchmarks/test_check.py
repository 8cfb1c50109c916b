"""Whose answers are not right is not measured: a real process that gives everybody the same, looked at."""

import sys
from dataclasses import replace

import pytest

from benchmarks.peers.check import CheckError, check_answers, check_outcome
from benchmarks.peers.heads import write_heads
from benchmarks.peers.load import Outcome
from benchmarks.peers.peers import PEERS
from benchmarks.peers.processes import start
from benchmarks.peers.scenarios import SCENARIOS, Act, Transport
from benchmarks.peers.site import Site, free_ports

CONSTANT = next(peer for peer in PEERS if peer.name == "constant")
HIT = SCENARIOS[0]
MISS = next(scenario for scenario in SCENARIOS if scenario.act is Act.MISS)
OUTCOME = Outcome(requests=1000, seconds=1, bytes_read=2_000_000, failures=0, p50_us=1, p99_us=1, p999_us=1)


@pytest.fixture
def site(tmp_path):
    (port,) = free_ports(1)
    site = Site(
        directory=str(tmp_path),
        socket=str(tmp_path / "s"),
        port=port,
        tls_port=0,
        spare_port=0,
        origin_port=0,
        fresh_origin_port=0,
        authority="",
        certificate="",
        key="",
        certificate_and_key="",
    )
    command = [sys.executable, *(site.render(part) for part in CONSTANT.command[1:])]
    running = start("constant", command, cpu=0, directory=tmp_path, port=port)
    yield site
    running.stop()


@pytest.mark.parametrize("transport", [Transport.TCP, Transport.UNIX])
def test_the_ceiling_answers_on_all_it_takes_part_in(site, tmp_path, transport):
    check_answers(CONSTANT, replace(HIT, transport=transport), site, write_heads(tmp_path, {1}))


def test_who_answers_the_same_to_everybody_is_found_out(site, tmp_path):
    heads = write_heads(tmp_path, {1})
    check_answers(CONSTANT, HIT, site, heads)
    with pytest.raises(CheckError, match="not the body of this item for this token"):
        check_answers(replace(CONSTANT, is_honest=True), HIT, site, heads)
    with pytest.raises(CheckError, match="no hit"):
        check_answers(replace(CONSTANT, hit="x-cache: hit"), HIT, site, heads)
    with pytest.raises(CheckError, match="a field is missing"):
        check_answers(replace(CONSTANT, shows=("X-Audit",)), HIT, site, heads)


@pytest.mark.parametrize(
    ("scenario", "outcome", "at_origin"),
    [
        (HIT, replace(OUTCOME, failures=1), 0),
        (HIT, replace(OUTCOME, requests=0), 0),
        (HIT, replace(OUTCOME, bytes_read=1_000_000), 0),
        (HIT, OUTCOME, 11),
        (MISS, OUTCOME, 900),
    ],
    ids=["failures", "no requests", "short answers", "hits at the origin", "misses that were hits"],
)
def test_a_run_that_was_not_what_it_shall_be_counts_for_nothing(scenario, outcome, at_origin):
    nginx = next(peer for peer in PEERS if peer.name == "nginx")
    with pytest.raises(CheckError):
        check_outcome(nginx, scenario, outcome, at_origin)


def test_a_run_that_was_what_it_shall_be_counts():
    nginx = next(peer for peer in PEERS if peer.name == "nginx")
    check_outcome(nginx, HIT, OUTCOME, 3)
    check_outcome(nginx, MISS, OUTCOME, 1000)
