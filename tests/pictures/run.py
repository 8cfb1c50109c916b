"""Play the scripted load before a Prometheus, then draw every dashboard from it.

The acts of the load, with calm between them: panels average over up to five minutes, and a graph ought to show things
come and go. No act is stretched that is about haste.
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.prometheus import Prometheus, prometheus
from tests.support.scripted_acts import (
    bad_answers,
    crowd,
    limits,
    operator,
    outage,
    refusals,
    slow_answers,
    steady,
    writes,
)
from tests.support.scripted_load import Acts, play, stage

ROOT = Path(__file__).resolve().parents[2]
RENDERED = ROOT / "dashboards" / "rendered"
DAY: Acts = (
    (steady, 50),
    (writes, 15),
    (crowd, 25),
    (writes, 20),
    (limits, 4),
    (steady, 30),
    (refusals, 20),
    (writes, 15),
    (steady, 30),
    (operator, 16),
    (steady, 40),
    (writes, 15),
    (bad_answers, 12),
    (steady, 30),
    (slow_answers, 25),
    (steady, 20),
    (outage, 60),
    (steady, 30),
    (writes, 15),
    (steady, 40),
)
"""What happens, for how many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One dashboard, drawn or not: what the command said, and its exit code."""

    dashboard: Path
    code: int
    said: str


async def draw_all(dashboards: Sequence[Path], directory: Path) -> list[Picture]:
    """Play the day, and draw each dashboard to a PNG of its name."""
    with TemporaryDirectory() as scratch:
        async with (
            stage(Path(scratch)) as world,
            prometheus(world.targets, Path(scratch), rule_files=sorted(RENDERED.glob("*.yaml"))) as server,
        ):
            moments = await play(world, seconds=sum(seconds for _, seconds in DAY), acts=DAY)
            await server.everything_is_scraped()
            began, ended = moments[0].began, moments[-1].ended
            return [
                await draw(each, directory / f"{each.stem}.png", server, began=began, ended=ended)
                for each in dashboards
            ]


async def draw(dashboard: Path, picture: Path, server: Prometheus, *, began: float, ended: float) -> Picture:
    """Draw one dashboard, by the command that people use."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dashboards.pictures", "--prometheus", server.url),
        *("--dashboard", str(dashboard), "--out", str(picture), "--start", str(began), "--end", str(ended)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return Picture(dashboard=dashboard, code=process.returncode or 0, said=said.decode())
