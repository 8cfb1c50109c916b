"""The templates that other charts include, as the example of an application's chart does."""

import pytest

from tests.support.chart import (
    HELMS,
    LENT,
    application_chart,
    container_of,
    environment_of,
    pod_of,
    refusal,
    rendered,
)

pytestmark = pytest.mark.system


@pytest.fixture(scope="module", params=HELMS)
def application(request, tmp_path_factory):
    return application_chart(tmp_path_factory.mktemp("chart"), request.param), request.param


def test_a_native_sidecar_starts_first_and_keeps_running(application):
    chart, version = application
    pod = pod_of(rendered(chart=chart, version=version))
    (sidecar,) = pod["initContainers"]
    assert (sidecar["name"], sidecar["restartPolicy"]) == ("connect-sidecar", "Always")


def test_a_native_sidecar_is_refused_where_kubernetes_would_wait_for_its_end(application):
    chart, version = application
    assert "native sidecars need 1.29" in refusal(chart=chart, version=version, kubernetes="1.28.9")
    rendered(chart=chart, version=version, kubernetes="1.29.0")


def test_a_classic_sidecar_is_a_second_container_on_any_kubernetes(application):
    chart, version = application
    pod = pod_of(rendered({"sidecar": "classic"}, chart=chart, version=version, kubernetes="1.28.0"))
    assert "initContainers" not in pod
    assert [one["name"] for one in pod["containers"]] == ["application", "connect-sidecar"]
    assert "restartPolicy" not in pod["containers"][1]


def test_the_application_reads_through_localhost(application):
    chart, version = application
    pod = pod_of(rendered({"connect-sidecar.ports.traffic": 9180}, chart=chart, version=version))
    assert environment_of(pod["containers"][0])["OP_CONNECT_HOST"] == "http://localhost:9180"
    listen = environment_of(pod["initContainers"][0])["CONNECT_SIDECAR__SERVER__LISTEN"]
    assert listen == "127.0.0.1:9180,[::1]:9180"


def test_it_is_configured_by_the_environment_alone(application):
    chart, version = application
    objects = rendered(chart=chart, version=version)
    assert [one["kind"] for one in objects] == ["Deployment"]
    assert container_of(objects)["args"] == ["serve"]
    assert [one["name"] for one in pod_of(objects)["volumes"]] == ["connect-sidecar-run"]


def test_a_lent_token_is_a_file_of_the_application_s_own_namespace(application):
    chart, version = application
    values = {f"connect-sidecar.{name}": value for name, value in LENT.items()}
    values["connect-sidecar.tokenInjection.allowLoopback"] = True
    objects = rendered(values, chart=chart, version=version)
    environment = environment_of(container_of(objects))
    assert environment["CONNECT_SIDECAR__TOKEN_INJECTION__TOKEN_FILE"] == "/etc/connect-sidecar/token/token"
    assert [one["name"] for one in pod_of(objects)["volumes"]] == [
        "connect-sidecar-run",
        "connect-sidecar-token",
    ]


def test_forgetting_the_topology_does_not_install_a_standalone_one_by_the_way(application):
    chart, version = application
    said = refusal({"connect-sidecar.topology": "standalone"}, chart=chart, version=version)
    assert "connect-sidecar.topology: must be sidecar" in said
