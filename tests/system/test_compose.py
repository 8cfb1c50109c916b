"""compose/: promtool reads Prometheus' configuration with the rules exactly where the mounts put them."""

import shutil
import subprocess
from pathlib import PurePosixPath

import pytest

from tests.support.compose import files_of

pytestmark = pytest.mark.system


def test_promtool_finds_nothing_wrong_with_the_configuration_and_its_rules(tmp_path):
    for inside, here in files_of("prometheus").items():
        placed = tmp_path / inside.relative_to(PurePosixPath("/"))
        placed.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(here, placed)
    ran = subprocess.run(
        ["promtool", "check", "config", tmp_path / "etc/prometheus/prometheus.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 rule files found" in ran.stdout + ran.stderr
