"""PromQL that rules and dashboards share: figures of one target, and how they come together by upstream.

An expression of a target has one series per sidecar and keeps the labels it was scraped with (namespace, workload,
pod). Conditions are 0 or 1, so that a sum counts pods and a quiet fleet says 0, not nothing.
"""

from textwrap import indent

from dashboards.settings import SETTINGS, Settings

UPSTREAM = "upstream"
SHAPE, STANDALONE, SIDECAR = "shape", "standalone", "sidecar"
UPSTREAM_INFO = "connect_sidecar_upstream_info"
UNNAMED_TOKEN = "token-[0-9a-f]{8}"  # noqa: S105 - the name of a token without one, other in every process

_LABELS = SETTINGS.labels
TARGET = ", ".join(_LABELS.target)
WORKLOAD = ", ".join((_LABELS.namespace, _LABELS.workload))


def inner(expression: str) -> str:
    """Return the expression in parentheses, on lines of its own where it has several."""
    return f"(\n{indent(expression, '  ')}\n)" if "\n" in expression else f"({expression})"


def with_upstream(of_target: str, *, upstream: str = "") -> str:
    """Return the figure with the label of the upstream the target asks; only those of one, where it is given."""
    return f"{of_target}\n* on ({TARGET}) group_left ({UPSTREAM}) {UPSTREAM_INFO}{_only(upstream)}"


def _only(upstream: str) -> str:
    return f'{{{UPSTREAM}="{upstream}"}}' if upstream else ""


def share_by(labels: str, condition: str) -> str:
    """Return the part for which a condition is 1. Not `avg`, which makes one of twenty a little more than 0.05."""
    return f"sum by ({labels}) {inner(condition)}\n/ count by ({labels}) {inner(condition)}"


def by_upstream(operator: str, of_target: str, *more_labels: str) -> str:
    """Bring targets together, by upstream and further labels."""
    return f"{operator} by ({', '.join((UPSTREAM, *more_labels))}) {inner(with_upstream(of_target))}"


def by_workload(operator: str, of_target: str, *more_labels: str) -> str:
    """Bring targets together, by workload, upstream and further labels."""
    labels = ", ".join((WORKLOAD, UPSTREAM, *more_labels))
    return f"{operator} by ({labels}) {inner(with_upstream(of_target))}"


def workloads_of(of_target: str, upstream: str) -> str:
    """Return the workloads of one upstream with the most of it."""
    return f"topk(5, sum by ({WORKLOAD}) {inner(with_upstream(of_target, upstream=upstream))} > 0)"


def with_shape(expression: str, settings: Settings = SETTINGS) -> str:
    """Say of every series whether its workload stands before Connect for all, or beside one application."""
    return (
        f'label_replace(\n  label_replace(\n{indent(expression, "    ")},\n    "{SHAPE}", "{SIDECAR}", "", ""\n  ),\n'
        f'  "{SHAPE}", "{STANDALONE}", "{settings.labels.workload}", "{settings.standalone_workloads}"\n)'
    )


_SHORT = SETTINGS.windows.short
_LIMITS = SETTINGS.thresholds


def has_more(counter: str) -> str:
    """Return the targets whose counter has grown lately: whatever else is asked of them, there is traffic."""
    return f"sum by ({TARGET}) (rate({counter}[{_SHORT}])) > 0"


CLIENT_REQUESTS = f"rate(connect_sidecar_requests_total[{_SHORT}])"
CLIENT_ERRORS = f'rate(connect_sidecar_requests_total{{result="error"}}[{_SHORT}])'
UPSTREAM_REQUESTS = f"rate(connect_sidecar_upstream_requests_total[{_SHORT}])"

# Only of targets that ask Connect: one that has not tried says nothing about it.
WITHOUT_CONNECT = f"""\
(
  (connect_sidecar_upstream_up == bool 0)
  and on ({TARGET}) {has_more("connect_sidecar_upstream_requests_total")}
)"""

