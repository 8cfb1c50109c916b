"""Row 4: who is hit, with ways to their lines and traces; and what becomes of writes."""

from dashboards.board import Row
from dashboards.colours import Colour
from dashboards.explore import logs_of_errors, traces_of_errors
from dashboards.graphs import Line, Shape, Stroke, graph
from dashboards.pages import about, runbook
from dashboards.panels import About, Panel, Unit
from dashboards.promql import (
    greatest,
    increase,
    or_zero,
    or_zero_of,
    rate,
    series,
    top,
    total,
)
from dashboards.rankings import Column, Link, ranking
from dashboards.settings import SETTINGS


def _workloads() -> Panel:
    labels = (SETTINGS.labels.workload, SETTINGS.labels.namespace)
    errors = total(increase("requests_total", 'result="error"'), by=labels)
    all_of_it = total(increase("requests_total"), by=labels)
    with_errors = f"({errors} or 0 * {all_of_it})"
    worst = top(10, with_errors)
    named = ("${__data.fields.Namespace}", "${__data.fields.Workload}")
    return ranking(
        About(
            question="Who gets the most errors?",
            shows="The ten workloads whose clients got the most errors in the time shown.",
            good="0 everywhere. One workload: look at its token and its requests. All of them: look at Connect.",
            page=runbook("ClientErrors"),
        ),
        labels=tuple(zip(labels, ("Workload", "Namespace"), strict=True)),
        columns=(
            Column(
                heading="Errors", query=f"round({worst})", unit=Unit.COUNT, steps=((1, Colour.BAD),), width=80
            ),
            Column(
                heading="Errors %",
                query=f"100 * {with_errors} / ({all_of_it} > 0) and {worst}",
                unit=Unit.PERCENT,
                steps=((100 * SETTINGS.thresholds.error_budget_ratio, Colour.CAUTION), (1, Colour.BAD)),
                width=85,
            ),
            Column(heading="Requests", query=f"round({all_of_it}) and {worst}", unit=Unit.COUNT, width=90),
        ),
        links=(
            Link(heading="Logs", url=logs_of_errors(*named)),
            Link(heading="Traces", url=traces_of_errors(*named)),
            Link(heading="Runbook", url=runbook("ClientErrors").url),
        ),
    )


def _writes() -> Panel:
    return graph(
        About(
            question="Do writes go through?",
            shows="Writes a second by what became of them. Unknown: Connect may have done it, but did not say so.",
            good="Applied only. Refused: the client was wrong. Unknown: check the item before writing again.",
            page=about("writes"),
        ),
        Line(
            legend="{{outcome}}",
            query=or_zero_of(total(rate("writes_total"), by=("outcome",)), "outcome", "applied"),
        ),
        unit=Unit.WRITES_PER_SECOND,
        shape=Shape.STACK,
        words=(("applied", Colour.GOOD), ("refused", Colour.CAUTION), ("unknown", Colour.BAD)),
    )


def _fences() -> Panel:
    return graph(
        About(
            question="Are writes visible yet?",
            shows=(
                "Connect shows a write a little later. Until then what was written is read from Connect: how many such"
                " places there are, and for how long the oldest has been waited for."
            ),
            good="A few, for a few seconds. After 30 s a sidecar stops waiting.",
            page=about("writes"),
        ),
        Line(
            legend="not visible yet",
            colour=Colour.CONNECT,
            stroke=Stroke.STEPS,
            query=or_zero(total(series("write_fences_open"))),
        ),
        Line(
            legend="longest wait",
            colour=Colour.CAUTION,
            query=or_zero(greatest(series("write_fence_oldest_seconds"))),
            right_axis=Unit.SECONDS,
        ),
        unit=Unit.COUNT,
    )


ROW = Row(height=8, panels=((12, _workloads()), (6, _writes()), (6, _fences())))
