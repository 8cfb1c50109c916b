"""What the chart renders is what Kubernetes, the Prometheus operator and Kyverno take, at the restricted level."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.chart import EXAMPLES, TOOLS, application_chart, rendered

pytestmark = pytest.mark.system

VERSIONS = [f"1.{minor}" for minor in range(28, 38)]
CUSTOM = {"monitoring.coreos.com/v1", "kyverno.io/v1"}
EVERYTHING = {
    "podMonitor.enabled": True,
    "rules.enabled": True,
    "dashboards.enabled": True,
    "extraEnv": [{"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
}
KYVERNO = {
    "topology": "sidecar",
    "injection.enabled": True,
    "injection.engine": "kyverno",
    "podMonitor.enabled": True,
}


@pytest.fixture(scope="module")
def application(tmp_path_factory) -> Path:
    return application_chart(tmp_path_factory.mktemp("chart"))


def everything(kubernetes: str, application: Path):
    """Return all that can be rendered for a version of Kubernetes."""
    minor = int(kubernetes.partition(".")[2])
    full = f"{kubernetes}.0"
    for example in EXAMPLES:
        if example.stem != "fleet" or minor >= 32:
            yield from rendered(files=[example], kubernetes=full)
    yield from rendered(EVERYTHING, kubernetes=full)
    yield from rendered(
        {"sidecar": "native" if minor >= 29 else "classic"}, chart=application, kubernetes=full
    )
    if minor >= 29:
        yield from rendered(KYVERNO, kubernetes=full)


@pytest.mark.parametrize("kubernetes", VERSIONS)
def test_every_object_passes_the_strict_schema_of_kubernetes(kubernetes, application, tmp_path):
    objects = [one for one in everything(kubernetes, application) if one["apiVersion"] not in CUSTOM]
    file = tmp_path / "objects.yaml"
    file.write_text(yaml.safe_dump_all(objects))
    ran = subprocess.run(
        [TOOLS / "kubernetes-validate", "-k", kubernetes, "--strict", file],
        capture_output=True,
        text=True,
        check=False,
    )
    said = ran.stdout + ran.stderr
    assert ran.returncode == 0, said
    assert said.count(" passed for resource ") == len(objects), (
        said
    )  # a kind without a schema is only warned about


def test_custom_resources_are_what_their_definitions_allow(application):
    objects = [one for one in everything("1.37", application) if one["apiVersion"] in CUSTOM]
    objects += [one for one in rendered({"serviceMonitor.enabled": True}) if one["apiVersion"] in CUSTOM]
    assert {one["kind"] for one in objects} == {
        "PodMonitor",
        "ServiceMonitor",
        "PrometheusRule",
        "ClusterPolicy",
    }
    assert complaints(objects) == ""
    spoiled = [{**one, "spec": {**one["spec"], "nonsense": 1}} for one in objects]
    assert complaints(spoiled).count("spec.nonsense: is not known there") == len(objects)


def complaints(objects) -> str:
    ran = subprocess.run(
        [TOOLS / "python", Path(__file__).with_name("custom_resources.py")],
        input=json.dumps(objects),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def pods(objects):
    for one in objects:
        if one["kind"] == "Pod":
            yield one["spec"]
        elif one["kind"] == "Deployment":
            yield one["spec"]["template"]["spec"]


def beyond_restricted(pod):
    """Yield what the Pod Security Standards, level restricted, would refuse; every container by itself."""
    for field in ("hostNetwork", "hostPID", "hostIPC", "hostUsers"):
        if field in pod:
            yield field
    for volume in pod.get("volumes", []):
        if not {"configMap", "emptyDir", "secret", "projected"} & set(volume):
            yield f"volume {volume['name']}"
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        security, name = container["securityContext"], container["name"]
        around = pod.get("securityContext", {})
        if security.get("allowPrivilegeEscalation") is not False or security.get("privileged"):
            yield f"{name}: privileges"
        if security.get("capabilities") != {"drop": ["ALL"]}:
            yield f"{name}: capabilities"
        if not security.get("runAsNonRoot", around.get("runAsNonRoot")) or security.get("runAsUser") == 0:
            yield f"{name}: root"
        if security.get("seccompProfile", around.get("seccompProfile")) != {"type": "RuntimeDefault"}:
            yield f"{name}: seccomp"
        if security.get("readOnlyRootFilesystem") is not True:
            yield f"{name}: writable root"
        if any("hostPort" in port for port in container.get("ports", [])):
            yield f"{name}: host port"
        if not container["resources"]["limits"].get("memory") or "cpu" in container["resources"]["limits"]:
            yield f"{name}: limits"


def test_every_pod_keeps_to_the_restricted_level(application):
    found = list(pods(everything("1.37", application)))
    assert len(found) >= 6
    assert [line for pod in found for line in beyond_restricted(pod)] == []


def test_a_pod_that_does_not_is_noticed():
    pod = next(pods(rendered()))
    pod["containers"][0]["securityContext"] = {"runAsUser": 0}
    assert len(list(beyond_restricted(pod))) == 4  # the pod around it still says seccomp
