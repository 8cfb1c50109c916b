"""Pictures of the dashboards: every panel drawn from real Prometheus data by Grafana's own panel components.

A development tool, so that a person can look at a dashboard without a Grafana server. Python asks Prometheus
(`inquiry`), the page in `page/` is what a browser with Grafana's components makes of the answers, and `browser` runs
it. Nothing here knows which dashboards or metrics there are, and nothing from npm is shipped.
"""
