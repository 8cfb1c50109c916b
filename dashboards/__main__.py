"""`python -m dashboards`: write what is rendered; `--check`: say what is not as it would be written, and fail.

Every rendered file has one line in RENDERED.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from difflib import unified_diff
from pathlib import Path

from dashboards import page, rules
from dashboards.render import BOARDS

DIRECTORY = Path(__file__).parent / "rendered"
RENDERED: Mapping[str, Callable[[], str]] = {
    "rules.yaml": rules.render,
    **BOARDS,
    "../../docs/dashboards.md": page.render,
    **{
        # The chart carries its own: what is outside a chart isn't packaged, and links don't survive all tools.
        f"../../helm/connect-sidecar/files/{name}": render
        for name, render in {"rules.yaml": rules.render, **BOARDS}.items()
    },
}


def write() -> None:
    """Render every file."""
    for name, render in RENDERED.items():
        (DIRECTORY / name).write_text(render(), encoding="utf-8")


def differences() -> list[str]:
    """Return, line by line, where the files are not as they would be rendered."""
    found: list[str] = []
    for name, render in RENDERED.items():
        path = DIRECTORY / name
        is_there = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        found += unified_diff(is_there, render().splitlines(), name, "as rendered", lineterm="")
    return found


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m dashboards", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail where a file is outdated")
    if not parser.parse_args().check:
        write()
        return 0
    found = differences()
    if found:
        print(*found, "run `make dashboards`", sep="\n", file=sys.stderr)  # noqa: T201 - this is its output
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
