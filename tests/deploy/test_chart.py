"""The chart: its defaults, what every switch changes, and what it refuses."""

import hashlib
import json
import re

import pytest

from tests.support.chart import (
    BESIDE,
    CHART,
    EXAMPLES,
    HELMS,
    LENT,
    all_of,
    container_of,
    environment_of,
    helm,
    pod_of,
    rendered,
    the,
)

pytestmark = pytest.mark.system
MOST_BYTES_TO_APPLY = 256 * 1024
"""`kubectl apply` keeps a copy of the object in an annotation, and that is the most annotations may have."""


@pytest.fixture(scope="module")
def defaults():
    return rendered()


def toml_of(objects):
    return the("ConfigMap", objects)["data"]["sidecar.toml"]


@pytest.mark.parametrize("version", HELMS)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_passes_a_strict_lint_and_renders_the_same_with_both_helms(example, version):
    linted = helm("lint", "--strict", CHART, "--values", example, version=version)
    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert rendered(files=[example], version=version) == rendered(files=[example])


@pytest.mark.parametrize("version", HELMS)
def test_the_defaults_pass_a_strict_lint(version):
    linted = helm("lint", "--strict", CHART, version=version)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_by_default_there_is_one_standalone_pod_behind_a_service(defaults):
    kinds = sorted(one["kind"] for one in defaults)
    assert kinds == ["ConfigMap", "Deployment", "Pod", "PodDisruptionBudget", "Service", "ServiceAccount"]
    assert the("Deployment", defaults)["spec"]["replicas"] == 1
    assert {one["metadata"]["namespace"] for one in defaults} == {"space"}


def test_the_service_is_reached_as_connect_is(defaults):
    (port,) = the("Service", defaults)["spec"]["ports"]
    assert (port["name"], port["port"], port["targetPort"]) == ("connect-api", 8080, "connect-api")
    assert {"name": "connect-api", "containerPort": 8180, "protocol": "TCP"} in container_of(defaults)[
        "ports"
    ]


def test_service_and_budget_select_the_pods_of_the_deployment(defaults):
    labels = the("Deployment", defaults)["spec"]["template"]["metadata"]["labels"].items()
    assert the("Service", defaults)["spec"]["selector"].items() <= labels
    assert the("PodDisruptionBudget", defaults)["spec"]["selector"]["matchLabels"].items() <= labels


def test_the_container_asks_for_little_and_has_no_cpu_limit(defaults):
    assert container_of(defaults)["resources"] == {
        "requests": {"cpu": "20m", "memory": "64Mi"},
        "limits": {"memory": "128Mi"},
    }


def test_the_pod_has_no_token_of_the_cluster_and_no_service_links(defaults):
    pod = pod_of(defaults)
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert the("ServiceAccount", defaults)["automountServiceAccountToken"] is False


def test_probes_ask_the_observe_port_which_listens_on_the_pod_s_address(defaults):
    container = container_of(defaults)
    for name, path in (
        ("startupProbe", "/livez"),
        ("livenessProbe", "/livez"),
        ("readinessProbe", "/readyz"),
    ):
        assert container[name]["httpGet"] == {"path": path, "port": 8181}
    assert 'listen = ["[::]:8181"]' in toml_of(defaults)


def test_the_grace_period_holds_the_whole_drain():
    assert pod_of(rendered())["terminationGracePeriodSeconds"] == 30
    longer = rendered({"drain.delaySeconds": 10.5, "drain.timeoutSeconds": 40})
    assert pod_of(longer)["terminationGracePeriodSeconds"] == 11 + 40 + 5


def test_unknown_settings_are_told_and_ignored_so_that_a_rollback_starts(defaults):
    assert 'unknown_keys = "warn"' in toml_of(defaults)


def restart_annotation(values):
    template = the("Deployment", rendered(values))["spec"]["template"]
    return template["metadata"]["annotations"]["connect-sidecar/restart"]


