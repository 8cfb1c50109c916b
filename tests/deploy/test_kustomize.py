"""The kustomize component, as kubectl builds it."""

import subprocess

import pytest
import yaml

from tests.support.chart import ROOT, TOOLS, application_chart, container_of, environment_of, pod_of, rendered

pytestmark = pytest.mark.system
COMPONENT = ROOT / "deploy" / "kustomize" / "component"


@pytest.fixture(scope="module")
def pod():
    ran = subprocess.run(
        [TOOLS / "kubectl", "kustomize", ROOT / "deploy" / "kustomize" / "example"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    (deployment,) = yaml.safe_load_all(ran.stdout)
    return deployment["spec"]["template"]["spec"]


def test_the_component_adds_the_container_of_the_chart(tmp_path):
    chart = application_chart(tmp_path)
    objects = rendered(
        {"connect-sidecar.upstream.url": "http://onepassword-connect.connect:8080"}, chart=chart
    )
    added = yaml.safe_load((COMPONENT / "sidecar.yaml").read_text())["spec"]["template"]["spec"]
    assert added == {"initContainers": [container_of(objects)], "volumes": pod_of(objects)["volumes"]}


def test_the_sidecar_comes_first_and_the_rest_of_the_pod_stays(pod):
    assert [one["name"] for one in pod["initContainers"]] == ["connect-sidecar", "waits-for-something"]
    assert pod["initContainers"][0]["restartPolicy"] == "Always"
    assert [one["name"] for one in pod["containers"]] == ["connect-operator"]


def test_the_operator_reads_through_the_sidecar_and_the_sidecar_asks_connect(pod):
    assert environment_of(pod["containers"][0])["OP_CONNECT_HOST"] == "http://localhost:8180"
    upstream = environment_of(pod["initContainers"][0])["CONNECT_SIDECAR__UPSTREAM__URL"]
    assert upstream == "http://onepassword-connect:8080"
