"""values.yaml as a list of values: where each stands, its default, and the comment above it, which documents it.

A map whose key has a comment is one value, whatever is in it; a map without is a section.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml  # type: ignore[import-untyped]

_KEY = re.compile(r"^( *)([A-Za-z_]+):")
_COMMENT = re.compile(r"^ *# ?(.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One documented value."""

    path: tuple[str, ...]
    text: str
    default: object

    @property
    def name(self) -> str:
        """As it is written on a command line: `cache.storeBytes`."""
        return ".".join(self.path)


def values(chart: Path) -> list[Value]:
    """Return all values, in the file's order. Raises ValueError if one has no comment."""
    text = (chart / "values.yaml").read_text(encoding="utf-8")
    comments = dict(_comments(text))
    return list(_values(yaml.safe_load(text), (), comments))


def _values(
    section: dict[str, object], at: tuple[str, ...], comments: dict[tuple[str, ...], str]
) -> Iterator[Value]:
    for key, default in section.items():
        path = (*at, key)
        if path in comments:
            yield Value(path=path, text=comments[path], default=default)
        elif isinstance(default, dict) and default:
            yield from _values(default, path, comments)
        else:
            raise ValueError(f"values.yaml: {'.'.join(path)} has no comment")


def _comments(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    path: list[str] = []
    pending: list[str] = []
    for line in text.splitlines():
        if comment := _COMMENT.match(line):
            pending.append(comment[1])
            continue
        if key := _KEY.match(line):
            path = [*path[: len(key[1]) // 2], key[2]]
            if pending:
                yield tuple(path), " ".join(pending)
        pending = []