@pytest.mark.parametrize(
    "live",
    [{"mode": "passthrough"}, {"cache.generation": 1}, {"tokens.names": {"a": "b"}}, {"log.level": "debug"}],
    ids=str,
)
def test_a_change_that_is_watched_keeps_the_pod_and_what_it_has_stored(live):
    assert toml_of(rendered(live)) != toml_of(rendered())
    assert restart_annotation(live) == restart_annotation({})


@pytest.mark.parametrize(
    "other", [{"cache.storeBytes": 8388608}, {"upstream.url": "http://other:8080"}], ids=str
)
def test_a_change_that_is_not_watched_replaces_the_pod(other):
    assert restart_annotation(other) != restart_annotation({})


def test_a_digest_wins_over_the_tag():
    digest = "sha256:" + hashlib.sha256(b"an image").hexdigest()
    given = {
        "image.repository": "registry.example.com/connect-sidecar",
        "image.tag": "9",
        "image.digest": digest,
    }
    assert container_of(rendered(given))["image"] == f"registry.example.com/connect-sidecar@{digest}"


def test_pull_secrets_class_spread_and_variables_reach_the_pod():
    objects = rendered(
        {
            "imagePullSecrets": [{"name": "registry"}],
            "priorityClassName": "system-cluster-critical",
            "extraEnv": [{"name": "CONNECT_SIDECAR__CACHE__ACTIVE_SECONDS", "value": "60"}],
            "otlp.endpoint": "http://collector:4318",
            "podLabels": {"team": "secrets"},
            "runAsUser": 1000660000,
        }
    )
    pod = pod_of(objects)
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    assert pod["priorityClassName"] == "system-cluster-critical"
    assert (
        pod["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"]["app.kubernetes.io/instance"]
        == "release"
    )
    assert pod["securityContext"]["runAsUser"] == 1000660000
    environment = environment_of(container_of(objects))
    assert environment["CONNECT_SIDECAR__CACHE__ACTIVE_SECONDS"] == "60"
    assert environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://collector:4318"


def test_a_lent_token_is_a_file_and_never_a_variable():
    objects = rendered({**BESIDE, **LENT, "tokenInjection.allowLoopback": True})
    assert (
        objects == []
    )  # beside an application the pod is the application's: test_the_sidecar_template has it
    digest = hashlib.sha256(b"a certificate").hexdigest()
    standalone = rendered(
        {
            **LENT,
            "tokenInjection.certificates": [digest],
            "tls.secret": "tls",
            "tls.clientCaSecret": "ca",
            "tls.clientCertificates": "required",
        }
    )
    assert "connect-token" not in str(container_of(standalone)["env"])
    (volume,) = (one for one in pod_of(standalone)["volumes"] if one["name"] == "connect-sidecar-token")
    assert volume["secret"]["secretName"] == "connect-token"
    assert 'token_file = "/etc/connect-sidecar/token/token"' in toml_of(standalone)
    assert not all_of("Pod", standalone), "a test pod has no client certificate"


