"""Every query of every board, asked of a real Prometheus after a short day of two real sidecars with every fault."""

from pathlib import Path

import pytest

from tests.support.boards import queries
from tests.support.prometheus import QueryError, prometheus
from tests.support.scripted_load import play, stage

pytestmark = [pytest.mark.system, pytest.mark.slow]

PLAY_SECONDS = 40
WINDOW = "5s"
KINDS = ("hit", "stale", "shared request", "from Connect", "Connect's error", "our error", "limited")
NEVER_ASKED = "refused"
"""The play has no client that asks for what no client may."""


async def values_of(asked, running, began, ended):
    """Return every value that a query has had, by the labels it came with."""
    query = asked.filled_in(window=WINDOW, shown=f"{int(ended - began) + 1}s")
    if asked.is_instant:
        return {tuple(sorted(s.labels.items())): [s.value] for s in await running.query(query, at=ended)}
    series = await running.query_range(query, start=began, end=ended)
    return {
        tuple(sorted(one["metric"].items())): [float(value) for _, value in one["values"]] for one in series
    }


async def test_every_query_of_every_board_has_an_answer_on_a_real_prometheus(tmp_path: Path):
    async with stage(tmp_path) as world, prometheus(world.targets, tmp_path) as running:
        moments = await play(world, seconds=PLAY_SECONDS)
        await running.everything_is_scraped()
        began, ended = moments[0].began, moments[-1].ended
        answers, refused = {}, []
        for asked in queries():
            try:
                answers[asked] = await values_of(asked, running, began, ended)
            except QueryError as error:
                refused.append(str(error))
    assert refused == []
    assert [asked.name for asked, found in answers.items() if not any(found.values())] == []
    kinds = {
        asked.legend: max(max(values) for values in found.values())
        for asked, found in answers.items()
        if asked.whose == "How are clients answered?"
    }
    assert tuple(kinds) == (*KINDS, NEVER_ASKED)
    assert [kind for kind, most in kinds.items() if most == 0] == [NEVER_ASKED]
