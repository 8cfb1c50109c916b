"""docs/metrics.md, its tables rendered from the declarations: every metric with type, labels, unit and what it tells.

`make docs` writes what stands between the page's two marks, a contract test compares. The rest of the page is prose.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from proxy.adapters.metrics import cache, clients, itself, tokens, upstream
from proxy.adapters.metrics.family import Family, Kind, Label
from proxy.adapters.metrics.ledger import DURATION_SECONDS

SECTIONS = (
    ("Clients", clients.FAMILIES),
    ("Tokens and limits", tokens.FAMILIES),
    ("Cache", cache.FAMILIES),
    ("Connect", upstream.FAMILIES),
    ("The sidecar itself", itself.FAMILIES),
)

FAMILIES = tuple(family for _, families in SECTIONS for family in families)

BEGIN = "<!-- Rendered by `make docs` from proxy/adapters/metrics; a test compares. Change it there. -->"
END = "<!-- To here. -->"

_HEAD = "| metric | type | unit | labels | what it tells |\n|---|---|---|---|---|"
_LONGEST_LIST = 9
"""Words that are listed in a cell; longer lists stand once, below the tables."""


def render() -> str:
    """Return the rendered part of the page, its marks included."""
    blocks = [BEGIN]
    for title, families in SECTIONS:
        rows = "\n".join(_row(family) for family in families)
        blocks.append(f"## {title}\n\n{_HEAD}\n{rows}")
    words = "\n".join(_long_lists())
    bounds = ", ".join(f"{bound:g}" for bound in DURATION_SECONDS)
    blocks.append(f"## Label values and buckets\n\n{words}\n- Buckets of durations, in seconds: {bounds}.")
    return "\n\n".join([*blocks, END])


def merged(page: str) -> str:
    """Return a page with its rendered part replaced."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + render() + after


def _row(family: Family) -> str:
    labels = "; ".join(_label(label) for label in family.labels) or "none"
    kind = "gauge" if family.kind is Kind.INFO else family.kind.value
    return f"| `{family.full_name}` | {kind} | {family.unit} | {labels} | {family.tells} |"


def _label(label: Label) -> str:
    if 0 < len(label.words) <= _LONGEST_LIST:
        return f"`{label.name}`: {', '.join(label.words)}"
    return f"`{label.name}`: see below"


def _long_lists() -> Iterator[str]:
    """Return the labels whose values don't fit into a cell, each once."""
    seen: dict[Label, list[str]] = {}
    for family in FAMILIES:
        for label in family.labels:
            if not 0 < len(label.words) <= _LONGEST_LIST:
                seen.setdefault(label, []).append(family.full_name)
    for label, names in seen.items():
        where = ", ".join(f"`{name}`" for name in names)
        words = f"one of {', '.join(label.words)}" if label.words else label.bounded
        yield f"- `{label.name}` of {where}: {words}."


if __name__ == "__main__":
    written = Path(sys.argv[1])
    written.write_text(merged(written.read_text(encoding="utf-8")), encoding="utf-8")
