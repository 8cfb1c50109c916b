"""Lines over time, beside a legend that says what each is now and was at most."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from grafana_foundation_sdk.builders import common as options
from grafana_foundation_sdk.builders import dashboard, timeseries
from grafana_foundation_sdk.models import common as grafana
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, FieldColorModeId

from dashboards.colours import Colour
from dashboards.panels import PROMETHEUS, About, Panel, Unit, letter, query_of, thresholds_of


class Stroke(StrEnum):
    """How a line is drawn: what was measured, or a bound that it is to be compared with."""

    MEASURED = "solid"
    BOUND = "dash"


class Axis(StrEnum):
    """How values are spread over the height."""

    LINEAR = "linear"
    WIDE = "symlog"  # from a millisecond to hours, and 0 has its place


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One query of a graph. `legend` may name labels: `{{pod}}`; `unit` is for the axis on the right."""

    legend: str
    query: str
    colour: Colour | None = None
    stroke: Stroke = Stroke.MEASURED
    right_axis: Unit | None = None


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
        .thresholds(thresholds_of(Colour.GOOD, ()))
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
        panel = panel.with_target(query_of(letter(number), line.query, line.legend).range())
        properties = _drawn(line)
        if properties:
            panel = panel.override_by_query(letter(number), properties)
    for word, colour in words:
        panel = panel.override_by_name(word, [_colour(colour)])
    return panel


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
