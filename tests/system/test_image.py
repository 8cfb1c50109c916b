"""The container image: really built, and run as strictly as a cluster would, in front of the embedded server."""

import asyncio
import json
import re
import subprocess
import sys
import tarfile
from datetime import datetime
from pathlib import Path

import onepasswordconnectsdk
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from proxy import __version__
from proxy.emulator import READ_WRITE, Emulator, HoldPoint
from tests.support.containers import BASE, ROOT, build_image, built_image, container, podman, run_once
from tests.support.wire import WireClient

pytestmark = pytest.mark.system

MOST_BYTES = 120_000_000
USER_ID = 65532
BILL = "usr/share/sbom/connect-sidecar.cdx.json"

# What a cluster and its fleets add to the environment of every container.
INJECTED = (
    *("--env", "CONNECT_SIDECAR_PORT=tcp://10.0.0.7:8180", "--env", "CONNECT_SIDECAR_SERVICE_HOST=10.0.0.7"),
    *("--env", "CONNECT_SIDECAR_PORT_8180_TCP=tcp://10.0.0.7:8180", "--env", "PYTHONPATH=/injected"),
)


@pytest.fixture
async def emulator():
    async with Emulator() as running:
        yield running


@pytest.fixture
def sample(emulator):
    return emulator.sample_data()


@pytest.fixture
def token(emulator, sample):
    return emulator.issue_token("image", dict.fromkeys(sample.vault_ids, READ_WRITE))


@pytest.fixture(scope="module")
def image():
    return built_image()


@pytest.fixture(scope="module")
def described(image):
    return json.loads(podman("image", "inspect", image).stdout)[0]


@pytest.fixture(scope="module")
def root(image, tmp_path_factory):
    """The image's root file system as an archive."""
    archive = tmp_path_factory.mktemp("image") / "root.tar"
    created = podman("create", "--no-healthcheck", image).stdout.strip()
    podman("export", "--output", str(archive), created)
    podman("rm", created)
    with tarfile.open(archive) as opened:
        yield opened


# --- run


def reads(url, token, sample):
    client = onepasswordconnectsdk.new_client(url, token)
    demo, infrastructure = sample.demo.id, sample.infrastructure.id
    return [
        [vault.to_dict() for vault in client.get_vaults()],
        [item.to_dict() for item in client.get_items(demo)],
        client.get_item("Web shop", "Demo").to_dict(),
        client.get_item_by_id(sample.api_credential.id, demo).to_dict(),
        client.get_file_content(sample.file.id, sample.document.id, infrastructure),
    ]


