"""What lines can say: the closed list of events, and which fields each may have, in the order of the line.

docs/metrics.md tells operators the same; a contract test compares. A field that is not in this table never leaves: the
renderer takes what stands here, nothing else. `cache` and `why` are the label values of the metrics.
"""

from collections.abc import Mapping
from enum import StrEnum


class LogEvent(StrEnum):
    """What a line is about."""

    PHASE = "sidecar.phase"
    NOTE = "sidecar.note"
    FAULT = "sidecar.fault"
    UNWISE = "config.unwise"
    RELOADED = "settings.reloaded"
    MODE_CHANGED = "mode.changed"
    EXCHANGE = "exchange.finished"
    INVALIDATED = "responses.invalidated"
    PURGED = "responses.purged"
    WOULD_BE_WRONG = "hit.would_be_wrong"
    DOWN = "upstream.down"
    RECOVERED = "upstream.recovered"
    SWITCHED = "upstream.switched"
    STALE = "answers.stale"
    FRESH_AGAIN = "answers.fresh_again"
    FAILING = "answers.failing"
    WORKING_AGAIN = "answers.working_again"
    AUDIT_FAILING = "audit.failing"
    AUDIT_RESUMED = "audit.resumed"
    LANE_CLOSED = "express_lane.closed"
    EXCEEDED = "limits.exceeded"
    KEPT_AGAIN = "limits.kept_again"
    LIBRARY = "library.message"
    LEFT_OUT = "log.left_out"
    LOST = "log.lost"


LEAD = ("ts", "level", "event")
"""What every line begins with."""

FIELDS: Mapping[LogEvent, tuple[str, ...]] = {
    LogEvent.PHASE: ("phase", "version"),
    LogEvent.NOTE: ("note",),
    LogEvent.FAULT: ("fault",),
    LogEvent.UNWISE: ("setting", "problem"),
    LogEvent.RELOADED: ("outcome", "problems", "changed", "pending", "ignored"),
    LogEvent.MODE_CHANGED: ("before", "mode"),
    LogEvent.EXCHANGE: (
        "trace_id",
        "token",
        "peer",
        "method",
        "resource",
        "vault",
        "item",
        "file",
        "version",
        "status",
        "cache",
        "why",
        "age_s",
        "stale_left_s",
        "attempts",
        "upstream_ms",
        "total_ms",
    ),
    LogEvent.INVALIDATED: ("resource", "outcome", "removed"),
    LogEvent.PURGED: ("removed",),
    LogEvent.WOULD_BE_WRONG: ("resource",),
    LogEvent.DOWN: ("endpoint", "why", "failed"),
    LogEvent.RECOVERED: ("endpoint", "why", "failed", "outage_s"),
    LogEvent.SWITCHED: ("endpoint",),
    LogEvent.STALE: ("why",),
    LogEvent.FRESH_AGAIN: ("why", "duration_s", "count"),
    LogEvent.FAILING: ("why",),
    LogEvent.WORKING_AGAIN: ("why", "duration_s", "count"),
    LogEvent.AUDIT_FAILING: ("why", "lost"),
    LogEvent.AUDIT_RESUMED: ("lost",),
    LogEvent.LANE_CLOSED: ("why",),
    LogEvent.EXCEEDED: ("token", "budget", "enforced"),
    LogEvent.KEPT_AGAIN: ("token", "budget", "enforced", "duration_s", "count"),
    LogEvent.LIBRARY: ("library", "where", "error"),
    LogEvent.LEFT_OUT: ("of", "token", "resource", "cache", "why", "library", "where", "count", "interval_s"),
    LogEvent.LOST: ("count",),
}
