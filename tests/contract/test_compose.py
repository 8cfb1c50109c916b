"""compose/: what it mounts exists, fits together, and shows itself to this machine only."""

import re
from pathlib import PurePosixPath

import pytest
import yaml

from proxy import __version__
from proxy.config import load
from tests.support.compose import document, files_of

SERVICES = document()["services"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_port_is_published_on_loopback_only(name):
    assert [port for port in SERVICES[name].get("ports", ()) if not port.startswith("127.0.0.1:")] == []


def test_connect_publishes_no_port_and_only_the_sidecar_is_beside_it_and_the_watchers():
    assert not any("ports" in SERVICES[name] for name in ("connect-api", "connect-sync"))
    networks = {name: set(service["networks"]) for name, service in SERVICES.items()}
    assert [name for name, joined in networks.items() if len(joined) > 1] == ["sidecar"]
    assert networks["prometheus"] == networks["grafana"] == {"watching"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_an_image_has_a_version(name):
    image = SERVICES[name]["image"].removesuffix("}").partition(":-")[2] or SERVICES[name]["image"]
    assert re.fullmatch(r"[\w/.-]+:v?\d+\.\d+\.\d+", image)


def test_the_sidecar_is_this_version():
    assert SERVICES["sidecar"]["image"].endswith(f":{__version__}}}")


@pytest.mark.parametrize("name", ["prometheus", "grafana"])
def test_what_is_mounted_is_there(name):
    files = files_of(name)
    assert files
    assert [path for path in files.values() if not path.exists()] == []


def test_the_credentials_are_a_secret_of_connect_alone_and_never_committed():
    holders = {name for name, service in SERVICES.items() if "secrets" in service}
    assert holders == {"connect-api", "connect-sync"}
    (secret,) = document()["secrets"]
    for name in holders:
        assert SERVICES[name]["secrets"] == [secret]
        assert SERVICES[name]["environment"]["OP_SESSION"] == f"/run/secrets/{secret}"


def test_the_sidecar_accepts_its_settings_and_listens_where_ports_and_prometheus_look():
    settings = load(None, SERVICES["sidecar"]["environment"])
    assert [f":{address.port}" for address in settings.server.listen] == [":8180"]
    assert SERVICES["sidecar"]["ports"] == ["127.0.0.1:8180:8180"]
    config = yaml.safe_load(
        files_of("prometheus")[PurePosixPath("/etc/prometheus/prometheus.yml")].read_text()
    )
    (job,) = config["scrape_configs"]
    (targets,) = (group["targets"] for group in job["static_configs"])
    assert targets == [f"sidecar:{address.port}" for address in settings.observe.listen]
    api = SERVICES["connect-api"]
    assert settings.upstream.url == "http://connect-api:8080"
    assert api["environment"].get("OP_HTTP_PORT", "8080") == "8080"


def test_the_two_halves_of_connect_find_each_other():
    buses = {
        name: (SERVICES[name]["environment"]["OP_BUS_PORT"], SERVICES[name]["environment"]["OP_BUS_PEERS"])
        for name in ("connect-api", "connect-sync")
    }
    assert buses["connect-api"][1] == f"connect-sync:{buses['connect-sync'][0]}"
    assert buses["connect-sync"][1] == f"connect-api:{buses['connect-api'][0]}"
    assert SERVICES["connect-api"]["volumes"] == SERVICES["connect-sync"]["volumes"]


def test_grafana_is_provisioned_with_our_boards_and_with_this_prometheus():
    files = files_of("grafana")
    provisioning = PurePosixPath("/etc/grafana/provisioning")
    (provider,) = yaml.safe_load(files[provisioning / "dashboards" / "connect-sidecar.yaml"].read_text())[
        "providers"
    ]
    boards = {path.name for path in files if path.is_relative_to(provider["options"]["path"])}
    assert boards >= {"overview.json", "detail.json"}
    home = PurePosixPath(SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert home in files
    (source,) = yaml.safe_load(files[provisioning / "datasources" / "prometheus.yaml"].read_text())[
        "datasources"
    ]
    assert source["url"] == "http://prometheus:9090"
    assert SERVICES["prometheus"]["ports"] == ["127.0.0.1:9090:9090"]
