"""Rules, alerts and dashboards as code: what is shown and told of the metrics that a sidecar exports.

Nothing here runs in a sidecar or is shipped with it. It knows the names of metrics and labels (docs/metrics.md), and
imports nothing of `proxy`: what is rendered must fit any version that exports those names.
"""
