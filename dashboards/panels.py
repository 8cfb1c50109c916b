"""Three kinds of panel, none of which can be made without its question, what good looks like, a unit and a page.

A figure says one number, a graph shows lines over time, a ranking lists the worst. They are Grafana's own types, by its
foundation SDK; what all of ours have in common is decided here and nowhere else. This module knows no metric.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from grafana_foundation_sdk.builders import common as options
from grafana_foundation_sdk.builders import dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.models import common as grafana
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

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
    EVENTS_PER_SECOND = "cps"
    TIMES = "none"


Panel = stat.Panel | timeseries.Panel | table.Panel
"""What a board is made of: the SDK's builders, which have no type in common."""


class Stroke(StrEnum):
    """How a line is drawn: what was measured, or a bound that it is to be compared with."""

    MEASURED = "solid"
    BOUND = "dash"


class Axis(StrEnum):
    """How values are spread over the height."""

    LINEAR = "linear"
    WIDE = "symlog"  # from a millisecond to hours, and 0 has its place


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One query of a graph. `legend` may name labels: `{{pod}}`; `unit` is for the axis on the right."""

    legend: str
    query: str
    colour: Colour | None = None
    stroke: Stroke = Stroke.MEASURED
    right_axis: Unit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One query of a ranking, and the heading of its numbers."""

    heading: str
    query: str
    unit: Unit
    steps: Sequence[tuple[float, Colour]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A column whose cells lead elsewhere; `url` may name a column: `${__data.fields.Workload}`."""

    heading: str
    url: str


class Says(StrEnum):
    """What a figure shows large."""

    VALUE = "value"
    NAME = "name"  # the legend, in the colour of the value
    BOTH = "value_and_name"


def figure(
    about: About,
    query: str,
    *,
    unit: Unit,
    steps: Sequence[tuple[float, Colour]],
    base: Colour = Colour.GOOD,
    legend: str = "",
    says: Says = Says.VALUE,
    if_none: str = "0",
    decimals: int | None = None,
) -> Panel:
    """Return one number, coloured by `base` or the highest of `steps` it has reached.

    What says a name has no history: its labels change, and every change would be a number of its own.
    """
    has_history = says is Says.VALUE
    asked = _query("A", query, legend or about.question)
    panel = (
        stat.Panel()
        .title(about.question)
        .description(about.description)
        .links([about.link])
        .datasource(PROMETHEUS)
        .with_target(asked.range() if has_history else asked.instant())
        .unit(unit)
        .thresholds(_thresholds(base, steps))
        .color_scheme(dashboard.FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .no_value(if_none)
        .color_mode(grafana.BigValueColorMode.VALUE)
        .graph_mode(grafana.BigValueGraphMode.AREA if has_history else grafana.BigValueGraphMode.NONE)
        .text_mode(grafana.BigValueTextMode(says.value))
        .justify_mode(grafana.BigValueJustifyMode.CENTER)
        .reduce_options(options.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False))
    )
    return panel if decimals is None else panel.decimals(decimals)


def graph(
    about: About,
    *lines: Line,
    unit: Unit,
    stacked: bool = False,
    axis: Axis = Axis.LINEAR,
    words: Iterable[tuple[str, Colour]] = (),
) -> Panel:
    """Return lines over time, each with its last and its greatest value in the legend.

    `words` colours series that a legend's labels name. Bounds are never part of a stack.
    """
    panel = (
        timeseries.Panel()
        .title(about.question)
        .description(about.description)
        .links([about.link])
        .datasource(PROMETHEUS)
        .unit(unit)
        .min(0)
        .no_value("0")
        .color_scheme(dashboard.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .thresholds(_thresholds(Colour.GOOD, ()))
        .line_width(1 if stacked else 2)
        .fill_opacity(70 if stacked else 0)
        .show_points(grafana.VisibilityMode.NEVER)
        .axis_soft_max(1)
        .scale_distribution(_scale(axis))
        .stacking(_stacking(grafana.StackingMode.NORMAL if stacked else grafana.StackingMode.NONE))
        .legend(_legend())
        .tooltip(
            options.VizTooltipOptions()
            .mode(grafana.TooltipDisplayMode.MULTI)
            .sort(grafana.SortOrder.DESCENDING)
        )
    )
    for number, line in enumerate(lines):
        panel = panel.with_target(_query(_letter(number), line.query, line.legend).range())
        properties = _drawn(line)
        if properties:
            panel = panel.override_by_query(_letter(number), properties)
    for word, colour in words:
        panel = panel.override_by_name(word, [_colour(colour)])
    return panel


def ranking(
    about: About, *, labels: Sequence[tuple[str, str]], columns: Sequence[Column], links: Sequence[Link] = ()
) -> Panel:
    """Return a table: a row for each value of the labels (name and heading), worst first by the first column."""
    panel = (
        table.Panel()
        .title(about.question)
        .description(about.description)
        .links([about.link])
        .datasource(PROMETHEUS)
        .no_value("0")
        .color_scheme(dashboard.FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .thresholds(_thresholds(Colour.QUIET, ()))
        .cell_height(grafana.TableCellHeight.SM)
        .sort_by([options.TableSortByFieldState().display_name(columns[0].heading).desc(desc=True)])
    )
    headings = dict(labels)
    for number, column in enumerate(columns):
        query = column.query
        if number == 0:
            for link in links:
                query = f'label_replace({query}, "{link.heading.lower()}", "open", "", "")'
        asked = _query(_letter(number), query, "").instant().format(PromQueryFormat.TABLE)
        panel = panel.with_target(asked).override_by_name(column.heading, _cells(column))
        headings[f"Value #{_letter(number)}" if len(columns) > 1 else "Value"] = column.heading
    for link in links:
        headings[link.heading.lower()] = link.heading
        panel = panel.override_by_name(link.heading, _leading(link))
    return panel.with_transformation(DataTransformerConfig(id_val="merge", options={})).with_transformation(
        DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": {"Time": True},
                "indexByName": {name: place for place, name in enumerate(headings)},
                "renameByName": headings,
            },
        )
    )


def _query(letter: str, query: str, legend: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().ref_id(letter).expr(query).legend_format(legend).datasource(PROMETHEUS)


def _letter(number: int) -> str:
    return chr(ord("A") + number)


def _thresholds(base: Colour, steps: Sequence[tuple[float, Colour]]) -> dashboard.ThresholdsConfig:
    reached = [Threshold(value=None, color=base)]
    reached += [Threshold(value=value, color=colour) for value, colour in steps]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(reached)


def _legend() -> options.VizLegendOptions:
    return (
        options.VizLegendOptions()
        .show_legend(show_legend=True)
        .display_mode(grafana.LegendDisplayMode.TABLE)
        .placement(grafana.LegendPlacement.RIGHT)
        .calcs(["lastNotNull", "max"])
    )


def _scale(axis: Axis) -> options.ScaleDistributionConfig:
    scale = options.ScaleDistributionConfig().type(grafana.ScaleDistribution(axis.value))
    return scale if axis is Axis.LINEAR else scale.log(10).linear_threshold(0.001)


def _stacking(mode: grafana.StackingMode) -> options.StackingConfig:
    return options.StackingConfig().mode(mode).group("A")


def _colour(colour: Colour) -> DynamicConfigValue:
    return DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": colour.value})


def _drawn(line: Line) -> list[DynamicConfigValue]:
    properties = [] if line.colour is None else [_colour(line.colour)]
    if line.stroke is Stroke.BOUND:
        properties += [
            DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [8, 8]}),
            DynamicConfigValue(id_val="custom.stacking", value={"mode": "none", "group": "bounds"}),
            DynamicConfigValue(id_val="custom.fillOpacity", value=0),
            DynamicConfigValue(id_val="custom.lineWidth", value=2),
        ]
    if line.right_axis is not None:
        properties += [
            DynamicConfigValue(id_val="unit", value=line.right_axis.value),
            DynamicConfigValue(id_val="custom.axisPlacement", value="right"),
        ]
    return properties


def _cells(column: Column) -> list[DynamicConfigValue]:
    properties = [DynamicConfigValue(id_val="unit", value=column.unit.value)]
    if column.steps:
        properties += [
            DynamicConfigValue(id_val="thresholds", value=_thresholds(Colour.GOOD, column.steps).build()),
            DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"}),
        ]
    return properties


def _leading(link: Link) -> list[DynamicConfigValue]:
    url = {"title": link.heading, "url": link.url, "targetBlank": True}
    return [
        DynamicConfigValue(id_val="links", value=[url]),
        DynamicConfigValue(id_val="custom.width", value=90),
    ]
