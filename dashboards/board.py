"""A board: its rows of panels, the choices above it, the marks in its graphs and the way to the other boards."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as grafana

from dashboards.pages import Page
from dashboards.panels import PROMETHEUS, Panel
from dashboards.promql import PREFIX
from dashboards.settings import SETTINGS

WIDTH = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels beside each other, each with its share of Grafana's 24 columns. Without a heading it is just a line."""

    height: int
    panels: Sequence[tuple[int, Panel]]
    heading: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Moments that stand as lines in all graphs. `text` may name labels: `{{version}}`."""

    name: str
    query: str
    text: str
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Everything that makes a dashboard. `uid` is its address for ever: links and provisioning use it."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row]
    marks: Sequence[Mark]
    page: Page


class _MarkQuery(grafana.AnnotationQuery):
    """The SDK's type lacks the text that Prometheus annotations have."""

    def __init__(self, mark: Mark) -> None:
        super().__init__(name=mark.name, datasource=PROMETHEUS, icon_color=mark.colour, expr=mark.query)
        self._text = mark.text

    def to_json(self) -> dict[str, object]:
        return super().to_json() | {"titleFormat": self._text, "step": "15s", "useValueForTime": False}


class _Marked(dashboard.AnnotationQuery):
    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self._internal = _MarkQuery(mark)


def assemble(board: Board) -> grafana.Dashboard:
    """Return Grafana's own model of a board. Panels are numbered in reading order, rows fill the width."""
    built = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags(["connect-sidecar"])
        .timezone("browser")
        .time("now-3h", "now")
        .refresh("30s")
        .tooltip(grafana.DashboardCursorSync.CROSSHAIR)
        .editable()
        .links([_other_boards(), _to(board.page)])
        .variables(_choices())
        .annotations([_Marked(mark) for mark in board.marks])
    )
    number = 0
    for row in board.rows:
        assert sum(width for width, _ in row.panels) % WIDTH == 0, f"{board.title}: a row has a gap"
        if row.heading:
            number += 1
            built = built.with_row(dashboard.Row(row.heading).id(number))
        for width, panel in row.panels:
            number += 1
            built = built.with_panel(panel.id(number).span(width).height(row.height))
    assembled = built.build()
    for variable in assembled.templating.list_val or ():
        # The SDK's one type for all kinds of variable fills in what only intervals have.
        variable.auto = variable.auto_count = variable.auto_min = None
    return assembled


def _choices() -> list[Builder[grafana.VariableModel]]:
    known = f"{PREFIX}build_info"
    labels = SETTINGS.labels
    in_namespace = f'{known}{{{labels.namespace}=~"$namespace"}}'
    in_workload = f'{known}{{{labels.namespace}=~"$namespace",{labels.workload}=~"$workload"}}'
    return [
        dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"),
        _choice("namespace", "Namespace", f"label_values({known}, {labels.namespace})"),
        _choice("workload", "Workload", f"label_values({in_namespace}, {labels.workload})"),
        _choice("pod", "Pod", f"label_values({in_workload}, {labels.pod})"),
        _source("logs", "loki"),
        _source("traces", "tempo"),
    ]


def _choice(name: str, label: str, query: str) -> dashboard.QueryVariable:
    """All means `.*`, so that targets without the label are part of it."""
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(PROMETHEUS)
        .query(query)
        .refresh(grafana.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(grafana.VariableSort.ALPHABETICAL_ASC)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".*")
        .current(grafana.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def _source(name: str, kind: str) -> dashboard.DatasourceVariable:
    """Where links to logs and traces lead: the default of its kind, or what the address says (`var-logs=`)."""
    return dashboard.DatasourceVariable(name).type(kind).hide(grafana.VariableHide.HIDE_VARIABLE)


def _other_boards() -> dashboard.DashboardLink:
    link = dashboard.DashboardLink("Other boards").type(grafana.DashboardLinkType.DASHBOARDS)
    return link.tags(["connect-sidecar"]).include_vars(include_vars=True).keep_time(keep_time=True)


def _to(page: Page) -> dashboard.DashboardLink:
    link = dashboard.DashboardLink(page.words).type(grafana.DashboardLinkType.LINK)
    return link.url(page.url).icon("doc").target_blank(target_blank=True)
