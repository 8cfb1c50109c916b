"""The sidecar itself: memory, time, connections, and whether what it reports arrives."""

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
    rate,
    series,
    top,
    total,
)
from dashboards.settings import SETTINGS

TOO_FULL = 100 * SETTINGS.thresholds.memory_ratio
SIDECAR = about("the-sidecar-itself")
_SICK = runbook("SidecarSick")


def _worst(vector: str) -> str:
    return top(5, greatest(vector, by=(POD,)))


def _memory() -> Panel:
    used, limit = series("process_resident_memory_bytes"), series("process_memory_limit_bytes")
    share = f"100 * {used} / ({limit} > 0)"
    return graph(
        About(
            question="Is memory near its limit?",
            shows="The five pods that use the most of their memory limit.",
            good=f"Below {TOO_FULL:g} (dashed). At 100 the kernel ends the sidecar, and its store is gone.",
            page=_SICK,
        ),
        Line(legend=POD_NAME, query=or_zero_of(_worst(share), POD, "no limit")),
        Line(
            legend="too much",
            colour=Colour.BAD,
            stroke=Stroke.BOUND,
            query=f"vector({TOO_FULL:g})",
        ),
        unit=Unit.PERCENT,
    )


def _bytes() -> Panel:
    return graph(
        About(
            question="How much memory is used?",
            shows="Resident memory of the five largest sidecars, and bodies held for requests in all of them.",
            good="Level after the first hour. It rises with the store up to `cache.store_bytes`, then no more.",
            page=_SICK,
        ),
        Line(legend=POD_NAME, query=_worst(series("process_resident_memory_bytes"))),
        Line(legend="held bodies", colour=Colour.LIMITED, query=or_zero(total(series("buffered_bytes")))),
        unit=Unit.BYTES,
    )


def _lag() -> Panel:
    return graph(
        About(
            question="Does the sidecar keep up?",
            shows="By how much the busiest five pods were late for their own clock, at worst in a minute.",
            good="A few milliseconds. Above 100 ms (dashed) clients notice: too little CPU, or a throttled pod.",
            page=_SICK,
        ),
        Line(legend=POD_NAME, query=_worst(series("event_loop_lag_seconds"))),
        Line(legend="noticed", colour=Colour.BAD, stroke=Stroke.BOUND, query="vector(0.1)"),
        unit=Unit.SECONDS,
    )


def _cpu() -> Panel:
    return graph(
        About(
            question="How much CPU is used?",
            shows="Cores in use, of the five busiest pods. One sidecar uses one core at most.",
            good="Well below 1.",
            page=_SICK,
        ),
        Line(legend=POD_NAME, query=_worst(rate("process_cpu_seconds_total"))),
        unit=Unit.CORES,
    )


def _clients() -> Panel:
    turned_away = total(per_minute("client_connections_turned_away_total"))
    return graph(
        About(
            question="How many clients are connected?",
            shows="Open connections and requests under way in all pods, and connections turned away.",
            good="Nobody turned away. Many connections with few requests: clients that never close.",
            page=SIDECAR,
        ),
        Line(legend="connections", colour=Colour.CONNECT, query=or_zero(total(series("client_connections")))),
        Line(
            legend="requests under way",
            colour=Colour.GOOD,
            query=or_zero(total(series("requests_under_way"))),
        ),
        Line(legend="turned away, a minute", colour=Colour.BAD, query=or_zero(turned_away)),
        unit=Unit.COUNT,
    )


def _files() -> Panel:
    share = f"100 * {series('process_open_fds')} / ({series('process_max_fds')} > 0)"
    return graph(
        About(
            question="Do pods run out of files?",
            shows="The five pods with the most open files and sockets, in percent of their limit.",
            good="Below 80 (dashed). At 100 no connection can be made.",
            page=SIDECAR,
        ),
        Line(legend=POD_NAME, query=_worst(share)),
        Line(legend="nearly out", colour=Colour.BAD, stroke=Stroke.BOUND, query="vector(80)"),
        unit=Unit.PERCENT,
    )


