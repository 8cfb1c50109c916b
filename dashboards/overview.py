"""The overview, for someone woken at 3 a.m.: are clients served, by what, how is Connect, and who is hit.

What it asks is fixed by docs/dashboards.md; every number is of the pods chosen above the board.
"""

from dashboards.board import Board, Row
from dashboards.colours import Colour
from dashboards.explore import logs_of_errors, traces_of_errors
from dashboards.marks import MARKS
from dashboards.pages import about, runbook
from dashboards.panels import (
    About,
    Axis,
    Column,
    Line,
    Link,
    Panel,
    Says,
    Stroke,
    Unit,
    figure,
    graph,
    ranking,
)
from dashboards.promql import (
    LATELY,
    greatest,
    increase,
    least,
    or_none,
    or_zero,
    percent,
    quantile,
    rate,
    series,
    top,
    total,
)

OVERVIEW = about("overview")
PYTHON_SDK_SECONDS, JS_SDK_SECONDS = 5, 15
DAY = 86_400.0


def _client_errors() -> Panel:
    return figure(
        About(
            question="Are clients getting errors?",
            shows="Of a hundred requests in the last 5 minutes, how many ended in 5xx, 408 or 429.",
            good="0. Below 0.1 is within the budget, above 1 somebody notices.",
            page=runbook("ClientErrors"),
        ),
        percent(
            total(rate("requests_total", 'result="error"', window=LATELY)),
            total(rate("requests_total", window=LATELY)),
        ),
        unit=Unit.PERCENT,
        steps=((0.1, Colour.CAUTION), (1, Colour.BAD)),
        decimals=2,
    )


def _connect_reachable() -> Panel:
    up = series("upstream_up")
    share = f"100 * sum({up}) / count({up})"
    ok, of = f'count_values("ok", sum({up}))', f'count_values("pods", count({up}))'
    return figure(
        About(
            question="Can pods reach Connect?",
            shows="How many sidecars got an answer from Connect when they last asked, of all there are.",
            good="All of them. None: Connect is down, or nobody can get to it.",
            page=runbook("ConnectDown"),
        ),
        f"({share}) + on () group_left (ok) 0 * {ok} + on () group_left (pods) 0 * {of}",
        unit=Unit.PERCENT,
        base=Colour.BAD,
        steps=((50, Colour.CAUTION), (100, Colour.GOOD)),
        legend="{{ok}} of {{pods}}",
        says=Says.NAME,
        if_none="no pods",
    )


def _stale_answers() -> Panel:
    return figure(
        About(
            question="Are answers stale?",
            shows="Of a hundred answers in the last 5 minutes, how many were older than fresh.",
            good="0. While Connect is away this rises, and clients go on working.",
            page=runbook("StaleRunsOut"),
        ),
        percent(
            total(rate("requests_total", 'cache="stale"', window=LATELY)),
            total(rate("requests_total", window=LATELY)),
        ),
        unit=Unit.PERCENT,
        steps=((1, Colour.CAUTION),),
        decimals=1,
    )


def _stale_left() -> Panel:
    return figure(
        About(
            question="When do stale answers run out?",
            shows="For how long the stale answer nearest to its hard bound can still be given.",
            good="The whole bound (4 hours by default): nothing is stale. Below half an hour clients soon fail.",
            page=runbook("StaleRunsOut"),
        ),
        or_zero(least(series("stale_seconds_left"))),
        unit=Unit.SECONDS,
        base=Colour.BAD,
        steps=((1800, Colour.CAUTION), (7200, Colour.GOOD)),
        decimals=1,
    )


def _token_expiry() -> Panel:
    expiry = least(series("token_expiry_timestamp_seconds"), by=("token",))
    return figure(
        About(
            question="Which token expires first?",
            shows="The access token with the least time left, and that time.",
            good="More than 14 days. Below one day: replace it now.",
            page=runbook("TokenExpiring"),
        ),
        f"bottomk(1, {expiry} - time())",
        unit=Unit.SECONDS,
        base=Colour.BAD,
        steps=((DAY, Colour.CAUTION), (14 * DAY, Colour.GOOD)),
        legend="{{token}}",
        says=Says.BOTH,
        if_none="none expires",
        decimals=1,
    )


