"""The alerts: one per upstream, never per pod, in words for somebody who has just been woken.

An alert is a set of conditions that must all hold: each compares a figure, so that the figures can be tested and drawn
by themselves. Each name has an entry in docs/runbook.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dashboards import queries, recordings
from dashboards.queries import SHAPE, SIDECAR, STANDALONE, UPSTREAM
from dashboards.settings import SETTINGS

_LABELS = SETTINGS.labels
_LIMITS = SETTINGS.thresholds
_SEVERITIES = SETTINGS.severities
_THIS_UPSTREAM = f"{{{{ $labels.{UPSTREAM} }}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A figure, and the comparison that it must pass: `figure` alone always has a value while there is traffic."""

    figure: str
    comparison: str

    def __str__(self) -> str:
        return f"{self.figure} {self.comparison}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alerting rule. `affected` says who has it; the conditions must last for `hold`, where it is given."""

    name: str
    severity: str
    conditions: tuple[Condition, ...]
    hold: str = ""
    summary: str
    affected: str
    more_labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def expression(self) -> str:
        return "\nand ".join(str(condition) for condition in self.conditions)

    @property
    def labels(self) -> Mapping[str, str]:
        return {"severity": self.severity, **self.more_labels}

    @property
    def annotations(self) -> Mapping[str, str]:
        return {
            "summary": self.summary,
            "affected": self.affected,
            "runbook_url": f"{SETTINGS.runbook_url}#{self.name.lower()}",
        }


def _listed(query: str) -> str:
    """Return a template that names the workloads that a query finds for the upstream of the alert."""
    name = "/".join(f"{{{{ $found.Labels.{label} }}}}" for label in (_LABELS.namespace, _LABELS.workload))
    one_line = " ".join(query.split())
    return (
        f"{{{{ range $i, $found := printf `{one_line}` $labels.{UPSTREAM} | query }}}}"
        f"{{{{ if $i }}}}, {{{{ end }}}}{name}{{{{ end }}}}"
    )


def _workloads(of_target: str) -> str:
    """Name the workloads with the most of it."""
    return _listed(queries.workloads_of(of_target, "%s"))


_BUDGET_BURNT = f"> {_LIMITS.burn_rate:g} * {_LIMITS.error_budget_ratio:g}"

CLIENT_ERRORS = Alert(
    name="ClientErrors",
    severity=_SEVERITIES.page,
    conditions=(
        Condition(figure=recordings.ERROR_RATIO.name, comparison=_BUDGET_BURNT),
        Condition(figure=recordings.ERROR_RATIO_LONG.name, comparison=_BUDGET_BURNT),
        Condition(figure=recordings.REQUESTS.name, comparison=f"> {_LIMITS.client_requests_per_second:g}"),
    ),
    hold="2m",
    summary=f"{{{{ $value | humanizePercentage }}}} of what applications ask of {_THIS_UPSTREAM} through "
    "connect-sidecar ends in an error.",
    affected=f"Most errors: {_workloads(queries.CLIENT_ERRORS)}",
)

STALE_RUNS_OUT = Alert(
    name="StaleRunsOut",
    severity=_SEVERITIES.page,
    conditions=(Condition(figure=recordings.STALE_RUNNING_OUT.name, comparison="> 0"),),
    hold="1m",
    summary=f"Connect at {_THIS_UPSTREAM} is away, and the stored answers that stand in for it may soon no longer "
    "be given: applications will then get errors.",
    affected=f'The first within {{{{ printf `{recordings.STALE_LEFT.name}{{{UPSTREAM}="%s"}}` $labels.{UPSTREAM} '
    f"| query | first | value | humanizeDuration }}}}. Pods: {{{{ $value }}}}, of "
    f"{_workloads(queries.RUNNING_OUT_OF_STALE)}",
)

COLD_AND_DOWN = Alert(
    name="ColdAndDown",
    severity=_SEVERITIES.page,
    conditions=(Condition(figure=recordings.PODS_COLD_AND_DOWN.name, comparison="> 0"),),
    hold="3m",
    summary=f"Pods have started with nothing stored while Connect at {_THIS_UPSTREAM} is away: their applications "
    "get no secret at all.",
    affected=f"Pods: {{{{ $value }}}}, of {_workloads(queries.COLD_AND_DOWN)}",
)


