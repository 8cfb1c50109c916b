"""From a dashboard to a scene: its queries asked as Grafana would ask them, its panels with the answers beside them.

The steps, the meaning of `$__rate_interval` and the choice between an instant and a range query follow Grafana's
Prometheus data source. What a panel makes of the answers is decided in the page.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dashboards.pictures.prometheus import Prometheus, Span, seconds_of
from dashboards.pictures.variables import Variables, read_variables

_GRID_COLUMNS = 24
_ANNOTATION_POINTS = 100
_MOST_POINTS = 11_000  # that Prometheus gives in one answer
# The steps that Grafana rounds up to.
_STEPS_SECONDS = (
    1,
    2,
    5,
    10,
    15,
    20,
    30,
    60,
    120,
    300,
    600,
    900,
    1200,
    1800,
    3600,
    7200,
    10800,
    21600,
    43200,
    86400,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that the page draws, as JSON, and what is already known to be wrong."""

    content: Mapping[str, Any]
    complaints: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inquiry:
    prometheus: Prometheus
    span: Span
    variables: Variables
    scrape_seconds: float
    width: int


def inquire(
    dashboard: Mapping[str, Any], prometheus: Prometheus, *, span: Span, width: int, chosen: Mapping[str, str]
) -> Scene:
    """Ask every query of the dashboard; `chosen` are values of variables that differ from the dashboard's own."""
    variables, shown = read_variables(dashboard, prometheus, span=span, chosen=chosen)
    inquiry = _Inquiry(
        prometheus=prometheus,
        span=span,
        variables=variables,
        scrape_seconds=prometheus.scrape_interval_seconds(),
        width=width,
    )
    panels, complaints = [], []
    for panel in _laid_out(dashboard.get("panels", [])):
        answers = [_answered(inquiry, panel, target) for target in _asked(panel)]
        complaints += [
            f"panel {panel['id']} {variables.replaced(panel.get('title', ''))!r}: query {answer['refId']}: {fault}"
            for answer in answers
            if (fault := answer["error"] or ("" if answer["series"] else "no series"))
        ]
        drawn = {name: value for name, value in panel.items() if name not in {"targets", "datasource"}}
        panels.append({**variables.replaced_in(drawn), "answers": answers})
    content = {
        "title": dashboard["title"],
        "description": dashboard.get("description", ""),
        "width": width,
        "fromMs": span.from_seconds * 1000,
        "toMs": span.to_seconds * 1000,
        "variables": [{"label": label, "text": text} for label, text in shown],
        "links": [
            variables.replaced(link.get("title", ""), for_readers=True) for link in dashboard.get("links", [])
        ],
        "panels": panels,
        "annotations": [_marks(inquiry, each) for each in _annotations(dashboard)],
    }
    return Scene(content=content, complaints=tuple(complaints))


def _laid_out(panels: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield rows and panels in one list, rows opened; what lies below an opened row moves down."""
    shift = 0
    for panel in panels:
        place = panel["gridPos"]
        yield {**panel, "gridPos": {**place, "y": place["y"] + shift}, "collapsed": False, "panels": []}
        inner = panel.get("panels") or []
        if not inner:
            continue
        top = min(each["gridPos"]["y"] for each in inner)
        for each in inner:
            below = each["gridPos"]["y"] - top + place["y"] + shift + place["h"]
            yield {**each, "gridPos": {**each["gridPos"], "y": below}}
        shift += max(each["gridPos"]["y"] + each["gridPos"]["h"] for each in inner) - top


def _asked(panel: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (target for target in panel.get("targets") or [] if target.get("expr") and not target.get("hide"))


def _answered(inquiry: _Inquiry, panel: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, Any]:
    points = panel.get("maxDataPoints") or inquiry.width * panel["gridPos"]["w"] // _GRID_COLUMNS
    least = [
        inquiry.variables.replaced(each) for each in (panel.get("interval"), target.get("interval")) if each
    ]
    step = _step_seconds(inquiry, points, [seconds_of(each) for each in least])
    expression = _within(inquiry, step).replaced(target["expr"])
    instant = bool(target.get("instant")) and not target.get("range")
    if instant:
        answer = inquiry.prometheus.query(expression, at_seconds=inquiry.span.to_seconds)
    else:
        answer = inquiry.prometheus.query_range(expression, span=inquiry.span, step_seconds=step)
    return {
        "refId": target.get("refId", "A"),
        "format": target.get("format") or "time_series",
        "legend": inquiry.variables.replaced(target.get("legendFormat") or "__auto", for_readers=True),
        "expression": expression,
        "stepMs": 0 if instant else step * 1000,
        "series": list(answer.series),
        "error": answer.error,
    }


def _step_seconds(inquiry: _Inquiry, points: int, least: list[float]) -> float:
    wanted = inquiry.span.length_seconds / points
    rounded = next((step for step in _STEPS_SECONDS if step >= wanted), _STEPS_SECONDS[-1])
    return max(rounded, inquiry.span.length_seconds / _MOST_POINTS, *(least or [inquiry.scrape_seconds]))


def _within(inquiry: _Inquiry, step_seconds: float) -> Variables:
    """Return the variables with those that depend on the step and the span."""
    rate = max(step_seconds + inquiry.scrape_seconds, 4 * inquiry.scrape_seconds)
    length = inquiry.span.length_seconds
    return inquiry.variables.with_values(
        __interval=_milliseconds(step_seconds),
        __interval_ms=f"{step_seconds * 1000:.0f}",
        __rate_interval=_milliseconds(rate),
        __rate_interval_ms=f"{rate * 1000:.0f}",
        __range=f"{length:.0f}s",
        __range_s=f"{length:.0f}",
        __range_ms=f"{length * 1000:.0f}",
    )


def _milliseconds(seconds: float) -> str:
    return f"{seconds:.0f}s" if seconds == round(seconds) else f"{seconds * 1000:.0f}ms"


def _annotations(dashboard: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    declared = dashboard.get("annotations", {}).get("list", [])
    return (
        each for each in declared if each.get("expr") and each.get("enable", True) and not each.get("hide")
    )


def _marks(inquiry: _Inquiry, annotation: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for one kind of annotation: where its value is above zero, from the first such moment to the last."""
    least = [seconds_of(annotation["step"])] if annotation.get("step") else []
    step = _step_seconds(inquiry, _ANNOTATION_POINTS, least)
    expression = _within(inquiry, step).replaced(annotation["expr"])
    answer = inquiry.prometheus.query_range(expression, span=inquiry.span, step_seconds=step)
    runs = [run for series in answer.series for run in _above_zero(series["values"], step)]
    return {
        "name": annotation["name"],
        "color": annotation.get("iconColor", "rgba(0, 211, 255, 1)"),
        "regions": [[first * 1000, last * 1000] for first, last in sorted(runs)],
        "error": answer.error,
    }


def _above_zero(values: list[list[Any]], step_seconds: float) -> Iterator[list[float]]:
    """Yield the first and the last moment of each run of values above zero; a missing sample ends it, too."""
    run: list[float] = []
    for moment in (moment for moment, text in values if float(text) > 0):
        if run and moment - run[-1] > step_seconds * 1.5:
            yield run
            run = []
        run = [run[0] if run else moment, moment]
    if run:
        yield run
