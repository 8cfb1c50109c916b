"""Pods that the chart renders, run by `podman play kube`, with an embedded Connect server on the pod's own loopback.

A pod has a network of its own with nothing but a loopback in it, as strict as any NetworkPolicy. What is changed in a
manifest is what podman sees differently. It maps declared ports to the machine, and would run probes with curl inside
the container: both go, asking is the test's part, as it is the kubelet's. And pods share an emptyDir of one name.
"""

import json
import os
import re
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.chart import Objects
from tests.support.containers import podman

PROGRAM = Path(__file__).resolve().parents[2] / ".venv" / "bin" / "connect-sidecar"
READ = """
import os, urllib.request
request = urllib.request.Request(os.environ["OP_CONNECT_HOST"] + TARGET, headers={"Authorization": "Bearer " + TOKEN})
with urllib.request.urlopen(request, timeout=10) as answer:
    print(answer.headers["Cache-Status"])
    print(answer.read().decode())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """The embedded server inside the pod: a token of it, and an item."""

    token: str
    vault: str
    item: str

    @property
    def target(self) -> str:
        return f"/v1/vaults/{self.vault}/items/{self.item}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningPod:
    """A pod that runs, named as podman names its containers."""

    name: str
    connect: Connect

    def inspect(self, container: str) -> dict[str, Any]:
        described: dict[str, Any] = json.loads(podman("inspect", f"{self.name}-{container}").stdout)[0]
        return described

    def exec(self, container: str, *command: str) -> subprocess.CompletedProcess[str]:
        return podman("exec", f"{self.name}-{container}", *command, check=False)

    def read_from(self, container: str) -> tuple[str, dict[str, Any]]:
        """Read the item from inside a container, where its OP_CONNECT_HOST says; return Cache-Status and item."""
        program = f"TARGET, TOKEN = {self.connect.target!r}, {self.connect.token!r}\n{READ}"
        ran = self.exec(container, "python3", "-c", program)
        assert ran.returncode == 0, ran.stderr
        status, _, item = ran.stdout.partition("\n")
        return status, json.loads(item)

    def has_started(self, container: str) -> None:
        """Ask as the startup probe does, as often as it may."""
        for _ in range(60):
            if self.probe(container, url="http://127.0.0.1:8181/livez") == 0:
                return
        raise AssertionError(podman("logs", f"{self.name}-{container}").stderr)

    def probe(self, container: str, *, url: str) -> int:
        """Ask from inside the pod's network, and return the exit code of `healthcheck`."""
        pid = str(self.inspect(container)["State"]["Pid"])
        ran = subprocess.run(["nsenter", "-t", pid, "-n", PROGRAM, "healthcheck", "--url", url], check=False)
        return ran.returncode


@contextmanager
def running_pod(objects: Objects, directory: Path, container: str) -> Iterator[RunningPod]:
    """Run the one Deployment of `objects`, and Connect on port 8080 of `container`'s loopback."""
    file = directory / "pod.yaml"
    (name,) = (f"{one['metadata']['name']}-pod-0" for one in objects if one["kind"] == "Deployment")
    file.write_text(yaml.safe_dump_all([_for_podman(one, name) for one in objects if one["kind"] in _KINDS]))
    with _within_our_limits(directory):
        podman("play", "kube", "--network", "none", str(file))
        try:
            pid = str(json.loads(podman("inspect", f"{name}-{container}").stdout)[0]["State"]["Pid"])
            with _connect_in(pid) as connect:
                pod = RunningPod(name=name, connect=connect)
                pod.has_started(container)
                yield pod
        finally:
            podman("play", "kube", "--down", str(file))
            volumes = [one["metadata"]["name"] for one in objects if one["kind"] == "ConfigMap"]
            podman("volume", "rm", "--force", f"{name}-run", *volumes, check=False)


_KINDS = {"ConfigMap", "Deployment"}


def _for_podman(document: dict[str, Any], pod: str) -> dict[str, Any]:
    document = json.loads(json.dumps(document).replace("connect-sidecar-run", f"{pod}-run"))
    if document["kind"] == "Deployment":
        for container in document["spec"]["template"]["spec"]["containers"]:
            for part in ("ports", "startupProbe", "livenessProbe", "readinessProbe"):
                container.pop(part, None)
    return document


@contextmanager
def _within_our_limits(directory: Path) -> Iterator[None]:
    """Have podman raise no limits of its own, which a nested machine may not."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    config = directory / "containers.conf"
    config.write_text(f'[containers]\ndefault_ulimits = ["nofile={files}:{files}", "nproc=1024:1024"]\n')
    before = os.environ.get("CONTAINERS_CONF")
    os.environ["CONTAINERS_CONF"] = str(config)
    try:
        yield
    finally:
        os.environ.pop("CONTAINERS_CONF") if before is None else os.environ.update(CONTAINERS_CONF=before)


@contextmanager
def _connect_in(pid: str) -> Iterator[Connect]:
    command = ["nsenter", "-t", pid, "-n", PROGRAM, "emulate", "--port", "8080"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        told = ""
        try:
            assert process.stdout is not None
            while "OP_CONNECT_TOKEN=" not in told:
                line = process.stdout.readline()
                assert line, told
                told += line
            vault, item = re.findall(r"^an? (?:vault|item) +(\S+)$", told, re.MULTILINE)
            yield Connect(token=told.partition("OP_CONNECT_TOKEN=")[2].split()[0], vault=vault, item=item)
        finally:
            process.terminate()
