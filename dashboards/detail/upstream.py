"""Connect as the sidecar meets it: how long it takes, when it is left alone, what is asked again, and who waits."""

from dashboards.board import Row
from dashboards.colours import Colour
from dashboards.graphs import Line, Shape, Tens, graph
from dashboards.pages import about, runbook
from dashboards.panels import About, Panel, Unit
from dashboards.promql import (
    LATELY,
    TARGET,
    increase,
    lately,
    least,
    or_zero,
    or_zero_of,
    percent,
    quantile,
    rate,
    series,
    total,
)
from dashboards.rankings import Column, ranking

CONNECT = about("connect")
_CONNECT_DOWN = runbook("ConnectDown")
_NO_ANSWER = 'result!~"[2-5]xx"'


def _durations() -> Panel:
    def line(rank: float, words: str, colour: Colour) -> Line:
        within = quantile(rank, "upstream_request_duration_seconds", 'outcome="answered"')
        return Line(legend=words, colour=colour, query=within)

    failed = quantile(0.5, "upstream_request_duration_seconds", 'outcome="failed"')
    return graph(
        About(
            question="How long does Connect take?",
            shows="Within what time half, 90 and 99 of 100 requests were answered; and how long failures took.",
            good="Tens of milliseconds. Failures that take long: time-outs, and clients wait that long, too.",
            page=_CONNECT_DOWN,
        ),
        line(0.5, "half within", Colour.CONNECT_LIGHT),
        line(0.9, "90 % within", Colour.CONNECT),
        line(0.99, "99 % within", Colour.CAUTION),
        Line(legend="failures, half within", colour=Colour.BAD, query=failed),
        unit=Unit.SECONDS,
        axis=Tens(least=0.001, most=60),
    )


def _failures() -> Panel:
    lost = total(rate("upstream_requests_total", _NO_ANSWER), by=("result",))
    return graph(
        About(
            question="Why does Connect not answer?",
            shows="Requests to Connect a second that got no answer, by reason.",
            good="None. dns_error: the name is wrong. connection_refused: nothing listens. Timeouts: it hangs.",
            page=_CONNECT_DOWN,
        ),
        Line(
            legend="{{result}}",
            query=or_zero_of(lost, "result", "connection_refused"),
        ),
        unit=Unit.PER_SECOND,
        shape=Shape.STACK,
    )


def _breaker() -> Panel:
    return graph(
        About(
            question="Do sidecars leave Connect alone?",
            shows=(
                "After some failures in a row a sidecar stops asking for a while (open), then tries once (half_open)."
                " How many are in which state."
            ),
            good="All closed. All open: Connect is down. Some open: look at the network of those pods.",
            page=_CONNECT_DOWN,
        ),
        Line(
            legend="{{state}}",
            query=or_zero_of(total(series("upstream_breaker_state"), by=("state",)), "state", "closed"),
        ),
        unit=Unit.COUNT,
        shape=Shape.STACK,
        words=(("closed", Colour.GOOD), ("half_open", Colour.CAUTION), ("open", Colour.BAD)),
    )


def _openings() -> Panel:
    opened = lately("upstream_breaker_openings_total", by="why")
    switched = total(increase("upstream_switches_total", window=LATELY))
    return graph(
        About(
            question="When did sidecars give up on Connect?",
            shows="How often in 5 minutes sidecars stopped asking, by reason, or went over to another Connect.",
            good="Never. Again and again: Connect restarts, or is too slow for `upstream.head_seconds`.",
            page=_CONNECT_DOWN,
        ),
        Line(legend="{{why}}", query=or_zero_of(opened, "why", "connection_refused")),
        Line(legend="went to another", colour=Colour.LIMITED, query=or_zero(switched)),
        unit=Unit.COUNT,
        shape=Shape.STACK,
    )


