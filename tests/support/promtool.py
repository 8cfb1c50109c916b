"""Fleets of sidecars as promtool knows them: series over time, and which alerts fire at some point of it.

A pod is healthy but for what a case says. Time is counted in minutes, one sample and one evaluation each.
"""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

MINUTES = 200
CONNECT = "connect:8080"


def always(value: float) -> str:
    """Return a gauge that stays as it is."""
    return f"{value}+0x{MINUTES}"


def growing(per_minute: float, *, start: float = 0) -> str:
    """Return a counter that grows as long as anybody looks."""
    return f"{start}+{per_minute}x{MINUTES}"


def once(minute: int) -> str:
    """Return a counter that rises in that minute and never again."""
    return f"0+0x{minute - 1} 1+0x{MINUTES}"


_HEALTHY = {
    'requests_total{cache="hit",result="ok"}': growing(100),
    'requests_total{cache="forwarded",result="error"}': growing(0),
    'requests_total{cache="forwarded",result="refused"}': growing(5),
    'upstream_requests_total{cause="read",result="2xx"}': growing(20),
    "upstream_up": always(1),
    "stored_responses": always(30),
    "stale_seconds_left": always(14_400),
    'oldest_age_served_seconds{cache="hit"}': always(55),
    'oldest_age_served_seconds{cache="stale"}': always(0),
    'age_bound_seconds{cache="hit"}': always(60),
    'age_bound_seconds{cache="stale"}': always(14_460),
    'token_requests_total{token="ci",cache="hit"}': growing(100),
    'token_refusals_total{token="ci"}': always(0),
    'token_expiry_timestamp_seconds{token="ci"}': always(40 * 86_400),
    "audit_lost_total": always(0),
    "process_start_time_seconds": always(1),
    "process_resident_memory_bytes": always(80),
    "process_memory_limit_bytes": always(128),
    "reload_refused": always(0),
    'express_lane_closed_total{why="mismatch"}': always(0),
    'express_lane_closed_total{why="fault"}': always(0),
    'express_lane_closed_total{why="unknown_aiohttp"}': always(0),
}
IDLE = {name: always(7) for name in _HEALTHY if name.partition("{")[0].endswith("requests_total")}
"""Nobody asks; the counters stand where they stood."""


def fleet(
    pods: int,
    changed: Mapping[str, str] | None = None,
    *,
    workload: str = "billing",
    upstream: str = CONNECT,
    first: int = 1,
) -> dict[str, str]:
    """Return the series of so many pods, healthy but for what is changed."""
    series = {}
    for number in range(first, first + pods):
        target = (
            f'job="connect-sidecar",instance="10.0.{len(workload)}.{number}:8181",namespace="shop",'
            f'workload="{workload}",pod="{workload}-{number}"'
        )
        metrics = {f'upstream_info{{upstream="{upstream}"}}': always(1), **_HEALTHY, **(changed or {})}
        for metric, values in metrics.items():
            name, _, labels = metric.rstrip("}").partition("{")
            prefix = "" if name == "up" else "connect_sidecar_"
            series[f"{prefix}{name}{{{','.join(filter(None, (labels, target)))}}}"] = values
        series.setdefault(f"up{{{target}}}", always(1))
    return series


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """One alert that fires: its labels besides the name, and what it says."""

    name: str
    severity: str
    upstream: str = CONNECT
    more_labels: Mapping[str, str] = field(default_factory=dict)
    says: Mapping[str, str] = field(default_factory=dict)

    @property
    def labels(self) -> dict[str, str]:
        return {"severity": self.severity, "upstream": self.upstream, **self.more_labels}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a Prometheus has seen, and all alerts that fire at that minute: no more and no fewer."""

    behaviour: str
    series: Mapping[str, str]
    at_minute: int
    firing: tuple[Firing, ...] = ()


def run(case: Case, rules: Path, runbook_url: str, directory: Path) -> str:
    """Have promtool try a case; return what it complains of, empty when nothing."""
    at = f"{case.at_minute}m"
    fires = [
        "ALERTS" + _selector({"alertname": firing.name, "alertstate": "firing", **firing.labels})
        for firing in case.firing
    ]
    document = {
        "rule_files": [str(rules)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "name": case.behaviour,
                "interval": "1m",
                "input_series": [
                    {"series": series, "values": values} for series, values in case.series.items()
                ],
                "promql_expr_test": [
                    {
                        "expr": 'ALERTS{alertstate="firing"}',
                        "eval_time": at,
                        "exp_samples": [{"labels": labels, "value": 1} for labels in fires],
                    }
                ],
                "alert_rule_test": [
                    {
                        "eval_time": at,
                        "alertname": name,
                        "exp_alerts": [
                            {
                                "exp_labels": firing.labels,
                                "exp_annotations": {
                                    **firing.says,
                                    "runbook_url": f"{runbook_url}#{name.lower()}",
                                },
                            }
                            for firing in case.firing
                            if firing.name == name
                        ],
                    }
                    for name in sorted({firing.name for firing in case.firing if firing.says})
                ],
            }
        ],
    }
    file = directory / "case.json"
    file.write_text(json.dumps(document))
    ran = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, check=False)
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr


def _selector(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in sorted(labels.items())) + "}"