def _connect_down(severity: str, shape: str, *comparisons: str) -> Alert:
    figure = f'{recordings.PODS_WITHOUT_CONNECT.name}{{{SHAPE}="{shape}"}}'
    return Alert(
        name="ConnectDown",
        severity=severity,
        conditions=tuple(Condition(figure=figure, comparison=comparison) for comparison in comparisons),
        hold="5m",
        summary=f"Connect at {_THIS_UPSTREAM} does not answer {{{{ $value | humanizePercentage }}}} of the pods that "
        "ask it. What they have stored is served, labelled stale; everything else fails.",
        more_labels={SHAPE: shape},
        affected=f"Pods ({{{{ $labels.{SHAPE} }}}}) of: {_workloads(queries.WITHOUT_CONNECT)}",
    )


_FEW = f"> {_LIMITS.pods_without_connect_few_ratio:g}"
_MOST = f"{_LIMITS.pods_without_connect_most_ratio:g}"
CONNECT_DOWN = (
    _connect_down(_SEVERITIES.page, STANDALONE, f"> {_MOST}"),
    _connect_down(_SEVERITIES.ticket, STANDALONE, _FEW, f"<= {_MOST}"),
    _connect_down(_SEVERITIES.ticket, SIDECAR, _FEW),
)

AGE_BOUND_BROKEN = Alert(
    name="AgeBoundBroken",
    severity=_SEVERITIES.page,
    conditions=(
        Condition(
            figure=recordings.AGE_BEYOND_BOUND.name, comparison=f"> {_LIMITS.age_beyond_bound_seconds:g}"
        ),
    ),
    summary=f"connect-sidecar in front of {_THIS_UPSTREAM} has served an answer {{{{ $value | humanizeDuration }}}} "
    "older than its settings promise. That is a fault of connect-sidecar itself.",
    affected=f"Pods of: {_workloads(f'({queries.AGE_BEYOND_BOUND} > bool {_LIMITS.age_beyond_bound_seconds:g})')}",
)


def _tokens_refused(severity: str, *comparisons: str) -> Alert:
    return Alert(
        name="TokensRefused",
        severity=severity,
        conditions=tuple(
            Condition(figure=recordings.TOKENS_REFUSED.name, comparison=comparison)
            for comparison in comparisons
        ),
        hold="2m",
        summary=f"Connect at {_THIS_UPSTREAM} refuses access tokens that it accepted before: {{{{ $value }}}} within "
        "ten minutes.",
        affected=f"In use by: {_workloads(queries.refused_tokens())}",
    )


TOKENS_REFUSED = (
    _tokens_refused(_SEVERITIES.page, f">= {_LIMITS.refused_tokens_many}"),
    _tokens_refused(
        _SEVERITIES.ticket, f">= {_LIMITS.refused_tokens_one}", f"< {_LIMITS.refused_tokens_many}"
    ),
)


def _token_expiring(severity: str, seconds: int) -> Alert:
    expiry = recordings.TOKEN_EXPIRY_BY_TOKEN.name
    soonest = f'bottomk(1, {expiry}{{{UPSTREAM}="%s"}})'
    return Alert(
        name="TokenExpiring",
        severity=severity,
        conditions=(Condition(figure=f"min by ({UPSTREAM}) ({expiry}) - time()", comparison=f"< {seconds}"),),
        hold="1h",
        summary=f"An access token in use for Connect at {_THIS_UPSTREAM} expires in "
        "{{ $value | humanizeDuration }}. From then on its applications read nothing.",
        affected=f"Token {{{{ range printf `{soonest}` $labels.{UPSTREAM} | query }}}}{{{{ .Labels.token }}}}"
        f"{{{{ end }}}}, in use by: {_workloads(queries.expires_within(seconds))}",
    )


TOKEN_EXPIRING = (
    _token_expiring(_SEVERITIES.ticket, _LIMITS.token_expiry_soon_seconds),
    _token_expiring(_SEVERITIES.page, _LIMITS.token_expiry_now_seconds),
)

