"""The chart as helm renders it: values in, objects or a refusal out. Needs what `make .venv/.deploy` installs."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "connect-sidecar"
EXAMPLES = sorted((CHART / "examples").glob("*.yaml"))
TOOLS = ROOT / ".venv" / "deploy" / "bin"
HELMS = ("helm-3", "helm-4")
NEWEST = "1.37.0"

A_VAULT = "abcdefghijklmnopqrstuvwxyz"
LENT: Mapping[str, Any] = {
    "tokenInjection.existingSecret": "connect-token",
    "tokenInjection.placeholder": "take-the-lent-one",
    "tokenInjection.vaults": [A_VAULT],
}
BESIDE: Mapping[str, Any] = {"topology": "sidecar"}
"""Values: a lent token as far as every shape needs it; and a chart that is beside an application."""

Objects = list[dict[str, Any]]


def helm(*arguments: str | Path, version: str = "helm-4") -> subprocess.CompletedProcess[str]:
    """Run helm, whatever comes of it."""
    return subprocess.run([TOOLS / version, *arguments], capture_output=True, text=True, check=False)


def rendered(
    values: Mapping[str, Any] | None = None,
    *,
    files: Sequence[Path] = (),
    version: str = "helm-4",
    kubernetes: str = NEWEST,
    chart: Path = CHART,
) -> Objects:
    """Return the objects of a release named `release` in the namespace `space`."""
    ran = _template(values, files, version, kubernetes, chart)
    assert ran.returncode == 0, ran.stderr
    return [document for document in yaml.safe_load_all(ran.stdout) if document]


def refusal(
    values: Mapping[str, Any] | None = None,
    *,
    files: Sequence[Path] = (),
    version: str = "helm-4",
    kubernetes: str = NEWEST,
    chart: Path = CHART,
) -> str:
    """Return why helm refuses to render."""
    ran = _template(values, files, version, kubernetes, chart)
    assert ran.returncode != 0, "rendered"
    return ran.stderr


def _template(
    values: Mapping[str, Any] | None, files: Sequence[Path], version: str, kubernetes: str, chart: Path
) -> subprocess.CompletedProcess[str]:
    more: list[str | Path] = [part for file in files for part in ("--values", file)]
    for name, value in (values or {}).items():
        more += ["--set-json", f"{name}={json.dumps(value)}"]
    return helm(
        "template",
        "release",
        chart,
        "--namespace",
        "space",
        "--kube-version",
        kubernetes,
        *more,
        version=version,
    )


def the(kind: str, objects: Objects) -> dict[str, Any]:
    """Return the one object of a kind."""
    (found,) = all_of(kind, objects)
    return found


def all_of(kind: str, objects: Objects) -> Objects:
    """Return the objects of a kind."""
    return [one for one in objects if one["kind"] == kind]


def pod_of(objects: Objects) -> dict[str, Any]:
    """Return the pod of the one Deployment, without its metadata."""
    pod: dict[str, Any] = the("Deployment", objects)["spec"]["template"]["spec"]
    return pod


def container_of(objects: Objects) -> dict[str, Any]:
    """Return the sidecar's container in it."""
    pod = pod_of(objects)
    (found,) = (
        one
        for one in [*pod.get("initContainers", []), *pod["containers"]]
        if one["name"] == "connect-sidecar"
    )
    return found


def environment_of(container: dict[str, Any]) -> dict[str, str]:
    """Return the variables of a container that are plain values."""
    return {entry["name"]: entry["value"] for entry in container.get("env", []) if "value" in entry}


def application_chart(directory: Path, version: str = "helm-4") -> Path:
    """Return a copy of the example of an application's chart, with the chart as its dependency."""
    shutil.copytree(ROOT / "helm", directory / "helm", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    chart = directory / "helm" / "example-application"
    ran = helm("dependency", "update", chart, version=version)
    assert ran.returncode == 0, ran.stderr
    return chart
