"""The version stands in proxy/__init__.py; everything else follows it, and a tag that doesn't is not released."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from proxy import __version__

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / ".ci" / "release_notes.py"
RELEASE = (ROOT / ".github" / "workflows" / "release.yml").read_text()
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
RELEASED = f"## {__version__} (2026-12-01)\n\n- Something.\n"


@pytest.fixture(scope="module")
def release_notes():
    specification = importlib.util.spec_from_file_location("release_notes", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_it_is_a_semantic_version():
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


def test_the_command_line_and_the_package_say_it():
    ran = subprocess.run(
        [sys.executable, "-m", "proxy", "--version"], capture_output=True, text=True, check=True
    )
    assert ran.stdout == f"connect-sidecar {__version__}\n"
    assert '[tool.hatch.version]\npath = "proxy/__init__.py"' in (ROOT / "pyproject.toml").read_text()


def test_the_changelog_begins_with_what_is_not_released_or_with_this_version():
    first, *_ = re.findall(r"^## (.+)$", CHANGELOG, re.MULTILINE)
    assert first == "Unreleased" or first.split()[0] == __version__


def test_the_chart_has_it_as_its_own_version_and_as_the_images():
    charts = [yaml.safe_load(file.read_text()) for file in (ROOT / "helm").glob("connect-sidecar/Chart.yaml")]
    assert [(chart["version"], chart["appVersion"]) for chart in charts] == [
        (__version__, __version__) for _ in charts
    ]


def test_the_release_labels_the_image_and_names_image_and_chart_by_it():
    assert "VERSION=${{ needs.version.outputs.version }}" in RELEASE
    assert "tags: ${{ steps.name.outputs.name }}:${{ needs.version.outputs.version }}" in RELEASE
    assert 'helm package helm/connect-sidecar --version "$VERSION" --app-version "$VERSION"' in RELEASE


def test_the_image_takes_every_argument_that_the_release_gives_it():
    dockerfile = (ROOT / "Dockerfile").read_text()
    given = re.findall(r"^ {12}([A-Z_]+)=", RELEASE, re.MULTILINE)
    assert given == ["PYTHON_DIGEST", "VERSION", "REVISION", "CREATED", "SOURCE"]
    assert [name for name in given if not re.search(rf"^ARG {name}=", dockerfile, re.MULTILINE)] == []
    assert 'org.opencontainers.image.version="${VERSION}"' in dockerfile
    assert re.search(r"^ARG PYTHON_TAG=\S+$", dockerfile, re.MULTILINE)


def test_the_bill_of_materials_is_taken_from_where_the_image_has_it():
    (path,) = set(re.findall(r"/usr/share/sbom/[\w.-]+", RELEASE))
    assert path in (ROOT / "docs" / "container.md").read_text()


def test_the_chart_that_is_released_names_the_image_by_its_digest(tmp_path):
    values = tmp_path / "values.yaml"
    values.write_text('image:\n  # Where.\n  repository: connect-sidecar\n  tag: ""\n  digest: ""\n')
    pin = [ROOT / ".ci" / "pin-chart", values, "ghcr.io/owner/name", "sha256:0123"]
    subprocess.run(["bash", *pin], check=True)
    assert yaml.safe_load(values.read_text())["image"] == {
        "repository": "ghcr.io/owner/name",
        "tag": "",
        "digest": "sha256:0123",
    }
    again = subprocess.run(["bash", *pin], capture_output=True, text=True, check=False)
    assert (again.returncode, "no single line" in again.stderr) == (1, True)


def test_the_chart_of_this_checkout_can_be_pinned_so(tmp_path):
    for file in (ROOT / "helm").glob("connect-sidecar/values.yaml"):
        values = tmp_path / "values.yaml"
        values.write_text(file.read_text())
        subprocess.run(["bash", ROOT / ".ci" / "pin-chart", values, "ghcr.io/o/n", "sha256:0123"], check=True)


def test_the_release_notes_are_the_changelogs_section(release_notes):
    changelog = f"# Changelog\n\n{RELEASED}\n## 0.0.1\n\n- Older.\n"
    assert release_notes.notes(f"v{__version__}", changelog) == "- Something."


@pytest.mark.parametrize(
    ("tag", "changelog", "why"),
    [
        ("v99.0.0", RELEASED, "the code says"),
        (__version__, RELEASED, "the code says"),
        (f"v{__version__}-rc1", RELEASED, "the code says"),
        (f"v{__version__}", "## Unreleased\n\n- Something.\n", "no section"),
        (f"v{__version__}", f"## {__version__}\n\n## 0.0.1\n\n- Older.\n", "no section"),
        (f"v{__version__}", f"## {__version__}9\n\n- Another.\n", "no section"),
    ],
)
def test_a_tag_without_its_version_or_its_section_is_not_released(release_notes, tag, changelog, why):
    with pytest.raises(release_notes.NotReleasableError, match=why):
        release_notes.notes(tag, changelog)


def test_the_script_refuses_with_one_line_and_an_exit_code():
    ran = subprocess.run([sys.executable, SCRIPT, "v99.0.0"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1)
