"""Which recordings and alerts there are, in the order in which Prometheus works them out.

What an alert compares stands before it in the same group, so that both are of one moment.
"""

from dashboards import alerts, recordings
from dashboards.rule_file import Group
from dashboards.rule_file import render as render_groups

GROUPS = (
    Group(
        name="connect-sidecar-clients",
        rules=(
            recordings.WORKLOAD_REQUESTS,
            recordings.WORKLOAD_REQUESTS_LONG,
            recordings.WORKLOAD_ERROR_RATIO,
            recordings.REQUESTS,
            recordings.ERROR_RATIO,
            recordings.ERROR_RATIO_LONG,
            recordings.AGE_BEYOND_BOUND,
            recordings.STALE_LEFT,
            recordings.STALE_RUNNING_OUT,
            alerts.CLIENT_ERRORS,
            alerts.AGE_BOUND_BROKEN,
            alerts.STALE_RUNS_OUT,
        ),
    ),
    Group(
        name="connect-sidecar-connect",
        rules=(
            recordings.UPSTREAM_REQUESTS,
            recordings.PER_REQUEST,
            recordings.PODS_WITHOUT_CONNECT,
            recordings.PODS_COLD_AND_DOWN,
            *alerts.CONNECT_DOWN,
            alerts.COLD_AND_DOWN,
            alerts.AMPLIFYING,
        ),
    ),
    Group(
        name="connect-sidecar-tokens",
        rules=(
            recordings.TOKENS_REFUSED,
            recordings.TOKEN_EXPIRY_BY_TOKEN,
            *alerts.TOKENS_REFUSED,
            *alerts.TOKEN_EXPIRING,
        ),
    ),
    Group(
        name="connect-sidecar-self",
        rules=(
            recordings.AUDIT_LOST,
            recordings.PODS_DOWN,
            recordings.PODS_RESTARTING,
            recordings.MEMORY_USED,
            recordings.PODS_REFUSING_RELOAD,
            recordings.PODS_WITH_LANE_CLOSED,
            alerts.AUDIT_LOST,
            *alerts.SIDECAR_SICK,
        ),
    ),
)
RECORDINGS = tuple(rule for group in GROUPS for rule in group.rules if isinstance(rule, recordings.Recording))
ALERTS = tuple(rule for group in GROUPS for rule in group.rules if isinstance(rule, alerts.Alert))


def render() -> str:
    """Return the rule file."""
    return render_groups(GROUPS)
