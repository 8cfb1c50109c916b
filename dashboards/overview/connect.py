"""Row 3: how Connect does, what is asked of it, and how old answers get without it."""

from dashboards.board import Row
from dashboards.colours import Colour
from dashboards.graphs import Line, Shape, Stroke, Tens, graph
from dashboards.pages import runbook
from dashboards.panels import About, Panel, Unit
from dashboards.promql import (
    greatest,
    or_zero,
    rate,
    series,
    total,
)


def _connect_answers() -> Panel:
    def line(legend: str, colour: Colour, *matchers: str) -> Line:
        return Line(
            legend=legend, colour=colour, query=or_zero(total(rate("upstream_requests_total", *matchers)))
        )

    return graph(
        About(
            question="What does Connect answer?",
            shows="Requests to Connect a second, every attempt, by the class of its answer or why there was none.",
            good="Green, and little else. 4xx: tokens or requests are wrong. Refused: nothing listens. Timeout: stuck.",
            page=runbook("ConnectDown"),
        ),
        line("2xx ok", Colour.GOOD, 'result="2xx"'),
        line("3xx unchanged", Colour.SHARED, 'result="3xx"'),
        line("4xx", Colour.CAUTION, 'result="4xx"'),
        line("5xx", Colour.CONNECT_ERROR, 'result="5xx"'),
        line("refused", Colour.OUR_ERROR, 'result="connection_refused"'),
        line("timeout", Colour.LIMITED, 'result=~".*timeout"'),
        line("other failure", Colour.QUIET, 'result!~"[2-5]xx|connection_refused|.*timeout"'),
        unit=Unit.PER_SECOND,
        shape=Shape.STACK,
    )


def _requests_to_connect() -> Panel:
    def line(legend: str, colour: Colour, causes: str) -> Line:
        sent = total(rate("upstream_requests_total", f'cause=~"{causes}"'))
        return Line(legend=legend, colour=colour, query=or_zero(sent))

    return graph(
        About(
            question="Is Connect spared?",
            shows=(
                "Requests a second that Connect gets, by cause, and what it would get if clients asked it"
                " directly (dashed)."
            ),
            good="The stack stays well below the dashed line.",
            page=runbook("Amplifying"),
        ),
        line("reads", Colour.CONNECT, "read|hold"),
        line("writes", Colour.CAUTION, "write"),
        line("passed on", Colour.CONNECT_LIGHT, "pass"),
        line("refresh of stale", Colour.STALE, "refresh"),
        line("change checks", Colour.BACKGROUND, "change_check"),
        line("second looks, health", Colour.QUIET, "second_look|health"),
        line("retries", Colour.BAD, "retry"),
        Line(
            legend="without the sidecar",
            colour=Colour.COMPARED,
            stroke=Stroke.BOUND,
            query=or_zero(total(rate("requests_total"))),
        ),
        unit=Unit.PER_SECOND,
        shape=Shape.STACK,
    )


def _ages() -> Panel:
    def lines(cache: str, colour: Colour) -> tuple[Line, Line]:
        is_cache = f'cache="{cache}"'
        return (
            Line(
                legend=f"oldest {cache}",
                colour=colour,
                query=or_zero(greatest(series("oldest_age_served_seconds", is_cache))),
            ),
            Line(
                legend=f"promised for a {cache}" if cache == "hit" else "promised for stale",
                colour=colour,
                stroke=Stroke.BOUND,
                query=or_zero(greatest(series("age_bound_seconds", is_cache))),
            ),
        )

    return graph(
        About(
            question="Is any answer older than promised?",
            shows="The oldest answer given in 5 minutes, fresh and stale, against what the settings promise (dashed).",
            good="Each line stays below the dashed one of its colour.",
            page=runbook("AgeBoundBroken"),
        ),
        *lines("hit", Colour.HIT),
        *lines("stale", Colour.STALE),
        unit=Unit.SECONDS,
        axis=Tens(least=1),
    )


ROW = Row(height=8, panels=((8, _connect_answers()), (8, _requests_to_connect()), (8, _ages())))
