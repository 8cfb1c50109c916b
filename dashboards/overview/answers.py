"""Row 2: what clients get, and how long they wait for it."""

from dashboards.board import Row
from dashboards.colours import Colour
from dashboards.graphs import Legend, Line, Shape, Stroke, Tens, graph
from dashboards.pages import runbook
from dashboards.panels import About, Panel, Unit
from dashboards.promql import (
    or_zero,
    quantile,
    rate,
    total,
)

PYTHON_SDK_SECONDS, JS_SDK_SECONDS = 5, 15


def _answers() -> Panel:
    def line(legend: str, colour: Colour, *matchers: str) -> Line:
        return Line(legend=legend, colour=colour, query=or_zero(total(rate("requests_total", *matchers))))

    no_error, an_error = 'result!="error"', 'result="error"'
    return graph(
        About(
            question="How are clients answered?",
            shows=(
                "Requests a second, by what answered them: the store (fresh: hit, old: stale), a request that another"
                " client caused (shared), Connect, or an error. A request that was itself wrong shows as refused."
            ),
            good="Mostly green. Amber: Connect is away. Red: clients see errors. Purple: a token is over its limit.",
            page=runbook("ClientErrors"),
        ),
        line("hit", Colour.HIT, 'cache="hit"'),
        line("stale", Colour.STALE, 'cache="stale"'),
        line("shared request", Colour.SHARED, 'cache="collapsed"', no_error),
        line("from Connect", Colour.CONNECT, 'cache="forwarded"', no_error),
        line("Connect's error", Colour.CONNECT_ERROR, 'cache=~"forwarded|collapsed"', an_error),
        line("our error", Colour.OUR_ERROR, 'cache=~"failed|refused"', an_error),
        line("limited", Colour.LIMITED, 'cache="limited"'),
        line("refused", Colour.QUIET, 'cache=~"failed|refused"', no_error),
        unit=Unit.PER_SECOND,
        shape=Shape.STACK,
        legend=Legend.BESIDE,
    )


def _speed() -> Panel:
    def lines(
        legend: str, strong: Colour, light: Colour, histogram: str, *matchers: str
    ) -> tuple[Line, Line]:
        half, most = (quantile(rank, histogram, *matchers) for rank in (0.5, 0.99))
        return (
            Line(legend=f"{legend}, half within", colour=light, query=half),
            Line(legend=f"{legend}, 99 % within", colour=strong, query=most),
        )

    return graph(
        About(
            question="Do clients wait too long?",
            shows=(
                "How long half, and 99 of 100, of the answers took: from the store, through Connect, and Connect"
                " alone. The dashed lines are where the SDKs give up."
            ),
            good="Hits within a few milliseconds, everything well below the dashed lines.",
            page=runbook("ConnectDown"),
        ),
        *lines("hit", Colour.HIT, Colour.SHARED, "request_duration_seconds", 'cache="hit"'),
        *lines("miss", Colour.CONNECT, Colour.CONNECT_LIGHT, "request_duration_seconds", 'cache="forwarded"'),
        *lines("Connect", Colour.QUIET, Colour.COMPARED, "upstream_request_duration_seconds"),
        _bound("Python SDK gives up", PYTHON_SDK_SECONDS, Colour.CAUTION),
        _bound("JS SDK gives up", JS_SDK_SECONDS, Colour.BAD),
        unit=Unit.SECONDS,
        axis=Tens(least=0.0001, most=60),
        legend=Legend.BESIDE,
    )


def _bound(legend: str, seconds: int, colour: Colour) -> Line:
    return Line(legend=legend, colour=colour, stroke=Stroke.BOUND, query=f"vector({seconds})")


ROW = Row(height=8, panels=((12, _answers()), (12, _speed())))
