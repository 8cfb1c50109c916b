"""What all panels have in common: none can be made without its question, what good looks like, a unit and a page.

They are Grafana's own types, by its foundation SDK; `figures`, `graphs` and `rankings` are the three kinds we use.
This module and those three know no metric.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from grafana_foundation_sdk.builders import dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
)

from dashboards.colours import Colour
from dashboards.pages import Page

PROMETHEUS = DataSourceRef(type_val="prometheus", uid="${datasource}")


class Unit(StrEnum):
    """Grafana's names of units."""

    COUNT = "short"
    PERCENT = "percent"
    SECONDS = "s"
    BYTES = "bytes"
    PER_SECOND = "reqps"
    ANSWERS_PER_SECOND = "suffix:/s"
    PER_MINUTE = "suffix:/min"
    WRITES_PER_SECOND = "wps"
    CORES = "none"


Panel = stat.Panel | timeseries.Panel | table.Panel
"""What a board is made of: the SDK's builders, which have no type in common."""


Steps = Sequence[tuple[float, Colour]]
"""From which value on which colour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a reader is told: the question as title, what is shown and what good looks like, and where to read on."""

    question: str
    shows: str
    good: str
    page: Page

    @property
    def description(self) -> str:
        """What Grafana shows behind the "i"."""
        return f"{self.shows}\n\n**Good:** {self.good}\n\n[{self.page.words}]({self.page.url})"

    @property
    def link(self) -> dashboard.DashboardLink:
        """What stands in the panel's menu."""
        link = dashboard.DashboardLink(self.page.words).type(DashboardLinkType.LINK)
        return link.url(self.page.url).target_blank(target_blank=True)


def query_of(letter: str, query: str, legend: str) -> prometheus.Dataquery:
    """Return one query of a panel. Buckets have exemplars: dots on the graph that lead to the trace of a request."""
    asked = prometheus.Dataquery().ref_id(letter).expr(query).legend_format(legend).datasource(PROMETHEUS)
    return asked.exemplar(exemplar=True) if "_bucket{" in query else asked


def letter(number: int) -> str:
    """Return what Grafana calls a panel's query: A, B, C."""
    return chr(ord("A") + number)


def thresholds_of(base: Colour, steps: Steps) -> dashboard.ThresholdsConfig:
    """Return `base`, and from each step's value on its colour."""
    reached = [Threshold(value=None, color=base)]
    reached += [Threshold(value=value, color=colour) for value, colour in steps]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(reached)
