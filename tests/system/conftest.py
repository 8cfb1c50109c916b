"""What several system tests look at: one short day of two sidecars, as one Prometheus saw it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from dashboards.rules import render
from tests.support.prometheus import Prometheus, prometheus
from tests.support.scripted_load import Moment, Stage, play, stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """The day after it is over: ask Prometheus about `ended`, or from `began` on."""

    stage: Stage
    prometheus: Prometheus
    moments: list[Moment]
    began: float
    ended: float


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def played(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Played]:
    """Play once for all tests of the session; they need `pytest.mark.asyncio(loop_scope="session")`."""
    directory: Path = tmp_path_factory.mktemp("played")
    rules = directory / "rules.yaml"
    rules.write_text(render())
    async with (
        stage(directory) as world,
        prometheus(world.targets, directory, rule_files=[rules]) as running,
    ):
        moments = await play(replace(world, has_been_seen=running.everything_is_recorded))
        await running.everything_is_scraped()
        ended = await running.now()
        yield Played(stage=world, prometheus=running, moments=moments, began=moments[0].began, ended=ended)
