"""The workflows: one gate, least rights, actions pinned by hash, nothing published that has not passed."""

import re
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).resolve().parents[2] / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
WORKFLOWS = {file.stem: yaml.safe_load(file.read_text()) for file in FILES}
PINNED = re.compile(r"\buses: [\w-]+/[\w.-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+$")


def named(file):
    return file.name


def steps(job):
    return WORKFLOWS["release"]["jobs"][job].get("steps", ())


def everything_before(job):
    needed = WORKFLOWS["release"]["jobs"][job].get("needs", [])
    names = [needed] if isinstance(needed, str) else needed
    return set(names).union(*(everything_before(name) for name in names))


@pytest.mark.parametrize("file", FILES, ids=named)
def test_an_action_is_pinned_by_its_commit_and_says_its_version(file):
    lines = [line for line in file.read_text().splitlines() if re.search(r"\buses: ", line)]
    assert [line for line in lines if "uses: ./" not in line and not PINNED.search(line)] == []


def test_one_action_has_one_commit_everywhere():
    pins = {
        re.search(r"uses: (.+)", line)[1]
        for file in FILES
        for line in file.read_text().splitlines()
        if "@" in line and "uses:" in line
    }
    assert len({pin.partition("@")[0] for pin in pins}) == len(pins)


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_rights_are_given_to_jobs_and_only_there(name):
    assert WORKFLOWS[name]["permissions"] == {}
    assert all("permissions" in job for job in WORKFLOWS[name]["jobs"].values())


def test_who_only_checks_may_only_read():
    for job in (
        *WORKFLOWS["ci"]["jobs"].values(),
        *(WORKFLOWS["release"]["jobs"][n] for n in ("version", "gate")),
    ):
        assert job["permissions"] == {"contents": "read"}


def test_no_checkout_leaves_its_credentials_behind():
    for workflow in WORKFLOWS.values():
        for job in workflow["jobs"].values():
            for step in job.get("steps", ()):
                if step.get("uses", "").startswith("actions/checkout@"):
                    assert step["with"]["persist-credentials"] is False


def test_the_gate_is_ci_run_and_the_release_passes_the_same():
    (gate,) = WORKFLOWS["ci"]["jobs"].values()
    assert gate["steps"][-1]["run"] == "bash .ci/run"
    assert WORKFLOWS["release"]["jobs"]["gate"]["uses"] == "./.github/workflows/ci.yml"


@pytest.mark.parametrize("job", ["image", "chart", "announce"])
def test_nothing_is_published_before_version_and_gate(job):
    assert everything_before(job) >= {"version", "gate"}


@pytest.mark.parametrize("job", ["image", "chart"])
def test_what_is_published_is_signed_and_attested_by_its_digest(job):
    runs = " ".join(step.get("run", "") for step in steps(job))
    assert "cosign sign --yes" in runs
    (attestation,) = [step for step in steps(job) if step.get("uses", "").startswith("actions/attest@")]
    assert attestation["with"]["push-to-registry"] is True
    assert attestation["with"]["subject-digest"].endswith(".outputs.digest }}")
