"""Addresses in Grafana's Explore: the log lines and the traces that belong to a row of a table.

A field in `${__data.fields...}` is a heading of that table. The words are those of our log lines and of OpenTelemetry.
"""

import json
from urllib.parse import quote

_AS_THEY_ARE = "${}"  # what Grafana puts in before the address is followed


def logs_of_errors(namespace: str, workload: str) -> str:
    """Return the address of the lines of requests that failed."""
    pods = f'{{namespace="{namespace}",pod=~"{workload}.*"}}'
    return _explore("logs", {"expr": f'{pods} |= "exchange.finished" | json | status=~"5..|408|429"'})


def traces_of_errors(namespace: str, workload: str) -> str:
    """Return the address of the traces with a failed span."""
    pods = f'resource.k8s.namespace.name="{namespace}" && resource.k8s.pod.name=~"{workload}.*"'
    return _explore("traces", {"queryType": "traceql", "query": f"{{{pods} && status=error}}"})


def _explore(source: str, query: dict[str, str]) -> str:
    pane = {
        "datasource": f"${{{source}}}",
        "queries": [{"refId": "A", **query}],
        "range": {"from": "${__from}", "to": "${__to}"},
    }
    panes = quote(json.dumps({"a": pane}, separators=(",", ":")), safe=_AS_THEY_ARE)
    return f"/explore?schemaVersion=1&panes={panes}"
