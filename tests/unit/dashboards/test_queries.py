"""Every query of the boards is PromQL, and asks for nothing that docs/metrics.md doesn't have."""

import re

import promql_parser
import pytest

from tests.support.boards import queries
from tests.support.metrics_page import documented

ASKED = list(queries())
OF_TARGETS = {"namespace", "workload", "pod", "job", "instance"}
MOST_LINES = 10


def parsed(asked):
    return promql_parser.parse(asked.filled_in(window="1m", shown="3h"))


def nodes(asked, kind):
    found = []
    promql_parser.walk(parsed(asked), found.append)
    return [node for node in found if isinstance(node, kind)]


def selectors(asked):
    return nodes(asked, promql_parser.VectorSelector)


def made_by_functions(asked):
    """Return the labels that a query makes up itself."""
    return set(re.findall(r'label_replace\(.*?, "(\w+)", "', asked.query)) | set(
        re.findall(r'count_values ?\("(\w+)"', asked.query)
    )


def labels_of(asked):
    known = documented()
    return OF_TARGETS.union(*(known[selector.name].labels for selector in selectors(asked)))


def as_id(asked):
    return asked.name


@pytest.mark.parametrize("asked", ASKED, ids=as_id)
def test_a_query_is_promql(asked):
    assert parsed(asked)


@pytest.mark.parametrize("asked", ASKED, ids=as_id)
def test_every_metric_exists(asked):
    assert [selector.name for selector in selectors(asked) if selector.name not in documented()] == []


@pytest.mark.parametrize("asked", ASKED, ids=as_id)
def test_every_label_exists_and_may_say_what_is_asked_for(asked):
    for selector in selectors(asked):
        labels = documented()[selector.name].labels
        for matcher in selector.matchers.matchers:
            if matcher.name in OF_TARGETS:
                continue
            assert matcher.name in labels
            words = labels[matcher.name]
            for alternative in matcher.value.split("|"):
                assert not words or any(re.fullmatch(alternative, word) for word in words), matcher


@pytest.mark.parametrize("asked", ASKED, ids=as_id)
def test_sums_and_legends_name_labels_that_exist(asked):
    grouped = {
        label
        for node in nodes(asked, promql_parser.AggregateExpr)
        if node.modifier
        for label in node.modifier.labels
    }
    named = set(re.findall(r"\{\{(\w+)\}\}", asked.legend))
    assert grouped | named <= labels_of(asked) | made_by_functions(asked)


@pytest.mark.parametrize("asked", ASKED, ids=as_id)
def test_only_what_is_chosen_above_the_board_is_asked_for(asked):
    chosen = {"namespace": "$namespace", "workload": "$workload", "pod": "$pod"}
    for selector in nodes_as_written(asked):
        matchers = {matcher.name: matcher.value for matcher in selector.matchers.matchers}
        assert chosen.items() <= matchers.items()


def nodes_as_written(asked):
    """Return the selectors with the variables in them: they stand in strings only, or for durations."""
    query = asked.query.replace("$__rate_interval", "1m").replace("$__range", "3h")
    found = []
    promql_parser.walk(promql_parser.parse(query), found.append)
    return [node for node in found if isinstance(node, promql_parser.VectorSelector)]


@pytest.mark.parametrize("asked", ASKED, ids=as_id)
def test_counters_are_asked_for_their_rise_and_gauges_for_their_value(asked):
    rising = {
        node.vector_selector.name
        for call in nodes(asked, promql_parser.Call)
        if call.func.name in {"rate", "increase"}
        for node in call.args
        if isinstance(node, promql_parser.MatrixSelector)
    }
    counters = {
        selector.name for selector in selectors(asked) if documented()[selector.name].kind == "counter"
    }
    # What is counted from its first event on is compared with a while ago.
    compared = {selector.name for selector in selectors(asked) if selector.offset}
    assert rising | (compared & counters) == counters


@pytest.mark.parametrize("label", ["pod", "token"])
def test_what_grows_with_the_fleet_is_cut_to_the_worst_few(label):
    for asked in ASKED:
        by_label = [
            node
            for node in nodes(asked, promql_parser.AggregateExpr)
            if node.modifier and label in node.modifier.labels
        ]
        if by_label:
            kept = re.findall(r"(?:topk|bottomk) ?\((\d+),", asked.query)
            assert kept, asked.name
            assert asked.is_instant or int(kept[0]) <= MOST_LINES
