"""What people may want otherwise than we do: names of labels, windows, thresholds, severities, where the runbook is.

The only place for it, as `config.libsonnet` is in a monitoring mixin: change it here, then `make dashboards`.
"""

from dataclasses import dataclass, field

MINUTE_SECONDS = 60
HOUR_SECONDS = 60 * MINUTE_SECONDS
DAY_SECONDS = 24 * HOUR_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Names of labels that are not ours: Prometheus or its relabelling attaches them to every target."""

    namespace: str = "namespace"
    workload: str = "workload"
    """The Deployment, StatefulSet, DaemonSet or Job of the pod."""
    pod: str = "pod"
    job: str = "job"
    target: tuple[str, ...] = ("job", "instance")
    """Together they tell one sidecar from all others; with several clusters in one Prometheus, add theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """How far queries look back, as PromQL durations."""

    short: str = "5m"
    """Rates. Four scrapes must fit in, so scrape at least once a minute. The metrics' own window is the same."""
    long: str = "1h"
    """The second window of the error budget: a burst that is over no longer pages."""
    bound: str = "6m"
    """A bound that a reload has just lowered counts as it was, while ages served under it are still shown."""
    tokens: str = "10m"
    token_use: str = "2h"  # noqa: S105 - a duration
    """A token without a request in so long is out of use: its expiry concerns nobody. External Secrets asks hourly."""
    audit: str = "10m"
    restarts: str = "30m"
    memory_of_upstreams: str = "1d"
    """A target that is down no longer says which upstream it has; for so long its job is remembered by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Severities:
    """What the routing of Alertmanager makes of an alert, as values of the label `severity`."""

    page: str = "page"
    page_in_hours: str = "page_in_hours"
    """Somebody must act, but nobody's night gets better by it."""
    ticket: str = "ticket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Where an alert begins. Ratios are from 0 to 1."""

    error_budget_ratio: float = 0.001
    """99.9 % of client requests come to something other than an error."""
    burn_rate: float = 14.4
    """At this pace 2 % of a month's budget are gone within an hour."""
    client_requests_per_second: float = 0.2
    """Below it one error in five minutes is over any budget."""
    stale_left_seconds: float = 30 * MINUTE_SECONDS
    stale_left_ratio: float = 0.5
    """Where a sidecar's whole bound is shorter than an hour, half of it is late enough."""
    pods_without_connect_few_ratio: float = 0.05
    pods_without_connect_most_ratio: float = 0.5
    age_beyond_bound_seconds: float = 5
    refused_tokens_one: int = 1
    refused_tokens_many: int = 3
    token_expiry_soon_seconds: int = 14 * DAY_SECONDS
    token_expiry_now_seconds: int = DAY_SECONDS
    upstream_requests_per_request: float = 1
    upstream_requests_per_second: float = 0.05
    """Three a minute: less harms no Connect, and ratios of less mean nothing."""
    pods_down_ratio: float = 0.05
    restarts: int = 2
    memory_ratio: float = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of it."""

    labels: Labels = field(default_factory=Labels)
    windows: Windows = field(default_factory=Windows)
    severities: Severities = field(default_factory=Severities)
    thresholds: Thresholds = field(default_factory=Thresholds)
    standalone_workloads: str = ".*connect-sidecar.*"
    """Regular expression of the workloads that stand in front of Connect for everybody. All others are beside one
    application, which has its stored answers when Connect is down: no reason to wake anybody."""
    runbook_url: str = "https://example.com/connect-sidecar/docs/runbook.md"
    """Where docs/runbook.md is read; an alert's entry is its name in lower case behind the #."""


SETTINGS = Settings()
