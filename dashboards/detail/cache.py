"""What is answered without Connect, what is not and why, and what the store holds."""

from dashboards.board import Row
from dashboards.colours import Colour
from dashboards.graphs import Line, Shape, Stroke, graph
from dashboards.pages import about, runbook
from dashboards.panels import About, Panel, Unit
from dashboards.promql import (
    POD,
    POD_NAME,
    greatest,
    or_zero,
    or_zero_of,
    per_minute,
    percent,
    rate,
    series,
    top,
    total,
)

CACHE = about("cache")
_WITHOUT_CONNECT = 'cache=~"hit|stale|collapsed"'


def _without_connect() -> Panel:
    def line(legend: str, colour: Colour, cache: str) -> Line:
        part = total(rate("requests_total", f'cache="{cache}"'))
        return Line(legend=legend, colour=colour, query=percent(part, total(rate("requests_total"))))

    return graph(
        About(
            question="How many answers need no Connect?",
            shows="Of a hundred answers, those from the store (hit, stale) and those shared with another client.",
            good="High and steady. A dip: a write, a purge, a restart, or tokens that Connect must prove again.",
            page=CACHE,
        ),
        line("hit", Colour.HIT, "hit"),
        line("stale", Colour.STALE, "stale"),
        line("shared request", Colour.SHARED, "collapsed"),
        unit=Unit.PERCENT,
        shape=Shape.STACK,
    )


def _forwarded() -> Panel:
    asked = total(rate("requests_total", 'cache="forwarded"'), by=("why",))
    return graph(
        About(
            question="Why was Connect asked?",
            shows="Requests a second that went to Connect, by the reason that log lines also give.",
            good="Mostly uri-miss (nothing stored yet), stale (to be checked) and method (writes).",
            page=CACHE,
        ),
        Line(legend="{{why}}", query=or_zero_of(asked, "why", "uri-miss")),
        unit=Unit.PER_SECOND,
        shape=Shape.STACK,
    )


def _not_stored() -> Panel:
    return graph(
        About(
            question="Why were answers not kept?",
            shows="Complete answers of Connect a second that were not stored, by reason.",
            good="Writes (method), errors (status) and what must never be kept. store_full: give the store more room.",
            page=CACHE,
        ),
        Line(
            legend="{{reason}}",
            query=or_zero_of(total(rate("not_stored_total"), by=("reason",)), "reason", "method"),
        ),
        unit=Unit.ANSWERS_PER_SECOND,
        shape=Shape.STACK,
    )


def _resources() -> Panel:
    return graph(
        About(
            question="What do clients ask for?",
            shows="Requests a second by what they are about: items, lists, files, vaults.",
            good="No sudden change. Lists grow when clients look up items by title.",
            page=CACHE,
        ),
        Line(
            legend="{{resource}}",
            query=or_zero_of(total(rate("requests_total"), by=("resource",)), "resource", "item"),
        ),
        unit=Unit.PER_SECOND,
        shape=Shape.STACK,
    )


def _why_stale() -> Panel:
    stale = total(rate("requests_total", 'cache="stale"'), by=("why",))
    return graph(
        About(
            question="Why are answers stale?",
            shows="Stale answers a second, by the reason for which Connect's own answer was not used.",
            good="None; revalidating is harmless. connection_refused, timeouts, upstream_status: Connect fails.",
            page=runbook("StaleRunsOut"),
        ),
        Line(
            legend="{{why}}",
            query=or_zero_of(stale, "why", "connection_refused"),
        ),
        unit=Unit.PER_SECOND,
        shape=Shape.STACK,
    )


def _dropped() -> Panel:
    went = total(per_minute("invalidated_responses_total"), by=("cause",))
    evicted = total(per_minute("evictions_total"))
    return graph(
        About(
            question="What leaves the store before its time?",
            shows="Stored answers a minute that went: for room, because of a write, or purged by an operator.",
            good="Writes only. For room, all the time: the store is too small for what is read.",
            page=CACHE,
        ),
        Line(legend="for room", colour=Colour.CAUTION, query=or_zero(evicted)),
        Line(legend="{{cause}}", query=or_zero_of(went, "cause", "write_applied")),
        unit=Unit.PER_MINUTE,
        shape=Shape.STACK,
        words=(
            ("write_applied", Colour.CONNECT),
            ("write_unknown", Colour.BAD),
            ("write_refused", Colour.QUIET),
            ("purge", Colour.LIMITED),
        ),
    )


def _fullness() -> Panel:
    used = f"100 * {series('stored_bytes')} / ({series('store_limit_bytes')} > 0)"
    return graph(
        About(
            question="Which stores are full?",
            shows="The five fullest stores: bytes in use, in percent of `cache.store_bytes`.",
            good="Below 100. At 100 every new answer drops an old one.",
            page=CACHE,
        ),
        Line(legend=POD_NAME, query=top(5, greatest(used, by=(POD,)))),
        Line(legend="full", colour=Colour.BAD, stroke=Stroke.BOUND, query="vector(100)"),
        unit=Unit.PERCENT,
    )


def _change_checks() -> Panel:
    checks = total(rate("background_requests_total"), by=("outcome",))
    return graph(
        About(
            question="Do change checks pay off?",
            shows="Requests that no client waits for, by how they ended, against answers without Connect (dashed).",
            good="The stack stays below the dashed line: we never ask more than we save.",
            page=runbook("Amplifying"),
        ),
        Line(legend="{{outcome}}", query=or_zero_of(checks, "outcome", "done")),
        Line(
            legend="answers without Connect",
            colour=Colour.COMPARED,
            stroke=Stroke.BOUND,
            query=or_zero(total(rate("requests_total", _WITHOUT_CONNECT))),
        ),
        unit=Unit.PER_SECOND,
        shape=Shape.STACK,
        words=(
            ("done", Colour.CONNECT),
            ("refused", Colour.CAUTION),
            ("too_large", Colour.LIMITED),
            ("failed", Colour.BAD),
        ),
    )


def _would_be_hits() -> Panel:
    compared = total(rate("would_be_hits_total"), by=("bytes",))
    return graph(
        About(
            question="Would cached answers have been right?",
            shows="In mode observe: reads that the store could have answered, compared with what Connect then said.",
            good="Right only. Wrong: Connect had changed within the time an answer counts as fresh. Other modes: 0.",
            page=CACHE,
        ),
        Line(legend="{{bytes}}", query=or_zero_of(compared, "bytes", "right")),
        unit=Unit.PER_SECOND,
        shape=Shape.STACK,
        words=(("right", Colour.GOOD), ("wrong", Colour.BAD)),
    )


ROWS = (
    Row(
        heading="Cache: what is answered without Connect, and what is not?",
        height=8,
        panels=((8, _without_connect()), (8, _forwarded()), (8, _resources())),
    ),
    Row(height=8, panels=((8, _why_stale()), (8, _not_stored()), (8, _dropped()))),
    Row(height=8, panels=((8, _fullness()), (8, _change_checks()), (8, _would_be_hits()))),
)
