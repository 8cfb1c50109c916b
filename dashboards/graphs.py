"""Lines over time."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from grafana_foundation_sdk.builders import common as options
from grafana_foundation_sdk.builders import dashboard, timeseries
from grafana_foundation_sdk.models import common as grafana
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, FieldColorModeId

from dashboards.colours import Colour
from dashboards.panels import PROMETHEUS, About, Panel, Unit, letter, query_of, thresholds_of
from dashboards.promql import POD_NAME

_LEAST_TOP = {
    Unit.COUNT: 1.0,
    Unit.PER_MINUTE: 1.0,
    Unit.PER_SECOND: 0.1,
    Unit.ANSWERS_PER_SECOND: 0.1,
    Unit.WRITES_PER_SECOND: 0.1,
}
"""Where an axis ends at least: where nothing happens, Grafana's own would go to 100."""
_NAMES = (POD_NAME, "{{token}}", "{{version}}")
"""Legends that may say anything."""


class Stroke(StrEnum):
    """How a line is drawn: what was measured, or a bound that it is to be compared with."""

    MEASURED = "solid"
    STEPS = "steps"  # a number of things: it jumps
    BOUND = "dash"


class Shape(StrEnum):
    """What lines make of each other."""

    LINES = "none"
    STACK = "normal"  # parts of a whole; bounds are never among them


class Legend(StrEnum):
    """Where names stand."""

    BELOW = "bottom"
    BESIDE = "right"  # with the last and the greatest value of each; takes half of a narrow panel


@dataclass(frozen=True, slots=True, kw_only=True)
class Tens:
    """An axis on which each step is ten times the one before: for what lies between a millisecond and hours.

    Below `least` nothing is drawn; the legend says 0.
    """

    least: float
    most: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One query of a graph. `legend` may name labels: `{{pod}}`; `right_axis` is the unit of an axis of its own."""

    legend: str
    query: str
    colour: Colour | None = None
    stroke: Stroke = Stroke.MEASURED
    right_axis: Unit | None = None


def graph(
    about: About,
    *lines: Line,
    unit: Unit,
    shape: Shape = Shape.LINES,
    axis: Tens | None = None,
    legend: Legend = Legend.BELOW,
    words: Iterable[tuple[str, Colour]] = (),
) -> Panel:
    """Return lines over time. `words` colours series that labels name."""
    is_stack = shape is Shape.STACK
    panel = (
        timeseries.Panel()
        .title(about.question)
        .description(about.description)
        .links([about.link])
        .datasource(PROMETHEUS)
        .unit(unit)
        .min(0 if axis is None else axis.least)
        .no_value("0")
        .color_scheme(dashboard.FieldColor().mode(_palette(lines)))
        .thresholds(thresholds_of(Colour.GOOD, ()))
        .line_width(1 if is_stack else 2)
        .fill_opacity(70 if is_stack else 0)
        .show_points(grafana.VisibilityMode.NEVER)
        .stacking(options.StackingConfig().mode(grafana.StackingMode(shape.value)).group("A"))
        .legend(_legend(legend))
        .tooltip(
            options.VizTooltipOptions()
            .mode(grafana.TooltipDisplayMode.MULTI)
            .sort(grafana.SortOrder.DESCENDING)
        )
    )
    if axis is not None:
        tens = options.ScaleDistributionConfig().type(grafana.ScaleDistribution.LOG).log(10)
        panel = panel.scale_distribution(tens)
        panel = panel if axis.most is None else panel.max(axis.most)
    if unit in _LEAST_TOP:
        panel = panel.axis_soft_max(_LEAST_TOP[unit])
    for number, line in enumerate(lines):
        panel = panel.with_target(query_of(letter(number), line.query, line.legend).range())
        properties = _drawn(line)
        if properties:
            panel = panel.override_by_query(letter(number), properties)
    for word, colour in words:
        panel = panel.override_by_name(word, [_colour(colour)])
    return panel


def _palette(lines: Iterable[Line]) -> FieldColorModeId:
    """Closed words keep their colour from panel to panel; of names there are too many, so neighbours differ."""
    is_open = any(label in line.legend for line in lines for label in _NAMES)
    return FieldColorModeId.PALETTE_CLASSIC if is_open else FieldColorModeId.PALETTE_CLASSIC_BY_NAME


def _legend(place: Legend) -> options.VizLegendOptions:
    names = (
        options.VizLegendOptions()
        .show_legend(show_legend=True)
        .placement(grafana.LegendPlacement(place.value))
    )
    match place:
        case Legend.BELOW:
            return names.display_mode(grafana.LegendDisplayMode.LIST)
        case Legend.BESIDE:
            return names.display_mode(grafana.LegendDisplayMode.TABLE).calcs(["lastNotNull", "max"])
        case _:
            assert_never(place)


def _colour(colour: Colour) -> DynamicConfigValue:
    return DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": colour.value})


def _drawn(line: Line) -> list[DynamicConfigValue]:
    properties = [] if line.colour is None else [_colour(line.colour)]
    if line.stroke is Stroke.STEPS:
        properties += [
            DynamicConfigValue(id_val="custom.lineInterpolation", value="stepAfter"),
            DynamicConfigValue(id_val="custom.lineWidth", value=1),
            DynamicConfigValue(id_val="custom.fillOpacity", value=30),
        ]
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
