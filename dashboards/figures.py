"""One number, large enough for half-open eyes."""

from enum import StrEnum

from grafana_foundation_sdk.builders import common as options
from grafana_foundation_sdk.builders import dashboard, stat
from grafana_foundation_sdk.models import common as grafana
from grafana_foundation_sdk.models.dashboard import FieldColorModeId

from dashboards.colours import Colour
from dashboards.panels import PROMETHEUS, About, Panel, Steps, Unit, query_of, thresholds_of


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
    steps: Steps,
    base: Colour = Colour.GOOD,
    legend: str = "",
    says: Says = Says.VALUE,
    if_none: str = "0",
    decimals: int | None = None,
) -> Panel:
    """Return what is so now, coloured by `base` or the highest of `steps` it has reached.

    It is asked for one moment: over time, every name that a label has had would be a figure of its own.
    """
    panel = (
        stat.Panel()
        .title(about.question)
        .description(about.description)
        .links([about.link])
        .datasource(PROMETHEUS)
        .with_target(query_of("A", query, legend or about.question).instant())
        .unit(unit)
        .thresholds(thresholds_of(base, steps))
        .color_scheme(dashboard.FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .no_value(if_none)
        .color_mode(grafana.BigValueColorMode.VALUE)
        .graph_mode(grafana.BigValueGraphMode.NONE)
        .text_mode(grafana.BigValueTextMode(says.value))
        .wide_layout(wide_layout=False)
        .justify_mode(grafana.BigValueJustifyMode.CENTER)
        .reduce_options(options.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False))
    )
    if says is Says.BOTH:
        panel = panel.text(options.VizTextDisplayOptions().title_size(20).value_size(40))
    return panel if decimals is None else panel.decimals(decimals)
