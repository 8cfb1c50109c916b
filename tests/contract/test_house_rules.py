"""The rules of the house that no linter knows."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path
    for part in ("proxy", "dashboards", "helm", "image", "benchmarks/peers")
    for path in (ROOT / part).rglob("*.py")
)
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
MOST_LINES = 300
# In pieces, so that this file keeps the rule, too.
INDEX_HOSTS = re.compile(
    "|".join(
        (
            r"\bpy" + r"pi\.(org|io|python)",
            r"python" + r"hosted\.",
            r"registry\.npm" + "js",
            r"deb\.deb" + "ian",
            r"--(extra-)?index" + "-url[ =]h",
        )
    )
)


def named(path):
    return str(path.relative_to(ROOT))


@pytest.fixture(scope="module")
def tracked_files():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, text=True
    ).stdout.split("\0")
    found = [ROOT / name for name in listed if name] or [
        path for path in ROOT.rglob("*") if ".venv" not in path.parts
    ]
    return [path for path in found if path.is_file()]


def test_import_contracts_are_kept():
    lint = Path(sys.executable).with_name("lint-imports")
    ran = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_a_module_says_what_lives_there_and_stays_small(module):
    text = module.read_text()
    assert ast.get_docstring(ast.parse(text)), "no docstring"
    assert text.count("\n") <= MOST_LINES


def test_no_module_has_a_name_that_says_nothing():
    assert not [named(module) for module in MODULES if module.stem in {"utils", "helpers", "common", "misc"}]


def test_no_file_names_the_host_of_a_package_index(tracked_files):
    found = [
        named(path)
        for path in tracked_files
        if INDEX_HOSTS.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


@pytest.mark.parametrize("lock", LOCKS, ids=named)
def test_a_lock_pins_one_version_with_hashes_for_every_package_and_names_no_host(lock):
    text = lock.read_text()
    assert "://" not in text
    requirements = [
        entry for entry in re.sub(r"\\\n\s*", " ", text).splitlines() if entry and entry.strip()[0] != "#"
    ]
    assert requirements
    bad = [
        entry[:60]
        for entry in requirements
        if not re.match(r"[a-z0-9._-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", entry)
    ]
    assert bad == []


def pins_of(lock):
    return dict(
        re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / "requirements" / lock).read_text(), re.MULTILINE)
    )


@pytest.mark.parametrize("part", ["build.txt", "runtime.txt", "demo.txt"])
def test_what_is_shipped_is_what_is_tested(part):
    assert pins_of(part).items() <= pins_of("dev.txt").items()