def _audit_lost() -> Panel:
    return figure(
        About(
            question="Are audit records lost?",
            shows="Records of reads that could not be written, in the time shown.",
            good="0. Anything else: reads of secrets that nobody will ever know of.",
            page=runbook("AuditLost"),
        ),
        or_zero(f"ceil({total(increase('audit_lost_total'))})"),
        unit=Unit.COUNT,
        steps=((1, Colour.BAD),),
        decimals=0,
    )


def _answers() -> Panel:
    def line(legend: str, colour: Colour, *matchers: str) -> Line:
        return Line(legend=legend, colour=colour, query=or_zero(total(rate("requests_total", *matchers))))

    no_error, an_error = 'result!="error"', 'result="error"'
    refused = total(rate("requests_total", 'cache=~"failed|refused"', no_error))
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
        Line(legend="refused", colour=Colour.QUIET, query=f"{refused} > 0"),
        unit=Unit.PER_SECOND,
        stacked=True,
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
        *lines("miss", Colour.LIMITED, Colour.BACKGROUND, "request_duration_seconds", 'cache="forwarded"'),
        *lines("Connect", Colour.CONNECT, Colour.CONNECT_LIGHT, "upstream_request_duration_seconds"),
        _bound("Python SDK gives up", PYTHON_SDK_SECONDS, Colour.CAUTION),
        _bound("JS SDK gives up", JS_SDK_SECONDS, Colour.BAD),
        unit=Unit.SECONDS,
        axis=Axis.WIDE,
    )


def _bound(legend: str, seconds: int, colour: Colour) -> Line:
    return Line(legend=legend, colour=colour, stroke=Stroke.BOUND, query=f"vector({seconds})")


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
        stacked=True,
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
            colour=Colour.OUR_ERROR,
            stroke=Stroke.BOUND,
            query=or_zero(total(rate("requests_total"))),
        ),
        unit=Unit.PER_SECOND,
        stacked=True,
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
        axis=Axis.WIDE,
    )


def _workloads() -> Panel:
    labels = ("namespace", "workload")
    errors, all_of_it = (
        total(increase("requests_total", 'result="error"'), by=labels),
        total(increase("requests_total"), by=labels),
    )
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
        labels=(("workload", "Workload"), ("namespace", "Namespace")),
        columns=(
            Column(heading="Errors", query=f"round({worst})", unit=Unit.COUNT, steps=((1, Colour.BAD),)),
            Column(
                heading="Errors %",
                query=f"100 * {with_errors} / ({all_of_it} > 0) and {worst}",
                unit=Unit.PERCENT,
                steps=((0.1, Colour.CAUTION), (1, Colour.BAD)),
            ),
            Column(heading="Requests", query=f"round({all_of_it}) and {worst}", unit=Unit.COUNT),
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
            query=or_none(total(rate("writes_total"), by=("outcome",)), "outcome", word="applied"),
        ),
        unit=Unit.EVENTS_PER_SECOND,
        stacked=True,
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
            good="A few, for a few seconds. At the dashed line (30 s) we stop waiting.",
            page=about("writes"),
        ),
        Line(
            legend="not visible yet",
            colour=Colour.CONNECT,
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


BOARD = Board(
    uid="connect-sidecar-overview",
    title="connect-sidecar: overview",
    description="Are clients of 1Password Connect served, by what, and how is Connect itself?",
    page=OVERVIEW,
    marks=MARKS,
    rows=(
        Row(
            height=4,
            panels=(
                (4, _client_errors()),
                (4, _connect_reachable()),
                (4, _stale_answers()),
                (4, _stale_left()),
                (4, _token_expiry()),
                (4, _audit_lost()),
            ),
        ),
        Row(height=8, panels=((12, _answers()), (12, _speed()))),
        Row(height=8, panels=((8, _connect_answers()), (8, _requests_to_connect()), (8, _ages()))),
        Row(height=8, panels=((10, _workloads()), (7, _writes()), (7, _fences()))),
    ),
)