def test_the_network_policy_lets_named_clients_in_and_only_our_pods_to_connect():
    peer = {"namespaceSelector": {"matchLabels": {"team": "a"}}}
    objects = rendered(
        {
            "networkPolicy.enabled": True,
            "networkPolicy.clients": [peer],
            "networkPolicy.connectPodLabels": {"app": "onepassword-connect"},
            "networkPolicy.connectNamespace": "connect",
        }
    )
    ours, connects = all_of("NetworkPolicy", objects)
    assert ours["spec"]["ingress"][0]["from"][0] == peer
    assert connects["metadata"]["namespace"] == "connect"
    assert connects["spec"]["podSelector"]["matchLabels"] == {"app": "onepassword-connect"}
    (allowed,) = connects["spec"]["ingress"][0]["from"]
    assert allowed["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "space"}
    assert allowed["podSelector"]["matchLabels"] == the("Service", objects)["spec"]["selector"]


@pytest.mark.parametrize("kind", ["podMonitor", "serviceMonitor"])
def test_monitors_set_the_labels_that_rules_and_dashboards_go_by(kind):
    objects = rendered({f"{kind}.enabled": True, f"{kind}.labels": {"release": "prometheus"}})
    monitor = the(kind[0].upper() + kind[1:], objects)
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    (endpoint,) = monitor["spec"].get("podMetricsEndpoints") or monitor["spec"]["endpoints"]
    assert {one["targetLabel"] for one in endpoint["relabelings"]} == {"namespace", "pod", "workload"}
    ports = {port["name"] for port in container_of(objects)["ports"]} | {
        port["name"] for port in the("Service", objects)["spec"]["ports"]
    }
    assert endpoint["port"] in ports


def relabelled(rules, meta):
    """Return the labels that Prometheus makes of a pod's: `replace`, with a regular expression for the whole."""
    labels = dict(meta)
    for rule in rules:
        joined = ";".join(labels.get(name, "") for name in rule["sourceLabels"])
        if found := re.fullmatch(rule.get("regex", "(.*)"), joined):
            labels[rule["targetLabel"]] = found[1]
    return labels


@pytest.mark.parametrize(
    ("kind", "controller", "workload"),
    [
        ("ReplicaSet", "billing-api-5d8f9c7b64", "billing-api"),
        ("StatefulSet", "billing-db", "billing-db"),
        ("DaemonSet", "agent-9", "agent-9"),
        ("Job", "nightly-report-29382720", "nightly-report"),
        ("Job", "migrate-7", "migrate-7"),
        ("", "", "a-pod"),
    ],
)
def test_a_pod_s_workload_is_what_its_author_named(kind, controller, workload):
    monitor = the("PodMonitor", rendered({"podMonitor.enabled": True}))
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    meta = {
        "__meta_kubernetes_namespace": "space",
        "__meta_kubernetes_pod_name": "a-pod",
        "__meta_kubernetes_pod_controller_kind": kind,
        "__meta_kubernetes_pod_controller_name": controller,
    }
    labels = relabelled(endpoint["relabelings"], meta)
    assert (labels["namespace"], labels["pod"], labels["workload"]) == ("space", "a-pod", workload)


def test_an_alert_can_be_changed_or_left_out_and_its_instructions_moved():
    objects = rendered(
        {
            "rules.enabled": True,
            "rules.runbookUrl": "https://wiki.example.com/runbook",
            "rules.overrides": {
                "Amplifying": {"disabled": True},
                "ConnectDown/page": {"for": "10m", "severity": "critical", "labels": {"team": "secrets"}},
            },
        }
    )
    alerts = [
        rule
        for group in the("PrometheusRule", objects)["spec"]["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    assert "Amplifying" not in {rule["alert"] for rule in alerts}
    (down,) = (rule for rule in alerts if rule["labels"]["severity"] == "critical")
    assert (down["alert"], down["for"], down["labels"]["team"]) == ("ConnectDown", "10m", "secrets")
    assert {rule["annotations"]["runbook_url"].partition("#")[0] for rule in alerts} == {
        "https://wiki.example.com/runbook"
    }


def test_dashboards_are_found_by_their_label_and_folder():
    objects = rendered({"dashboards.enabled": True, "dashboards.folder": "Secrets"})
    boards = [one for one in all_of("ConfigMap", objects) if "grafana_dashboard" in one["metadata"]["labels"]]
    assert {name for board in boards for name in board["data"]} == {
        "connect-sidecar-detail.json",
        "connect-sidecar-overview.json",
    }
    assert {board["metadata"]["annotations"]["grafana_folder"] for board in boards} == {"Secrets"}
    assert max(len(json.dumps(board)) for board in boards) < MOST_BYTES_TO_APPLY


def test_what_is_turned_off_is_not_there():
    objects = rendered({"podDisruptionBudget.enabled": False, "serviceAccount.create": False})
    assert not all_of("PodDisruptionBudget", objects)
    assert not all_of("ServiceAccount", objects)
    assert pod_of(objects)["serviceAccountName"] == "default"


def test_notes_tell_the_next_step():
    ran = helm("install", "release", CHART, "--dry-run=client", "--namespace", "space")
    assert "helm test release --namespace space" in ran.stdout
    assert "OP_CONNECT_HOST=http://release-connect-sidecar.space:8080" in ran.stdout
