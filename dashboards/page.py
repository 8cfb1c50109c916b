"""docs/dashboards.md, rendered: how to import the boards, and every question they ask with what good looks like.

The tables come from the panels themselves, so that page and boards never differ.
"""

from collections.abc import Iterator

from grafana_foundation_sdk.models.dashboard import Panel, RowPanel

from dashboards import detail, overview
from dashboards.board import Board, assemble

_HEAD = """\
# Dashboards

<!-- Rendered by `make dashboards` from dashboards/; lint compares. Change it there. -->

Two boards for Grafana 11 or newer, and nothing but Prometheus behind them:
[overview.json](../dashboards/rendered/overview.json) for whoever is woken at night, and
[detail.json](../dashboards/rendered/detail.json) for the hour after. Every title is a question, the "i" beside it
says what good looks like, and the panel's menu leads to the [runbook](runbook.md). The same colour means the same
everywhere: green is an answer without Connect, blue one by Connect, amber is old or careful, red an error, purple a
limit. Dashed is what the rest is compared with.

## Import

By hand: Dashboards, New, Import, and the file. With files on Grafana's disk:

```yaml
# /etc/grafana/provisioning/dashboards/connect-sidecar.yaml
apiVersion: 1
providers:
  - name: connect-sidecar
    folder: Secrets
    type: file
    options:
      path: /var/lib/grafana/dashboards/connect-sidecar
```

With the Grafana of kube-prometheus-stack, which looks for a label:

```sh
kubectl create configmap connect-sidecar-dashboards \\
  --from-file=dashboards/rendered/overview.json --from-file=dashboards/rendered/detail.json
kubectl label configmap connect-sidecar-dashboards grafana_dashboard=1
```

## What they need

**Labels of targets.** The choices above a board are the labels `namespace`, `workload` and `pod`. A PodMonitor
attaches `namespace` and `pod` by itself; `workload` takes two lines. A target without one of them still counts where
"All" is chosen.

```yaml
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  name: connect-sidecar
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: connect-sidecar
  podMetricsEndpoints:
    - port: observe
      relabelings:
        - sourceLabels: [__meta_kubernetes_pod_controller_name]
          targetLabel: workload
        # A Deployment's pods belong to a ReplicaSet; without its hash it has the Deployment's name.
        - sourceLabels: [__meta_kubernetes_pod_controller_kind, __meta_kubernetes_pod_controller_name]
          regex: ReplicaSet;(.+)-[^-]+
          targetLabel: workload
```

**The scrape interval.** Rates look back four scrapes (`$__rate_interval`). Grafana takes the interval from the
settings of the data source: where it says 15 s and you scrape once a minute, graphs stay at 0. Figures look back 5
minutes.

**Logs and traces.** Links in "Who gets the most errors?" open Explore with the default Loki and Tempo; another one is
chosen by `var-logs=NAME` and `var-traces=NAME` in the address. They look for `namespace` and `pod` as labels of
lines, and for `k8s.namespace.name` and `k8s.pod.name` as attributes of traces (the usual ones of Alloy, and of the
collector's k8sattributes). Exemplars in "Do clients wait too long?" need exemplar storage in Prometheus.

**Another home.** The address of the runbook and the thresholds are in `dashboards/settings.py`: change them there,
then `make dashboards`.

**No rules.** The boards ask for raw metrics only: they work without the recording rules, for any choice of pods.

## Pictures

![The overview board](overview.png)

The other one is [detail.png](detail.png). Both show what a real Prometheus saw of eight minutes of scripted load, drawn
by Grafana's own panel components in Chromium; no Grafana server is needed.

```sh
make pictures  # plays the load, draws every board into docs/; installs what is missing
python -m dashboards.pictures --prometheus http://127.0.0.1:9090 \\
  --dashboard dashboards/rendered/overview.json --out overview.png
```

The second command draws one board from any Prometheus (`--start` and `--end` choose the time, `--variable pod=NAME` a
pod). It ends with exit code 1, and a line for each, if a panel has no data or a query is empty or refused; remarks say
what text is cut off. It knows panels of the types stat, timeseries, table, bargauge and text.

"""


def render() -> str:
    """Return the whole page."""
    return _HEAD + "\n".join((*_part("Overview", overview.BOARD), *_part("Detail", detail.BOARD))) + "\n"


def _part(heading: str, board: Board) -> Iterator[str]:
    built = assemble(board)
    yield f"## {heading}\n\n{board.description}\n"
    has_table = False
    for panel in built.panels or ():
        match panel:
            case RowPanel():
                part, _, question = (panel.title or "").partition(": ")
                yield f"{chr(10) if has_table else ''}### {part}\n\n{question[0].upper()}{question[1:]}\n"
                has_table = False
            case Panel():
                if not has_table:
                    yield "| question | what it shows | good |\n|---|---|---|"
                has_table = True
                yield _row(panel)
    yield ""


def _row(panel: Panel) -> str:
    shows, good, _ = (panel.description or "").split("\n\n")
    return f"| {panel.title} | {shows} | {good.removeprefix('**Good:** ')} |"