# Only of targets that have clients: an empty store harms nobody else.
COLD_AND_DOWN = f"""\
(
  (connect_sidecar_stored_responses == bool 0) * (connect_sidecar_upstream_up == bool 0)
  and on ({TARGET}) {has_more("connect_sidecar_requests_total")}
)"""

# Nothing served stale: the whole bound is left, which is above any part of it.
RUNNING_OUT_OF_STALE = f"""\
(connect_sidecar_stale_seconds_left < bool {_LIMITS.stale_left_seconds:g})
* (
  connect_sidecar_stale_seconds_left
  < bool ignoring (cache) {_LIMITS.stale_left_ratio:g} * connect_sidecar_age_bound_seconds{{cache="stale"}}
)"""

AGE_BEYOND_BOUND = f"""\
(
  connect_sidecar_oldest_age_served_seconds
  - max_over_time(connect_sidecar_age_bound_seconds[{SETTINGS.windows.bound}])
)"""

TOKEN_EXPIRY = f"""\
(
  connect_sidecar_token_expiry_timestamp_seconds
  and on ({TARGET}, token)
    sum by ({TARGET}, token) (increase(connect_sidecar_token_requests_total[{SETTINGS.windows.token_use}])) > 0
)"""


def expires_within(seconds: int) -> str:
    """Return 1 for every token in use that expires within this, else 0."""
    return f"({TOKEN_EXPIRY} - time() < bool {seconds})"


AUDIT_LOST = f"increase(connect_sidecar_audit_lost_total[{SETTINGS.windows.audit}])"

# A limit of 0 is none: that memory can't run out here.
MEMORY_USED = """\
(
  connect_sidecar_process_resident_memory_bytes / (connect_sidecar_process_memory_limit_bytes > 0)
  or 0 * connect_sidecar_process_resident_memory_bytes
)"""

REFUSING_RELOAD = "connect_sidecar_reload_refused"

# Not where aiohttp is of another release: that is known from the start, and only slower.
LANE_CLOSED = """\
(
  sum without (why) (connect_sidecar_express_lane_closed_total{why=~"mismatch|fault"}) > bool 0
)"""


def jobs_of(upstream: str = "") -> str:
    """Return jobs with their upstreams. Who is down does not say whom it asks; its job has said so before."""
    remembered = f"{UPSTREAM_INFO}{_only(upstream)}[{SETTINGS.windows.memory_of_upstreams}]"
    return f"group by ({_LABELS.job}, {UPSTREAM}) (last_over_time({remembered}))"


def workloads_down(upstream: str) -> str:
    """Return the workloads of which most pods do not answer Prometheus."""
    return f"topk(5, count by ({WORKLOAD}) (up == 0 and on ({_LABELS.job}) {jobs_of(upstream)}))"


def restarting(upstream: str = "") -> str:
    """Return 1 for every target that keeps restarting, else 0, with its upstream.

    Those that keep crashing are down most of the time: the window's last word about their upstream counts.
    """
    window = SETTINGS.windows.restarts
    return (
        f"(changes(connect_sidecar_process_start_time_seconds[{window}]) > bool {_LIMITS.restarts})\n"
        f"* on ({TARGET}) group_left ({UPSTREAM})\n"
        f"  topk by ({TARGET}) (1, last_over_time({UPSTREAM_INFO}{_only(upstream)}[{window}]))"
    )


def workloads_restarting(upstream: str) -> str:
    """Return the workloads with the most pods that keep restarting."""
    return f"topk(5, sum by ({WORKLOAD}) {inner(restarting(upstream))} > 0)"


def refused_tokens(matcher: str = "") -> str:
    """Return 1 for every token of a target that was refused lately, else 0."""
    counter = (
        f"connect_sidecar_token_refusals_total{{{matcher}}}"
        if matcher
        else "connect_sidecar_token_refusals_total"
    )
    return f"(increase({counter}[{SETTINGS.windows.tokens}]) > bool 0)"
