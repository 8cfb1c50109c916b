"""Writes: whether they wait, what they take from the store, and how long Connect needs to show them."""

from dashboards.board import Row
from dashboards.colours import Colour
from dashboards.graphs import Line, Stroke, graph
from dashboards.pages import about
from dashboards.panels import About, Panel, Unit
from dashboards.promql import POD, POD_NAME, greatest, or_zero, per_minute, rate, series, top, total

WRITES = about("writes")
FENCE_SECONDS = 30


def _waiting() -> Panel:
    return graph(
        About(
            question="Do writes wait for their turn?",
            shows="Writes to one vault go one after the other; how many wait now, in all pods and in the worst one.",
            good="0, or a few for a moment. Many: Connect is slow, or somebody writes in a loop.",
            page=WRITES,
        ),
        Line(legend="all pods", colour=Colour.CONNECT, query=or_zero(total(series("writes_waiting")))),
        Line(legend="worst pod", colour=Colour.CAUTION, query=or_zero(greatest(series("writes_waiting")))),
        unit=Unit.COUNT,
    )


def _dropped() -> Panel:
    went = total(per_minute("invalidated_responses_total", 'cause=~"write_.*"'))
    written = total(per_minute("writes_total"))
    return graph(
        About(
            question="How much does a write take from the store?",
            shows="Stored answers a minute that went because of writes, beside the writes (dashed).",
            good="A handful for each write: the item, its files and the lists of its vault.",
            page=WRITES,
        ),
        Line(legend="answers dropped", colour=Colour.CAUTION, query=or_zero(went)),
        Line(legend="writes", colour=Colour.CONNECT, stroke=Stroke.BOUND, query=or_zero(written)),
        unit=Unit.PER_MINUTE,
    )


def _slowest() -> Panel:
    oldest = top(5, greatest(series("write_fence_oldest_seconds"), by=(POD,)))
    return graph(
        About(
            question="Where does a write not show?",
            shows="The five pods that wait longest for Connect to show a write, and when they stop waiting (dashed).",
            good="Below 5 s. At the dashed line: Connect took the write, but its copy does not follow.",
            page=WRITES,
        ),
        Line(legend=POD_NAME, query=oldest),
        Line(
            legend="no longer waited for",
            colour=Colour.BAD,
            stroke=Stroke.BOUND,
            query=f"vector({FENCE_SECONDS})",
        ),
        unit=Unit.SECONDS,
    )


def _reads_again() -> Panel:
    return graph(
        About(
            question="How often is Connect asked again for what was just written?",
            shows="Requests a second for reads that did not show the write yet, beside the writes (dashed).",
            good="Fewer than writes. More: Connect needs long to show them.",
            page=WRITES,
        ),
        Line(
            legend="asked again",
            colour=Colour.BACKGROUND,
            query=or_zero(total(rate("upstream_requests_total", 'cause="hold"'))),
        ),
        Line(
            legend="all writes",
            colour=Colour.CONNECT,
            stroke=Stroke.BOUND,
            query=or_zero(total(rate("writes_total"))),
        ),
        unit=Unit.PER_SECOND,
    )


ROWS = (
    Row(
        heading="Writes: do they show, and what do they cost?",
        height=8,
        panels=((12, _waiting()), (12, _slowest())),
    ),
    Row(height=8, panels=((12, _dropped()), (12, _reads_again()))),
)