async def test_it_serves_the_python_sdk_read_only_unprivileged_and_in_128_mib(emulator, sample, token):
    direct = await asyncio.to_thread(reads, emulator.url, token, sample)
    async with container(emulator.url) as running:
        for _ in range(2):
            assert await asyncio.to_thread(reads, running.url, token, sample) == direct
        emulator.forget_requests()
        await asyncio.to_thread(reads, running.url, token, sample)
        assert emulator.requests == []

        status = dict(re.findall(r"^(\w+):\s*(.*)$", running.process("status"), re.MULTILINE))
        assert status["Uid"].split() == status["Gid"].split() == [str(USER_ID)] * 4
        assert {status[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {"0" * 16}
        assert status["NoNewPrivs"] == "1"
        (options,) = re.findall(r"^\S+ \S+ \S+ / / (\S+)", running.process("mountinfo"), re.MULTILINE)
        assert "ro" in options.split(",")
        limit = "from proxy.config import memory_limit_bytes; print(memory_limit_bytes())"
        assert running.run("python", "-I", "-c", limit).stdout == f"{128 * 1024 * 1024}\n"
        print(f"\nmost memory held: {int(status['VmHWM'].split()[0]) / 1024:.0f} MiB")

        said = podman("logs", running.id)
        assert not [
            secret for secret in (token, "Web shop", sample.demo.name) if secret in said.stdout + said.stderr
        ]
        assert await running.stop() == 0


async def test_healthcheck_turns_green(emulator):
    async with container(emulator.url) as running:
        assert podman("healthcheck", "run", running.id, check=False).returncode == 0
        assert running.inspect()["State"]["Health"]["Status"] == "healthy"


async def test_healthcheck_is_red_where_nobody_listens(emulator):
    async with container(emulator.url) as running:
        asked = podman(
            *("exec", "--env", "CONNECT_SIDECAR__OBSERVE__LISTEN=127.0.0.1:1", running.id),
            *("connect-sidecar", "healthcheck"),
            check=False,
        )
        assert asked.returncode == 2


async def test_what_a_cluster_injects_does_no_harm(emulator, sample, token, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('injected code runs')")
    (tmp_path / "aiohttp.py").write_text("raise SystemExit('injected code runs')")
    tmp_path.chmod(0o755)
    async with container(emulator.url, *INJECTED, "--volume", f"{tmp_path}:/injected:ro") as running:
        assert await asyncio.to_thread(reads, running.url, token, sample)
        assert running.run("connect-sidecar", "healthcheck").returncode == 0


async def test_a_stop_lets_a_write_under_way_end_and_leaves_with_0(emulator, sample, token):
    path = f"/v1/vaults/{sample.demo.id}/items/{sample.login.id}"
    hold = emulator.hold(path=path, method="DELETE", at=HoldPoint.WHILE_WRITING)
    async with container(emulator.url) as running:
        async with await WireClient.connect(running.address) as client:
            lines = [f"DELETE {path} HTTP/1.1", "Host: c", f"Authorization: Bearer {token}"]
            write = asyncio.create_task(client.ask("\r\n".join(lines)))
            await hold.arrived()
            stopping = asyncio.create_task(running.stop())
            await running.wait_for_phase("draining")
            hold.release()
            assert (await write).status == 204
        assert await stopping == 0
        assert not [line for line in running.log() if line["level"] in {"error", "critical"}]


async def test_without_a_writable_directory_it_serves_and_says_that_no_command_reaches_it(emulator):
    async with container(emulator.url) as running:
        notes = [line["note"] for line in running.log() if line["event"] == "sidecar.note"]
        assert [
            note
            for note in notes
            if note.startswith("control.socket: /run/connect-sidecar can't be written to")
        ]
        assert running.run("connect-sidecar", "status").returncode == 2


@pytest.mark.parametrize("user", [USER_ID, 1_000_680_000], ids=["our user", "a user of the cluster's choice"])
async def test_with_a_writable_directory_commands_reach_it(emulator, user):
    options = ("--tmpfs", "/run/connect-sidecar:size=64k", "--user", f"{user}:0")
    async with container(emulator.url, *options) as running:
        told = running.run("connect-sidecar", "status")
        assert "in front of" in told.stdout, told
        assert running.run("connect-sidecar", "mode", "passthrough").returncode == 0


@pytest.mark.parametrize("command", ["demo", "emulate"])
def test_what_it_lacks_is_said_in_a_line(image, command):
    ran = run_once(image, command)
    assert ran.returncode == 2
    assert f"connect-sidecar {command}: needs jwt, which comes with the extra `demo`" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_run_without_settings_says_what_is_missing(image):
    ran = run_once(image)
    assert ran.returncode == 2
    assert "connect-sidecar serve: upstream.url" in ran.stderr


# --- what is in it


def test_no_shell_no_package_manager_and_no_compiler_are_in_it(root):
    programs = {Path(member.name).name for member in root if member.isfile() and member.mode & 0o111}
    unwanted = re.compile(
        r"(ba|da|z)?sh|busybox|apt.*|dpkg.*|pip.*|uv|gcc.*|cc|ld|perl.*|curl|wget|mount|su|env"
    )
    assert not [name for name in programs if unwanted.fullmatch(name)]
    elf = {
        Path(member.name).name
        for member in root
        if member.isfile() and member.mode & 0o111 and ".so" not in member.name and _is_elf(root, member)
    }
    assert len(elf) == 1
    assert elf.pop().startswith("python3")


def _is_elf(root, member):
    with root.extractfile(member) as file:
        return file.read(4) == b"\x7fELF"


def test_nothing_in_it_gives_privileges_or_is_writable_but_for_two_folders(root):
    privileged = [member.name for member in root if member.mode & 0o6000]
    writable = {
        member.name
        for member in root
        if not member.issym() and (member.mode & 0o002 or member.uid == USER_ID or member.gid == USER_ID)
    }
    assert privileged == []
    assert writable == {"tmp", "run/connect-sidecar"}


@pytest.mark.parametrize("module", ["pip", "ensurepip", "setuptools", "jwt", "pytest", "test", "venv"])
def test_packages_of_development_can_not_be_imported(root, module):
    found = re.compile(rf"/(site-packages|python3\.\d+)/{module}(/__init__)?\.py$")
    assert not [member.name for member in root if found.search(member.name)]


def test_every_module_is_compiled_ahead(root):
    names = set(root.getnames())
    tags = {match[1] for name in names if (match := re.search(r"\.(cpython-\d+)\.pyc$", name))}
    (tag,) = tags
    modules = [Path(member.name) for member in root if member.isfile() and member.name.endswith(".py")]
    bare = [
        path for path in modules if str(path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc") not in names
    ]
    assert len(modules) > 1000
    assert bare == []


def test_its_bill_of_materials_is_valid_and_names_what_is_locked(root):
    text = root.extractfile(BILL).read().decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    packages = {part["name"]: part["version"] for part in bill["components"] if "pkg:pypi/" in part["purl"]}
    lock = (ROOT / "requirements/runtime.txt").read_text()
    pinned = re.findall(r"^([a-z0-9._-]+)==(\S+)( ;)?", lock, re.MULTILINE)
    assert packages.items() <= {(name, version) for name, version, _ in pinned}
    assert {name for name, _, is_conditional in pinned if not is_conditional} <= packages.keys()
    system = {part["name"] for part in bill["components"] if "pkg:deb/" in part["purl"]}
    assert {"libc6", "libssl3t64"} <= system
    assert system == {
        Path(name).name for name in root.getnames() if name.startswith("var/lib/dpkg/status.d/")
    }
    about = bill["metadata"]["component"]
    assert (about["name"], about["version"]) == ("connect-sidecar", __version__)


def test_every_system_library_comes_with_its_licence(root):
    names = set(root.getnames())
    owners = [Path(name).name for name in names if name.startswith("var/lib/dpkg/status.d/")]
    documents = {name: _followed(root, f"usr/share/doc/{name}") for name in owners}
    assert owners
    assert not [name for name, folder in documents.items() if f"{folder}/copyright" not in names]


def _followed(root, name):
    """Return where a folder is, if it is a link to one beside it."""
    member = root.getmember(name)
    return str(Path(name).with_name(member.linkname)) if member.issym() else name


def test_its_configuration_says_what_it_is_and_nothing_of_the_machine_that_built_it(described):
    assert described["Config"]["User"] == f"{USER_ID}:{USER_ID}"
    assert described["Config"]["Entrypoint"] == ["connect-sidecar"]
    assert described["Config"]["Cmd"] == ["serve"]
    assert described["Config"]["StopSignal"] == "SIGTERM"
    assert {variable.partition("=")[0] for variable in described["Config"]["Env"]} == {
        *("PATH", "LANG", "SSL_CERT_FILE", "XDG_RUNTIME_DIR")
    }
    labels = {
        name.removeprefix("org.opencontainers.image."): text for name, text in described["Labels"].items()
    }
    assert labels["title"] == "connect-sidecar"
    assert labels["version"] == __version__
    assert labels["licenses"] == "MIT"
    assert "1Password Connect" in labels["description"]
    assert {"source", "revision", "created"} <= labels.keys()


def test_no_setting_of_the_builder_is_in_its_history_or_files(described, root):
    history = json.dumps(described["History"])
    assert not re.search(r"pip\.conf|pip-cert|PIP_|TOKEN|PASSWORD|https?://", history)
    assert not [name for name in root.getnames() if name.startswith(("etc/pip.conf", "run/secrets", "build"))]


def test_it_trusts_the_authorities_of_its_base_only(root):
    certificates = root.extractfile("etc/ssl/certs/ca-certificates.crt").read()
    base = run_once("--entrypoint", "cat", BASE, "/etc/ssl/certs/ca-certificates.crt").stdout
    assert certificates.decode() == base


def test_it_is_small(described):
    print(f"\nimage: {described['Size'] / 1e6:.1f} MB")
    assert described["Size"] < MOST_BYTES


TIMED = """
import subprocess, sys, time
start = time.monotonic()
subprocess.run([sys.executable, "-I", "-c", "import aiohttp"], check=True)
print(time.monotonic() - start)
"""


async def test_it_is_ready_soon(emulator):
    """Measured in the units of the machine: what Python needs there to import aiohttp, the larger half of a start."""
    starts = []
    for _ in range(3):
        async with container(emulator.url) as running:
            (serving,) = [line["ts"] for line in running.log() if line.get("phase") == "serving"]
            started = running.inspect()["State"]["StartedAt"]
            starts.append(datetime.fromisoformat(serving) - datetime.fromisoformat(started))
            imported = min(float(running.run("python", "-c", TIMED).stdout) for _ in range(3))
    seconds = min(starts).total_seconds()
    print(f"\nstart to ready: {seconds:.2f} s, python -c 'import aiohttp': {imported:.2f} s")
    assert seconds < 6 * imported


# --- how it is built


def test_the_same_commit_gives_the_same_layer(image, described):
    again = json.loads(podman("image", "inspect", build_image(f"{image}-again")).stdout)[0]
    assert again["RootFS"]["Layers"] == described["RootFS"]["Layers"]


def test_every_locked_library_has_a_wheel_for_the_other_processor(tmp_path):
    ran = subprocess.run(
        (
            *(
                Path(sys.executable).with_name("uv"),
                "pip",
                "install",
                "--dry-run",
                "--target",
                tmp_path / "arm64",
            ),
            *("--python-platform", "aarch64-unknown-linux-gnu", "--python-version", "3.13"),
            *("--only-binary", ":all:", "--require-hashes", "-r", ROOT / "requirements/runtime.txt"),
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "+ aiohttp==" in ran.stderr
