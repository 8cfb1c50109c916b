"""The table of values in the chart's README."""

import json
from collections.abc import Iterator, Sequence

from helm.values import Value


def table_of(values: Sequence[Value]) -> str:
    """Return it as Markdown."""
    return "".join(_lines(values))


def _lines(values: Sequence[Value]) -> Iterator[str]:
    yield "| value | default | what it does |\n|---|---|---|\n"
    for value in values:
        yield f"| `{value.name}` | {_shown(value.default)} | {value.text.replace('|', chr(92) + '|')} |\n"


def _shown(default: object) -> str:
    if default in ("", None):
        return ""
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"
