"""Whether a tag may be released, and what is said of it: `python3 .ci/release_notes.py v1.2.3`.

The version has one place, `proxy/__init__.py`. A tag must be `v` and that version, and CHANGELOG.md must have a section
of it, which is printed. Standard library only: the release workflow runs it before anything is installed.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class NotReleasableError(Exception):
    """Why a tag can't be released, in one line."""


def version() -> str:
    """Return the version of the code."""
    found = re.search(r'^__version__ = "(.+)"$', (ROOT / "proxy" / "__init__.py").read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


def notes(tag: str, changelog: str) -> str:
    """Return the changelog's section of a tag. Raises NotReleasableError."""
    if tag != f"v{version()}":
        raise NotReleasableError(f"the tag is {tag}, the code says v{version()} (proxy/__init__.py)")
    section = re.search(
        rf"^## {re.escape(version())}(?: [^\n]*)?\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL
    )
    if section is None or not section[1].strip():
        raise NotReleasableError(f"CHANGELOG.md has no section `## {version()}`, or it is empty")
    return section[1].strip()


def main(arguments: list[str]) -> int:
    """Print the notes of the tag; exit code 1 and a line on standard error if it can't be released."""
    try:
        (tag,) = arguments
        print(notes(tag, (ROOT / "CHANGELOG.md").read_text()))
    except ValueError:
        print("usage: release_notes.py vX.Y.Z", file=sys.stderr)
        return 2
    except NotReleasableError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
