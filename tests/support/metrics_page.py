"""docs/metrics.md as data: which metrics there are, with which labels, and which words each label may say.

What looks at metrics from outside (dashboards, rules) is held against the page, not against the code: the page is what
people build on, and another test compares it with the code.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
_ROW = re.compile(
    r"^\| `(?P<name>connect_sidecar_\w+)` \| (?P<kind>\w+) \|[^|]*\| (?P<labels>[^|]*) \|", re.MULTILINE
)
_LABEL = re.compile(r"`(\w+)`: ([^;]+)")
_WORDS = re.compile(r"^- `(?P<label>\w+)` of (?P<names>.*?): one of (?P<words>.*)\.$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Documented:
    """One metric; a label with no words may say anything."""

    kind: str
    labels: Mapping[str, frozenset[str]]


@cache
def documented() -> Mapping[str, Documented]:
    """Return every series name a query may ask for (of histograms: `_bucket`, `_count` and `_sum`)."""
    page = PAGE.read_text()
    long_lists = {
        (name, match["label"]): frozenset(match["words"].split(", "))
        for match in _WORDS.finditer(page)
        for name in re.findall(r"`(\w+)`", match["names"])
    }
    found: dict[str, Documented] = {}
    for row in _ROW.finditer(page):
        labels = {
            label: long_lists.get((row["name"], label), frozenset())
            if words == "see below"
            else frozenset(words.split(", "))
            for label, words in _LABEL.findall(row["labels"])
        }
        if row["kind"] == "histogram":
            found |= {
                f"{row['name']}_{part}": Documented(kind="counter", labels=labels | more)
                for part, more in (("bucket", {"le": frozenset[str]()}), ("count", {}), ("sum", {}))
            }
        else:
            found[row["name"]] = Documented(kind=row["kind"], labels=labels)
    return found
