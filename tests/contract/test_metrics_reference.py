"""docs/metrics.md, the declarations and what is scraped say the same, each way."""

import re
from pathlib import Path
from typing import get_args

import pytest

from proxy.adapters.metrics.family import PREFIX, Kind
from proxy.adapters.metrics.reference import FAMILIES, merged
from proxy.exchange.events import Event
from proxy.exchange.spans import SpanEnded
from tests.support.metric_events import make_metrics, one_of_each, scraped

PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
BY_NAME = {family.full_name: family for family in FAMILIES}


@pytest.fixture(scope="module")
def samples():
    """Everything that is scraped once everything has happened."""
    metrics = make_metrics()
    for event in one_of_each():
        metrics.notify(event)
    return scraped(metrics).samples


def family_of(sample):
    bare = re.sub(r"_(bucket|sum|count)$", "", sample.name)
    known = BY_NAME.get(bare)
    return known if known is not None and known.kind is Kind.HISTOGRAM else BY_NAME.get(sample.name)


def test_the_page_is_as_the_code_renders_it():
    page = PAGE.read_text()
    assert page == merged(page), "run `make docs`"


def test_every_metric_is_on_the_page_once_and_nothing_else_is():
    rows = re.findall(r"^\| `(connect_sidecar_\w+)` \|", PAGE.read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(BY_NAME)


def test_what_is_scraped_is_what_is_declared():
    assert {PREFIX + family.name for family in FAMILIES} == BY_NAME.keys(), "no name twice"
    assert len(FAMILIES) == len(BY_NAME)


def test_every_declared_metric_is_scraped_and_no_other(samples):
    assert {sample.name for sample in samples if family_of(sample) is None} == set()
    assert BY_NAME.keys() - {family_of(sample).full_name for sample in samples} == set()


def test_every_series_has_the_declared_labels(samples):
    for sample in samples:
        family = family_of(sample)
        bucket = {"le"} if sample.name.endswith("_bucket") else set()
        assert set(sample.labels) == {label.name for label in family.labels} | bucket, sample.name


def test_closed_labels_have_declared_words_and_each_word_can_occur(samples):
    seen = {}
    for sample in samples:
        for label in family_of(sample).labels:
            seen.setdefault((family_of(sample).full_name, label), set()).add(sample.labels[label.name])
    for (name, label), words in seen.items():
        if label.words:
            assert words <= set(label.words), name
    never = {
        (name, word)
        for (name, label), words in seen.items()
        for word in set(label.words) - words
        # This test has one outage, and asks for one kind of resource.
        if label.name != "resource" and name != "connect_sidecar_upstream_breaker_openings_total"
    }
    assert never == set()


def test_every_kind_of_event_takes_part_in_this_test():
    assert {type(event) for event in one_of_each()} == set(get_args(Event)) - {SpanEnded}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_metric_has_a_name_by_its_kind_and_tells_something(family):
    assert (family.kind is Kind.COUNTER) == family.name.endswith("_total")
    assert (family.kind is Kind.INFO) == family.name.endswith("_info")
    assert re.fullmatch(r"[a-z][a-z0-9_]+", family.name)
    assert len(family.tells) > 15
    assert family.tells.endswith(".")
    for label in family.labels:
        assert bool(label.words) != bool(label.bounded), "closed words, or what keeps them few"
