"""Every query of every board, asked of a real Prometheus: on a quiet night, and after a day with every fault."""

import re

import pytest

from tests.support.boards import boards, queries
from tests.support.prometheus import QueryError, prometheus
from tests.support.scripted_load import stage

pytestmark = [pytest.mark.system, pytest.mark.slow]

WINDOW = "5s"
KINDS = {
    "hit",
    "stale",
    "shared request",
    "from Connect",
    "Connect's error",
    "our error",
    "limited",
    "refused",
}
ABOUT_TOKENS = {"Which token expires first?", "How is each token doing?"}
ABOUT_REQUESTS = {"Who gets the most errors?"}


async def values_of(asked, running, began, ended):
    """Return every value that a query has had, by the labels it came with. A query that is refused raises."""
    query = asked.filled_in(window=WINDOW, shown=f"{int(ended - began) + 1}s")
    if asked.is_instant:
        samples = await running.query(query, at=ended)
        return {tuple(sorted(sample.labels.items())): [sample.value] for sample in samples}
    series = await running.query_range(query, start=began, end=ended)
    return {
        tuple(sorted(one["metric"].items())): [float(value) for _, value in one["values"]] for one in series
    }


async def answers_of(running, began, ended):
    """Ask every query; return the values of each, and what Prometheus refused."""
    answers, refused = {}, []
    for asked in queries():
        try:
            answers[asked] = await values_of(asked, running, began, ended)
            if asked.has_exemplars:
                query = asked.filled_in(window=WINDOW, shown=WINDOW)
                await running.get("query_exemplars", query=query, start=str(began), end=str(ended))
        except QueryError as error:
            refused.append(str(error))
    return answers, refused


@pytest.mark.asyncio(loop_scope="session")
async def test_every_query_of_every_board_has_an_answer_after_a_day_with_every_fault(played):
    answers, refused = await answers_of(played.prometheus, played.began, played.ended)
    choices = await choices_of(played.prometheus)
    assert refused == []
    assert [asked.name for asked, found in answers.items() if not any(found.values())] == []
    happened = {
        asked.legend
        for asked, found in answers.items()
        if asked.whose == "How are clients answered?" and max(map(max, found.values())) > 0
    }
    assert happened == KINDS
    assert choices == {
        "namespace": {"shop"},
        "workload": {"connect-sidecar", "billing"},
        "pod": {target.pod for target in played.stage.targets},
    }


async def test_a_panel_says_0_while_nobody_asks_for_anything(tmp_path):
    async with stage(tmp_path) as world, prometheus(world.targets, tmp_path) as running:
        await running.wait_for(f"count(connect_sidecar_build_info) == {len(world.targets)}")
        began = await running.now()
        await running.everything_is_scraped()
        answers, refused = await answers_of(running, began, await running.now())
    assert refused == []
    silent = {
        asked.whose for asked, found in answers.items() if not asked.is_mark and not any(found.values())
    }
    assert silent <= ABOUT_TOKENS | ABOUT_REQUESTS  # there is none yet: these say so in words


async def choices_of(running):
    """Return what one can choose above the boards, as Grafana asks for it."""
    variables = [entry for board in boards().values() for entry in board["templating"]["list"]]
    found = {}
    for variable in variables:
        if variable["type"] == "query":
            query = re.sub(r"\$\w+", ".*", variable["query"])
            selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", query).groups()
            found[variable["name"]] = {labels[label] for labels in await running.series(selector)}
    return found
