"""The rule file of Prometheus as text: YAML that people can review, so expressions and sentences keep their lines.

Only the few shapes that a rule file has: a mapping of words, and text in block scalars. It knows nothing of what the
rules mean.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from textwrap import indent, wrap

from dashboards.alerts import Alert
from dashboards.recordings import Recording

WIDTH = 110


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are evaluated one after the other: what an alert compares stands before it."""

    name: str
    rules: tuple[Recording | Alert, ...]


def render(groups: Iterable[Group]) -> str:
    """Return the file."""
    lines = ["# Rendered by `make dashboards` from dashboards/; lint compares. Change it there.", "groups:"]
    for group in groups:
        lines += [f"  - name: {group.name}", "    rules:"]
        lines += [indent(_rule(rule), "      ") for rule in group.rules]
    return "\n".join(lines) + "\n"


def _rule(rule: Recording | Alert) -> str:
    match rule:
        case Recording():
            return f"- record: {rule.name}\n  expr: {_literal(rule.expression, '    ')}"
        case Alert():
            hold = f"\n  for: {rule.hold}" if rule.hold else ""
            return (
                f"- alert: {rule.name}\n  expr: {_literal(rule.expression, '    ')}{hold}\n"
                f"  labels:\n{_mapping(rule.labels)}\n  annotations:\n{_mapping(rule.annotations)}"
            )


def _mapping(words: Mapping[str, str]) -> str:
    return "\n".join(f"    {name}: {_folded(text, '      ')}" for name, text in words.items())


def _literal(text: str, margin: str) -> str:
    return f"|-\n{indent(text, margin)}"


def _folded(text: str, margin: str) -> str:
    """Text of one line: as it is where it is short, else folded, which reads as one line again."""
    if len(text) <= WIDTH // 2:
        return json.dumps(text, ensure_ascii=False)
    lines = wrap(text, WIDTH - 20, break_long_words=False, break_on_hyphens=False)
    return ">-\n" + indent("\n".join(lines), margin)
