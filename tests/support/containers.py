"""The image, built from this checkout, and containers of it: buildah and podman, without a daemon and without systemd.

Where no registry can be reached, the base is a stand-in made of Debian's packages (image/stand-in-base.sh), once per
machine. Containers share the network of the machine, so that they reach the servers of a test on loopback.
"""

import asyncio
import functools
import json
import os
import resource
import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
NAME = "localhost/connect-sidecar:test"
BASE = "localhost/connect-sidecar/stand-in-base:trixie"
SECONDS = 300

# As Kubernetes' Pod Security Standards at their highest level want it, with the memory that a sidecar gets.
RESTRICTED = (
    *("--read-only", "--read-only-tmpfs=false", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--memory", "128m", "--network", "host"),
)

_WITHOUT_SYSTEMD = (
    *("--cgroup-manager", "cgroupfs", "--events-backend", "file"),
    *("--runtime", shutil.which("runc") or "runc"),
)


def podman(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run podman to its end."""
    return _run("podman", *_WITHOUT_SYSTEMD, *arguments, check=check)


def _run(*command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    ran = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS, env=_environ()
    )
    assert not check or ran.returncode == 0, f"{command}\n{ran.stdout}\n{ran.stderr}"
    return ran


def _environ() -> dict[str, str]:
    # A machine behind a proxy of its own trusts it by this variable; pip, inside the build, is told by this one.
    bundle = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE")
    return dict(os.environ) | {"ENGINE": "buildah"} | ({"PIP_CERT": bundle} if bundle else {})


@functools.cache
def built_image() -> str:
    """Build the image and return its name; once for a run of the tests."""
    if podman("image", "exists", BASE, check=False).returncode:
        _run("image/stand-in-base.sh", BASE)
    return build_image(NAME)


def build_image(name: str) -> str:
    """Build the image under a name, and return that; what had the name before goes, unless it is in use."""
    options = (
        "--build-arg",
        f"PYTHON_IMAGE={BASE}",
        "--isolation",
        "chroot",
        "--network",
        "host",
        "--pull-never",
    )
    before = podman("images", "--quiet", "--no-trunc", name).stdout.split()
    _run("image/build.sh", name, *options)
    podman("rmi", *before, check=False)
    return name


def run_once(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a container to its end: options, image, arguments."""
    return podman("run", "--rm", "--no-healthcheck", "--network", "host", *_limits(), *arguments, check=False)


def _limits() -> Sequence[str]:
    """Stay within the limits that the tests have: podman would raise them, which a nested machine may not."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return ("--ulimit", f"nofile={files}:{files}", "--ulimit", "nproc=1024:1024")


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A running container of the image, serving."""

    id: str
    address: str
    observe_address: str

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command inside, as a probe would."""
        return podman("exec", self.id, *command, check=False)

    def inspect(self) -> Mapping[str, Any]:
        described: Mapping[str, Any] = json.loads(podman("inspect", self.id).stdout)[0]
        return described

    def process(self, file: str) -> str:
        """Return what the kernel says of its first process."""
        return Path("/proc", str(self.inspect()["State"]["Pid"]), file).read_text()

    def log(self) -> list[Mapping[str, Any]]:
        """Return its log, a mapping for each line."""
        return [json.loads(line) for line in podman("logs", self.id).stderr.splitlines()]

    async def wait_for_phase(self, phase: str) -> None:
        while not any(line.get("phase") == phase for line in await asyncio.to_thread(self.log)):
            state = (await asyncio.to_thread(self.inspect))["State"]["Status"]
            assert state in {"running", "stopping"}, self.log()
            await asyncio.sleep(0.05)

    async def stop(self) -> int:
        """Stop it as an engine does, and return its exit code."""
        await asyncio.to_thread(podman, "stop", "--time", "25", self.id)
        code: int = self.inspect()["State"]["ExitCode"]
        return code


@asynccontextmanager
async def container(upstream_url: str, *options: str, **settings: str) -> AsyncIterator[Container]:
    """Run the image under all restrictions for the length of the block, in front of `upstream_url`."""
    image = await asyncio.to_thread(built_image)
    # A loopback address of its own, rather than ports that are free now and taken by the time a container is up.
    host = f"127.{secrets.randbelow(254) + 1}.{secrets.randbelow(256)}.{secrets.randbelow(254) + 1}"
    traffic, observe = f"{host}:8180", f"{host}:8181"
    settings = {
        "SERVER__LISTEN": traffic,
        "OBSERVE__LISTEN": observe,
        "SERVER__DRAIN_DELAY_SECONDS": "0",
        **settings,
    }
    environ = {"OP_CONNECT_HOST": upstream_url, **{f"CONNECT_SIDECAR__{n}": v for n, v in settings.items()}}
    variables = [part for name, value in environ.items() for part in ("--env", f"{name}={value}")]
    started = await asyncio.to_thread(
        podman, "run", "--detach", *RESTRICTED, *_limits(), *variables, *options, image
    )
    running = Container(id=started.stdout.strip(), address=traffic, observe_address=observe)
    try:
        async with asyncio.timeout(60):
            await running.wait_for_phase("serving")
        yield running
    finally:
        podman("rm", "--force", "--time", "0", running.id)
