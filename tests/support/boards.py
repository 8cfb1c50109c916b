"""The dashboards as Grafana gets them, and their queries as Prometheus does: with the variables filled in."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dashboards.render import BOARDS

EVERYTHING = {"$namespace": ".*", "$workload": ".*", "$pod": ".*"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One query of a board: whose (panel or mark), its words in the legend, and how it is asked."""

    board: str
    whose: str
    legend: str
    query: str
    is_instant: bool
    is_mark: bool = False
    has_exemplars: bool = False

    @property
    def name(self) -> str:
        """Which one it is, for a failing test."""
        return f"{self.board}: {self.whose} [{self.legend}]"

    def filled_in(self, *, window: str, shown: str) -> str:
        """Return what Grafana sends: all of everything, for a rate window and a time range."""
        query = self.query
        for variable, value in {**EVERYTHING, "$__rate_interval": window, "$__range": shown}.items():
            query = query.replace(variable, value)
        return query


def boards() -> Mapping[str, dict[str, Any]]:
    """Return each board's JSON by the name of its file."""
    return {name: json.loads(render()) for name, render in BOARDS.items()}


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every panel that shows something, with its board."""
    for name, board in boards().items():
        yield from ((name, panel) for panel in board["panels"] if panel["type"] != "row")


def queries() -> Iterator[Asked]:
    """Yield every query of every board."""
    for name, panel in panels():
        for target in panel["targets"]:
            yield Asked(
                board=name,
                whose=panel["title"],
                legend=target["legendFormat"] or target["refId"],
                query=target["expr"],
                is_instant=target["instant"],
                has_exemplars=target.get("exemplar", False),
            )
    for name, board in boards().items():
        for mark in board["annotations"]["list"]:
            yield Asked(
                board=name,
                whose=mark["name"],
                legend=mark["titleFormat"],
                query=mark["expr"],
                is_instant=False,
                is_mark=True,
            )
