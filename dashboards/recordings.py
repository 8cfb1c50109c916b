"""What Prometheus works out all the time: one figure per upstream (and workload) of what many sidecars export.

Names are `level:metric:operation`; the level says which labels are left. Alerts compare these figures, so that what
woke somebody is a line that can be drawn; panels over a fleet read them, too.
"""

from dataclasses import dataclass
from textwrap import indent

from dashboards import queries
from dashboards.queries import (
    SHAPE,
    TARGET,
    UPSTREAM,
    by_upstream,
    by_workload,
    inner,
    with_shape,
    with_upstream,
)
from dashboards.settings import SETTINGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recording rule."""

    name: str
    expression: str


_WINDOWS = SETTINGS.windows
_JOB = SETTINGS.labels.job


def _client_requests(name: str, window: str, *labels: str) -> Recording:
    rate = f"rate(connect_sidecar_requests_total[{window}])"
    return Recording(name=name, expression=by_workload("sum", rate, *labels))


def _error_ratio(name: str, requests: Recording, labels: str) -> Recording:
    """Part of client requests that came to an error; 0 where there are requests and none of them did."""
    every = f"sum by ({labels}) ({requests.name})"
    errors = f'sum by ({labels}) ({requests.name}{{result="error"}})'
    return Recording(name=name, expression=f"(\n  {errors}\n  or 0 * {every}\n)\n/ {every}")


WORKLOAD_REQUESTS = _client_requests(
    "workload:connect_sidecar_requests:rate5m", _WINDOWS.short, "cache", "result"
)
WORKLOAD_REQUESTS_LONG = _client_requests("workload:connect_sidecar_requests:rate1h", _WINDOWS.long, "result")
WORKLOAD_ERROR_RATIO = _error_ratio(
    "workload:connect_sidecar_client_errors:ratio_rate5m",
    WORKLOAD_REQUESTS,
    f"{SETTINGS.labels.namespace}, {SETTINGS.labels.workload}, {UPSTREAM}",
)
REQUESTS = Recording(
    name="upstream:connect_sidecar_requests:rate5m",
    expression=f"sum by ({UPSTREAM}) ({WORKLOAD_REQUESTS.name})",
)
ERROR_RATIO = _error_ratio("upstream:connect_sidecar_client_errors:ratio_rate5m", WORKLOAD_REQUESTS, UPSTREAM)
ERROR_RATIO_LONG = _error_ratio(
    "upstream:connect_sidecar_client_errors:ratio_rate1h", WORKLOAD_REQUESTS_LONG, UPSTREAM
)
AGE_BEYOND_BOUND = Recording(
    name="upstream:connect_sidecar_age_beyond_bound_seconds:max",
    expression=by_upstream("max", queries.AGE_BEYOND_BOUND),
)
STALE_LEFT = Recording(
    name="upstream:connect_sidecar_stale_seconds_left:min",
    expression=by_upstream("min", "connect_sidecar_stale_seconds_left"),
)
STALE_RUNNING_OUT = Recording(
    name="upstream:connect_sidecar_pods_running_out_of_stale:count",
    expression=by_upstream("sum", queries.RUNNING_OUT_OF_STALE),
)

UPSTREAM_REQUESTS = Recording(
    name="upstream:connect_sidecar_upstream_requests:rate5m",
    expression=by_upstream("sum", f"rate(connect_sidecar_upstream_requests_total[{_WINDOWS.short}])"),
)
PER_REQUEST = Recording(
    name="upstream:connect_sidecar_upstream_requests:per_request_rate5m",
    expression=f"{UPSTREAM_REQUESTS.name}\n/ {REQUESTS.name}",
)
PODS_WITHOUT_CONNECT = Recording(
    name="upstream:connect_sidecar_pods_without_connect:ratio",
    expression=queries.share_by(f"{UPSTREAM}, {SHAPE}", with_shape(with_upstream(queries.WITHOUT_CONNECT))),
)
PODS_COLD_AND_DOWN = Recording(
    name="upstream:connect_sidecar_pods_cold_and_down:count",
    expression=by_upstream("sum", queries.COLD_AND_DOWN),
)

# A token without a name is called otherwise in every pod: those of a fleet are taken to be the same ones.
_NAMED = by_upstream("max", queries.refused_tokens(f'token!~"{queries.UNNAMED_TOKEN}"'), "token")
_UNNAMED = by_upstream("sum", queries.refused_tokens(f'token=~"{queries.UNNAMED_TOKEN}"'), TARGET)
TOKENS_REFUSED = Recording(
    name="upstream:connect_sidecar_tokens_refused:count10m",
    expression=f"""\
sum by ({UPSTREAM}) (
  label_replace(
    sum by ({UPSTREAM}) {indent(inner(_NAMED), "    ").lstrip()},
    "tokens", "named", "", ""
  )
  or label_replace(
    max by ({UPSTREAM}) {indent(inner(_UNNAMED), "    ").lstrip()},
    "tokens", "unnamed", "", ""
  )
)""",
)
TOKEN_EXPIRY_BY_TOKEN = Recording(
    name="upstream_token:connect_sidecar_token_expiry_timestamp_seconds:min",
    expression=by_upstream("min", queries.TOKEN_EXPIRY, "token"),
)

AUDIT_LOST = Recording(
    name="upstream:connect_sidecar_audit_lost:increase10m", expression=by_upstream("sum", queries.AUDIT_LOST)
)
PODS_DOWN = Recording(
    name="upstream:connect_sidecar_pods_down:ratio",
    expression=f"max by ({UPSTREAM}) (\n  {indent(inner(queries.share_by(_JOB, 'up == bool 0')), '  ').lstrip()}\n"
    f"  * on ({_JOB}) group_right () {queries.jobs_of()}\n)",
)
PODS_RESTARTING = Recording(
    name="upstream:connect_sidecar_pods_restarting:count",
    expression=f"sum by ({UPSTREAM}) {inner(queries.restarting())}",
)
MEMORY_USED = Recording(
    name="upstream:connect_sidecar_memory_used:ratio", expression=by_upstream("max", queries.MEMORY_USED)
)
PODS_WITH_LANE_CLOSED = Recording(
    name="upstream:connect_sidecar_pods_with_lane_closed:count",
    expression=by_upstream("sum", queries.LANE_CLOSED),
)
PODS_REFUSING_RELOAD = Recording(
    name="upstream:connect_sidecar_pods_refusing_reload:count",
    expression=by_upstream("sum", queries.REFUSING_RELOAD),
)
