"""A table with the worst on top, and ways from a row to its lines and traces."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import common as options
from grafana_foundation_sdk.builders import dashboard, table
from grafana_foundation_sdk.models import common as grafana
from grafana_foundation_sdk.models.dashboard import (
    DashboardSpecialValueMapOptions,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    SpecialValueMap,
    SpecialValueMatch,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.colours import Colour
from dashboards.panels import PROMETHEUS, About, Panel, Steps, Unit, letter, query_of, thresholds_of

LINK_WIDTH = 75


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One query of a ranking, and the heading of its numbers.

    Widths are in pixels, 0 shares what is left. `if_none` stands in rows that the query has nothing for.
    """

    heading: str
    query: str
    unit: Unit
    base: Colour = Colour.GOOD
    steps: Steps = ()
    width: int = 0
    if_none: str = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A column whose cells lead elsewhere; `url` may name a column: `${__data.fields.Workload}`."""

    heading: str
    url: str


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
        .thresholds(thresholds_of(Colour.QUIET, ()))
        .min_width(80)
        .cell_height(grafana.TableCellHeight.SM)
        .sort_by([options.TableSortByFieldState().display_name(columns[0].heading).desc(desc=True)])
    )
    headings = dict(labels)
    for number, column in enumerate(columns):
        query = column.query
        if number == 0:
            for link in links:
                query = f'label_replace({query}, "{link.heading.lower()}", "open", "", "")'
        asked = query_of(letter(number), query, "").instant().format(PromQueryFormat.TABLE)
        panel = panel.with_target(asked).override_by_name(column.heading, _cells(column))
        headings[f"Value #{letter(number)}" if len(columns) > 1 else "Value"] = column.heading
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


def _cells(column: Column) -> list[DynamicConfigValue]:
    is_none = ValueMappingResult(text=column.if_none, color=Colour.QUIET)
    nothing = DashboardSpecialValueMapOptions(match=SpecialValueMatch.NULL, result=is_none)
    properties = [
        DynamicConfigValue(id_val="unit", value=column.unit.value),
        DynamicConfigValue(id_val="mappings", value=[SpecialValueMap(options=nothing)]),
    ]
    if column.width:
        properties.append(DynamicConfigValue(id_val="custom.width", value=column.width))
    if column.steps:
        properties += [
            DynamicConfigValue(id_val="thresholds", value=thresholds_of(column.base, column.steps).build()),
            DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"}),
        ]
    return properties


def _leading(link: Link) -> list[DynamicConfigValue]:
    url = {"title": link.heading, "url": link.url, "targetBlank": True}
    return [
        DynamicConfigValue(id_val="links", value=[url]),
        DynamicConfigValue(id_val="custom.width", value=LINK_WIDTH),
    ]
