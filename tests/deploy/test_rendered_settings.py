"""What the chart renders is fed to the program: arguments, environment and configuration of every example."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
import trustme
import yaml
from msgspec import structs

from proxy.config import load
from tests.support.chart import (
    CHART,
    EXAMPLES,
    LENT,
    all_of,
    application_chart,
    container_of,
    environment_of,
    pod_of,
    rendered,
    the,
)
from tests.support.process import free_port

pytestmark = pytest.mark.system
PROGRAM = Path(sys.executable).with_name("connect-sidecar")
MOUNTS = "/etc/connect-sidecar"
LENT_HERE = {**LENT, "tokenInjection.allowLoopback": True}
WIDE = {
    "mode": "observe",
    "upstream.url": "http://a:8080",
    "upstream.moreUrls": ["http://b:8080", "http://c:8080"],
    "cache.changeCheckIntervalSeconds": 7.5,
    "tokens.names": {"jti-1": "ci", "jti-2": "eso"},
    "limits.named": {"ci": {"upstream_burst": 2000, "requests_per_second": 0.5}, "eso": {"request_burst": 3}},
    "settings.routes": {"allow": ["GET *"], "deny": ["* activity", "* metrics"]},
    "settings.cache": {"trust_content_version": True, "one_time_passwords": "recompute"},
    "settings.server.max_connections": 100,
}


@pytest.fixture(scope="module")
def mounted(tmp_path_factory) -> Path:
    """Everything that a Secret would be mounted as."""
    directory = tmp_path_factory.mktemp("mounts")
    authority = trustme.CA()
    certificate = authority.issue_cert("connect-sidecar")
    for name in ("config", "tls", "upstream-ca", "client-ca", "token", "audit"):
        (directory / name).mkdir()
    certificate.cert_chain_pems[0].write_to_path(directory / "tls" / "tls.crt")
    certificate.private_key_pem.write_to_path(directory / "tls" / "tls.key")
    for name in ("upstream-ca", "client-ca"):
        authority.cert_pem.write_to_path(directory / name / "ca.crt")
    (directory / "token" / "token").write_text("a.b.c")
    (directory / "audit" / "key").write_bytes(b"k" * 32)
    return directory


def as_run(objects, mounted: Path) -> tuple[list[str], dict[str, str]]:
    """Return arguments and environment of the container, with the mounts where they are here."""
    container = container_of(objects)
    for config in all_of("ConfigMap", objects):
        if text := config["data"].get("sidecar.toml"):
            (mounted / "config" / "sidecar.toml").write_text(text.replace(MOUNTS, str(mounted)))
    arguments = [argument.replace(MOUNTS, str(mounted)) for argument in container["args"]]
    environment = {
        name: value.replace(MOUNTS, str(mounted)) for name, value in environment_of(container).items()
    }
    return arguments, {"PATH": os.environ["PATH"], **environment, **SERVICE_LINKS}


SERVICE_LINKS = {
    "CONNECT_SIDECAR_SERVICE_HOST": "10.0.0.1",
    "CONNECT_SIDECAR_SERVICE_PORT": "8080",
    "CONNECT_SIDECAR_PORT": "tcp://10.0.0.1:8080",
    "CONNECT_SIDECAR_PORT_8080_TCP_ADDR": "10.0.0.1",
}
"""What Kubernetes puts around a container where a Service has our name."""


def check_config(objects, mounted: Path) -> subprocess.CompletedProcess[str]:
    (command, *arguments), environment = as_run(objects, mounted)
    assert command == "serve"
    return subprocess.run(
        [PROGRAM, "check-config", *arguments], env=environment, capture_output=True, text=True, check=False
    )


def is_accepted(objects, mounted: Path) -> str:
    ran = check_config(objects, mounted)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == "", "not a single warning"
    return ran.stdout


@pytest.mark.parametrize("version", ["helm-3", "helm-4"])
@pytest.mark.parametrize(
    "example", [path for path in EXAMPLES if path.stem in {"standalone", "tls"}], ids=lambda path: path.stem
)
def test_the_configuration_of_every_standalone_example_is_accepted(example, version, mounted):
    assert is_accepted(rendered(files=[example], version=version), mounted).startswith(
        "ok: [::]:8180 -> http"
    )


@pytest.mark.parametrize("values", [{}, WIDE], ids=["defaults", "many"])
def test_the_configuration_is_accepted(values, mounted):
    is_accepted(rendered(values), mounted)


@pytest.mark.parametrize("sidecar", ["native", "classic"])
@pytest.mark.parametrize("values", [{}, WIDE, LENT_HERE], ids=["defaults", "many", "lent"])
def test_the_environment_of_a_sidecar_is_accepted(values, sidecar, mounted, tmp_path):
    chart = application_chart(tmp_path)
    given = {"sidecar": sidecar, **{f"connect-sidecar.{name}": value for name, value in values.items()}}
    assert is_accepted(rendered(given, chart=chart), mounted).startswith(
        "ok: 127.0.0.1:8180, [::1]:8180 -> http"
    )


def test_the_environment_of_the_sidecar_example_is_accepted(mounted, tmp_path):
    beneath = {"connect-sidecar": yaml.safe_load((CHART / "examples" / "sidecar.yaml").read_text())}
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(beneath))
    objects = rendered(files=[file], chart=application_chart(tmp_path))
    assert environment_of(container_of(objects))["CONNECT_SIDECAR__CACHE__ITEM_FRESHNESS_SECONDS"] == "30"
    is_accepted(objects, mounted)


def test_the_environment_that_the_fleet_example_injects_is_accepted(mounted):
    objects = rendered({"injection.engine": "kyverno"}, files=[CHART / "examples" / "fleet.yaml"])
    (patch,) = (
        rule["mutate"]["patchesJson6902"]
        for rule in the("ClusterPolicy", objects)["spec"]["rules"]
        if rule["name"] == "add-sidecar"
    )
    (operation,) = yaml.safe_load(patch)
    pod = {"initContainers": operation["value"], "containers": []}
    is_accepted([{"kind": "Deployment", "spec": {"template": {"spec": pod}}}], mounted)


def test_file_and_environment_say_the_same(mounted, tmp_path):
    chart = application_chart(tmp_path)
    beside = rendered({f"connect-sidecar.{name}": value for name, value in WIDE.items()}, chart=chart)
    standalone = rendered(WIDE)
    assert settings_of(as_run(beside, mounted)) == settings_of(as_run(standalone, mounted))


def settings_of(run: tuple[list[str], dict[str, str]]):
    """Return what the program makes of it, but for where it listens, which differs by design."""
    arguments, environment = run
    settings = load(Path(arguments[2]) if len(arguments) > 1 else None, environment)
    return structs.replace(settings, server=structs.replace(settings.server, listen=()))


def test_a_rolled_back_image_tells_of_settings_it_does_not_know_and_starts(mounted):
    objects = rendered()
    config = the("ConfigMap", objects)["data"]
    config["sidecar.toml"] += "\n[future]\nsetting = 1\n"
    ran = check_config(objects, mounted)
    assert ran.returncode == 0
    assert "no such setting" in ran.stderr


async def test_the_container_starts_answers_its_probes_and_ends_within_the_grace_period(mounted, tmp_path):
    ports = {"ports.traffic": free_port(), "ports.observe": free_port()}
    objects = rendered({**ports, "drain.delaySeconds": 0, "upstream.url": "http://127.0.0.1:9"})
    arguments, environment = as_run(objects, mounted)
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *arguments,
        env={**environment, "XDG_RUNTIME_DIR": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(20):
            while b'"phase":"serving"' not in await process.stderr.readline():
                assert process.returncode is None
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = container_of(objects)[probe]["httpGet"]
            url = f"http://127.0.0.1:{asked['port']}{asked['path']}"
            ran = await asyncio.create_subprocess_exec(PROGRAM, "healthcheck", "--url", url)
            assert await ran.wait() == 0, probe
    finally:
        process.terminate()
        async with asyncio.timeout(pod_of(objects)["terminationGracePeriodSeconds"]):
            await process.communicate()
    assert process.returncode == 0
