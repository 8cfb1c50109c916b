"""After a rollback: this version meets the configuration of a newer one, and starts (docs/upgrading.md)."""

import json
import os
import subprocess
import sys

import pytest

from proxy.emulator import Emulator
from tests.support.process import sidecar_process
from tests.support.wire import WireClient

NEWER = """\
unknown_keys = "warn"
dry_run = true

[cache]
item_freshness_seconds = 45
prefetch_seconds = 5

[quantum]
entangled = true
"""
NEWER_VARIABLE = "CONNECT_SIDECAR__CACHE__PREFETCH_BYTES"
UNKNOWN = {"dry_run", "cache.prefetch_seconds", "quantum", NEWER_VARIABLE}


@pytest.fixture
def configuration(tmp_path):
    file = tmp_path / "sidecar.toml"
    file.write_text(NEWER)
    return file


def check_config(file, **environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CONNECT_SIDECAR")}
    return subprocess.run(
        [sys.executable, "-m", "proxy", "check-config", "--config", file],
        env=kept | {"OP_CONNECT_HOST": "http://connect:8080", NEWER_VARIABLE: "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_it_starts_serves_and_says_each_name_it_does_not_know(tmp_path, configuration):
    async with (
        Emulator() as emulator,
        sidecar_process(
            emulator.url,
            tmp_path,
            arguments=("--config", str(configuration)),
            environment={NEWER_VARIABLE: "1"},
        ) as sidecar,
        await WireClient.connect(sidecar.observe_address) as client,
    ):
        assert (await client.ask("GET /readyz HTTP/1.1\r\nHost: o")).status == 200
    lines = [json.loads(line) for line in bytes(sidecar.output).splitlines()]
    said = {line["setting"] for line in lines if line.get("problem", "").startswith("no such setting")}
    assert said == UNKNOWN


def test_check_config_warns_of_each_and_exits_with_0(configuration):
    ran = check_config(configuration)
    warned = {line.split(": ")[1] for line in ran.stderr.splitlines() if "no such setting" in line}
    assert (ran.returncode, warned) == (0, UNKNOWN)
    assert "4 warnings" in ran.stdout


def test_the_word_may_come_from_the_environment_too(configuration):
    configuration.write_text(NEWER.replace('unknown_keys = "warn"\n', ""))
    assert check_config(configuration).returncode == 2
    assert check_config(configuration, CONNECT_SIDECAR__UNKNOWN_KEYS="warn").returncode == 0


def test_without_the_word_each_unknown_name_stops_the_start(configuration):
    configuration.write_text(NEWER.replace('"warn"', '"error"'))
    ran = check_config(configuration)
    refused = {line.split(": ")[1] for line in ran.stderr.splitlines()}
    assert (ran.returncode, refused) == (2, UNKNOWN)


def test_a_known_name_with_a_value_of_a_newer_version_is_an_error_all_the_same(configuration):
    configuration.write_text(NEWER.replace("45", '"automatic"'))
    ran = check_config(configuration)
    assert ran.returncode == 2
    assert "cache.item_freshness_seconds" in ran.stderr
