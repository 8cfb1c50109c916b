"""The pods that the chart renders really run, with the image of this checkout in them (podman)."""

import pytest

from tests.support.chart import application_chart, rendered
from tests.support.containers import BASE, built_image, podman
from tests.support.pods import running_pod

pytestmark = pytest.mark.system

CONNECT = "http://127.0.0.1:8080"
WAITS = ["python3", "-c", "import signal; signal.sigwait({signal.SIGTERM})"]


@pytest.fixture(scope="module")
def image() -> dict[str, str]:
    repository, _, tag = built_image().rpartition(":")
    return {"image.repository": repository, "image.tag": tag, "image.pullPolicy": "Never"}


@pytest.fixture(scope="module")
def standalone(image, tmp_path_factory):
    objects = rendered({**image, "upstream.url": CONNECT, "drain.delaySeconds": 0})
    with running_pod(objects, tmp_path_factory.mktemp("standalone"), "connect-sidecar") as pod:
        yield pod


@pytest.fixture(scope="module")
def beside(image, tmp_path_factory):
    # Native sidecars are Kubernetes' own; podman would wait for the init container's end.
    directory = tmp_path_factory.mktemp("beside")
    values = {f"connect-sidecar.{name}": value for name, value in image.items()}
    values |= {"connect-sidecar.upstream.url": CONNECT, "connect-sidecar.drain.delaySeconds": 0}
    values |= {"sidecar": "classic", "image": BASE, "command": WAITS}
    with running_pod(
        rendered(values, chart=application_chart(directory)), directory, "connect-sidecar"
    ) as pod:
        yield pod


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_the_kubelet_s_probes_are_answered(standalone, path):
    assert standalone.probe("connect-sidecar", url=f"http://127.0.0.1:8181{path}") == 0


def test_helm_s_test_reaches_connect_through_the_pod(standalone):
    assert standalone.probe("connect-sidecar", url="http://127.0.0.1:8180/heartbeat") == 0


def test_the_standalone_pod_reads_the_configuration_of_its_configmap(standalone):
    ran = standalone.exec("connect-sidecar", "connect-sidecar", "check-config", "--config", CONFIG)
    assert ran.stdout == f"ok: [::]:8180 -> {CONNECT}\n", ran.stderr


CONFIG = "/etc/connect-sidecar/config/sidecar.toml"


def test_operators_reach_the_control_socket_on_the_only_volume_that_can_be_written(standalone):
    ran = standalone.exec("connect-sidecar", "connect-sidecar", "status")
    assert f"in front of {CONNECT}" in ran.stdout, ran.stderr
    assert standalone.inspect("connect-sidecar")["HostConfig"]["ReadonlyRootfs"] is True
    assert standalone.inspect("connect-sidecar")["Config"]["User"] == "65532:65532"


def test_the_application_reads_through_localhost_and_the_second_read_is_a_hit(beside):
    first, item = beside.read_from("application")
    second, same = beside.read_from("application")
    assert "fwd=uri-miss" in first
    assert "; hit" in second
    assert item == same
    assert item["id"] == beside.connect.item


def test_a_pod_that_is_stopped_ends_in_order(image, tmp_path):
    objects = rendered(
        {**image, "fullnameOverride": "stopped", "upstream.url": CONNECT, "drain.delaySeconds": 0}
    )
    with running_pod(objects, tmp_path, "connect-sidecar") as pod:
        podman("stop", "--time", "30", f"{pod.name}-connect-sidecar")
        assert pod.inspect("connect-sidecar")["State"]["ExitCode"] == 0