AUDIT_LOST = Alert(
    name="AuditLost",
    severity=_SEVERITIES.page_in_hours,
    conditions=(Condition(figure=recordings.AUDIT_LOST.name, comparison="> 0"),),
    hold="5m",
    summary=f"About {{{{ $value | humanize }}}} records of reads of secrets from {_THIS_UPSTREAM} could not be "
    "written to the audit within ten minutes: nobody will know of those reads.",
    affected=f"Most of them: {_workloads(queries.AUDIT_LOST)}",
)

AMPLIFYING = Alert(
    name="Amplifying",
    severity=_SEVERITIES.ticket,
    conditions=(
        Condition(
            figure=recordings.PER_REQUEST.name, comparison=f"> {_LIMITS.upstream_requests_per_request:g}"
        ),
        Condition(
            figure=recordings.UPSTREAM_REQUESTS.name,
            comparison=f"> {_LIMITS.upstream_requests_per_second:g}",
        ),
    ),
    hold="30m",
    summary=f"connect-sidecar sends {{{{ $value | humanize }}}} requests to Connect at {_THIS_UPSTREAM} for every "
    "request of an application: it costs Connect more than it saves.",
    affected=f"Most requests to Connect: {_workloads(queries.UPSTREAM_REQUESTS)}",
)


def _sidecar_sick(
    part: str, *, figure: recordings.Recording, comparison: str, hold: str = "", summary: str, affected: str
) -> Alert:
    return Alert(
        name="SidecarSick",
        severity=_SEVERITIES.ticket,
        conditions=(Condition(figure=figure.name, comparison=comparison),),
        hold=hold,
        summary=summary,
        affected=affected,
        more_labels={"part": part},
    )


SIDECAR_SICK = (
    _sidecar_sick(
        "down",
        figure=recordings.PODS_DOWN,
        comparison=f"> {_LIMITS.pods_down_ratio:g}",
        hold="10m",
        summary=f"{{{{ $value | humanizePercentage }}}} of the connect-sidecar pods in front of {_THIS_UPSTREAM} do "
        "not answer Prometheus: nobody sees how they are.",
        affected=f"Pods of: {_listed(queries.workloads_down('%s'))}",
    ),
    _sidecar_sick(
        "restarts",
        figure=recordings.PODS_RESTARTING,
        comparison="> 0",
        summary=f"connect-sidecar in front of {_THIS_UPSTREAM} keeps restarting, in pods: {{{{ $value }}}}. Each time "
        "it forgets all that was stored.",
        affected=f"Pods of: {_listed(queries.workloads_restarting('%s'))}",
    ),
    _sidecar_sick(
        "memory",
        figure=recordings.MEMORY_USED,
        comparison=f"> {_LIMITS.memory_ratio:g}",
        hold="15m",
        summary=f"A connect-sidecar pod in front of {_THIS_UPSTREAM} uses {{{{ $value | humanizePercentage }}}} of its "
        "memory limit. Beyond it, it is killed and forgets all that was stored.",
        affected=f"Pods of: {_workloads(f'({queries.MEMORY_USED} > bool {_LIMITS.memory_ratio:g})')}",
    ),
    _sidecar_sick(
        "reload",
        figure=recordings.PODS_REFUSING_RELOAD,
        comparison="> 0",
        hold="15m",
        summary=f"connect-sidecar in front of {_THIS_UPSTREAM} refuses its changed settings, in pods: {{{{ $value }}}}."
        " It goes on with the old ones, but a restart would fail.",
        affected=f"Pods of: {_workloads(queries.REFUSING_RELOAD)}",
    ),
    _sidecar_sick(
        "lane",
        figure=recordings.PODS_WITH_LANE_CLOSED,
        comparison="> 0",
        summary=f"connect-sidecar in front of {_THIS_UPSTREAM} has found a fault in its express lane and has turned "
        "that off, in pods: {{ $value }}. It answers on the full path, which is slower.",
        affected=f"Pods of: {_workloads(queries.LANE_CLOSED)}",
    ),
)