def _retries() -> Panel:
    return graph(
        About(
            question="Are requests sent again?",
            shows="Reads a second that were sent once more after a fault, or were not because too many had been.",
            good="Few, all sent. no_budget: an outage, which more requests would only make worse.",
            page=_CONNECT_DOWN,
        ),
        Line(
            legend="{{outcome}}",
            query=or_zero_of(total(rate("upstream_retries_total"), by=("outcome",)), "outcome", "sent"),
        ),
        Line(
            legend="still allowed (least)",
            colour=Colour.QUIET,
            query=or_zero(least(series("upstream_retry_budget"))),
            right_axis=Unit.COUNT,
        ),
        unit=Unit.PER_SECOND,
        words=(("sent", Colour.CONNECT), ("no_budget", Colour.BAD)),
    )


def _queue() -> Panel:
    def lines(tokens: str, words: str, colour: Colour, light: Colour) -> tuple[Line, Line]:
        whose = f'tokens="{tokens}"'
        return (
            Line(
                legend=f"{words}: under way",
                colour=light,
                query=or_zero(total(series("upstream_requests_under_way", whose))),
            ),
            Line(
                legend=f"{words}: waiting",
                colour=colour,
                query=or_zero(total(series("upstream_requests_waiting", whose))),
            ),
        )

    return graph(
        About(
            question="Do requests queue for Connect?",
            shows="Requests that Connect is working on and those that wait for their turn. New tokens have few slots.",
            good="Nobody waits. New tokens waiting: somebody guesses tokens, or many pods have just started.",
            page=CONNECT,
        ),
        *lines("accepted", "known tokens", Colour.CONNECT, Colour.CONNECT_LIGHT),
        *lines("unaccepted", "new tokens", Colour.LIMITED, Colour.BACKGROUND),
        unit=Unit.COUNT,
    )


def _upstreams() -> Panel:
    target = f"on ({', '.join(TARGET)}) group_left (upstream) max by ({', '.join((*TARGET, 'upstream'))})"

    def of_each(vector: str) -> str:
        per_target = f"{total(vector, by=TARGET)} * {target} ({series('upstream_info')})"
        return total(per_target, by=("upstream",))

    sent = rate("upstream_requests_total", window=LATELY)
    bad = rate("upstream_requests_total", 'result!~"[234]xx"', window=LATELY)
    known = f"0 * {total(series('upstream_info'), by=('upstream',))}"
    return ranking(
        About(
            question="Which Connect is in trouble?",
            shows="Each Connect by what sidecars call it: 5xx and failures in 5 minutes, requests, and who asks it.",
            good="0 failures everywhere. One of several: that one. All: the network, or what they have in common.",
            page=_CONNECT_DOWN,
        ),
        labels=(("upstream", "Connect"),),
        columns=(
            Column(
                heading="Failures %",
                query=f"100 * {of_each(bad)} / ({of_each(sent)} > 0) or {known}",
                unit=Unit.PERCENT,
                steps=((1, Colour.CAUTION), (10, Colour.BAD)),
                width=110,
            ),
            Column(
                heading="Requests/s", query=f"{of_each(sent)} or {known}", unit=Unit.PER_SECOND, width=110
            ),
            Column(
                heading="Pods ok",
                query=f"{of_each(series('upstream_up'))} or {known}",
                unit=Unit.COUNT,
                width=75,
            ),
            Column(
                heading="Pods",
                query=total(series("upstream_info"), by=("upstream",)),
                unit=Unit.COUNT,
                width=65,
            ),
        ),
    )


def _amplification() -> Panel:
    return graph(
        About(
            question="How many of the requests to Connect are our own idea?",
            shows="Of a hundred requests to Connect, those that no client asked for: checks, refreshes, retries.",
            good="Well below half. More: the sidecar costs Connect more than it should.",
            page=runbook("Amplifying"),
        ),
        Line(
            legend="our own",
            colour=Colour.BACKGROUND,
            query=percent(
                total(
                    rate(
                        "upstream_requests_total",
                        'cause=~"refresh|change_check|second_look|health|hold|retry"',
                    )
                ),
                total(rate("upstream_requests_total")),
            ),
        ),
        unit=Unit.PERCENT,
    )


ROWS = (
    Row(
        heading="Connect: does it answer, and how much is asked of it?",
        height=8,
        panels=((8, _durations()), (8, _failures()), (8, _upstreams())),
    ),
    Row(height=8, panels=((8, _breaker()), (8, _openings()), (8, _retries()))),
    Row(height=8, panels=((12, _queue()), (12, _amplification()))),
)