def _lost() -> Panel:
    def line(legend: str, colour: Colour, counter: str) -> Line:
        return Line(legend=legend, colour=colour, query=or_zero(total(per_minute(counter))))

    return graph(
        About(
            question="Is anything lost on its way out?",
            shows="Audit records, log lines and spans a minute that could not be written or sent.",
            good="0. Spans: the collector is away. Log lines: stdout is not read fast enough. Audit: act now.",
            page=runbook("AuditLost"),
        ),
        line("audit records", Colour.BAD, "audit_lost_total"),
        line("log lines", Colour.CAUTION, "log_lines_lost_total"),
        line("spans", Colour.LIMITED, "spans_lost_total"),
        unit=Unit.PER_MINUTE,
        shape=Shape.STACK,
    )


def _audited() -> Panel:
    answered = total(rate("requests_total", 'cache=~"hit|stale|collapsed"'))
    recorded = rate("audit_reads_total", 'how!="background"')  # which Connect has heard of
    return graph(
        About(
            question="Is every cached read in the audit?",
            shows="Reads in the audit a second, by how they were answered, against answers without Connect (dashed).",
            good="The stack touches the dashed line, a few seconds later.",
            page=runbook("AuditLost"),
        ),
        Line(legend="{{how}}", query=or_zero_of(total(recorded, by=("how",)), "how", "hit")),
        Line(
            legend="answers without Connect",
            colour=Colour.COMPARED,
            stroke=Stroke.BOUND,
            query=or_zero(answered),
        ),
        unit=Unit.PER_SECOND,
        shape=Shape.STACK,
        words=(
            ("hit", Colour.HIT),
            ("stale", Colour.STALE),
            ("collapsed", Colour.SHARED),
        ),
    )


def _restarts() -> Panel:
    restarted = f"changes({series('process_start_time_seconds')}[5m])"
    return graph(
        About(
            question="Do sidecars restart?",
            shows="How often sidecars began anew in the same pod, and how many refuse their changed settings.",
            good="0. A restart empties the store. Refused settings: the old ones go on; the log says what is wrong.",
            page=_SICK,
        ),
        Line(legend="restarts in 5 min", colour=Colour.BAD, query=or_zero(total(restarted))),
        Line(
            legend="settings refused",
            colour=Colour.CAUTION,
            query=or_zero(total(series("reload_refused"))),
        ),
        unit=Unit.COUNT,
    )


def _versions() -> Panel:
    running = f"count by (version) ({series('build_info')})"
    return graph(
        About(
            question="Which versions run?",
            shows="Pods by the version of their sidecar.",
            good="One, or two while a new one is rolled out.",
            page=SIDECAR,
        ),
        Line(legend="{{version}}", stroke=Stroke.STEPS, query=running),
        unit=Unit.COUNT,
    )


def _modes() -> Panel:
    return graph(
        About(
            question="In which mode are sidecars?",
            shows="Pods by mode: cache, observe (everything is passed on and compared), passthrough (passed on).",
            good="The mode you have chosen, everywhere. An operator's switch lasts until the next start.",
            page=SIDECAR,
        ),
        Line(
            legend="{{mode}}",
            query=or_zero_of(total(series("mode"), by=("mode",)), "mode", "cache"),
        ),
        unit=Unit.COUNT,
        shape=Shape.STACK,
        words=(("cache", Colour.GOOD), ("observe", Colour.CONNECT), ("passthrough", Colour.CAUTION)),
    )


def _sent() -> Panel:
    return graph(
        About(
            question="Is the sidecar heard?",
            shows="Audit records and spans that were written or sent, a second.",
            good="Audit records while secrets are read; spans where tracing is on.",
            page=SIDECAR,
        ),
        Line(
            legend="records",
            colour=Colour.GOOD,
            query=or_zero(total(rate("audit_records_total"))),
        ),
        Line(legend="spans", colour=Colour.LIMITED, query=or_zero(total(rate("spans_exported_total")))),
        unit=Unit.ANSWERS_PER_SECOND,
    )


ROWS = (
    Row(
        heading="The sidecar itself: is it well, and is it heard?",
        height=8,
        panels=((8, _memory()), (8, _bytes()), (8, _lag())),
    ),
    Row(height=8, panels=((8, _cpu()), (8, _clients()), (8, _files()))),
    Row(height=8, panels=((8, _lost()), (8, _audited()), (8, _sent()))),
    Row(height=8, panels=((8, _restarts()), (8, _versions()), (8, _modes()))),
)
