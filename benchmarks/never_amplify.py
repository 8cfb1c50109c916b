"""Counts requests to Connect in every case and renders docs/never-amplify.md: `python -m benchmarks.never_amplify`.

Virtual time, seeded: the same figures on every machine. tests/property/test_never_amplify.py has what must hold.
"""

import sys

from tests.support.amplification import Case, Count, count
from tests.support.amplification_cases import GRID, POLLERS

_HEAD = """# Never amplify: what reaches Connect

<!-- Rendered by `python -m benchmarks.never_amplify > docs/never-amplify.md`. -->

Requests to Connect, counted in virtual time: directly, through a plain TTL cache, and through the sidecar. The TTL
cache is a rival that does not exist: it has the sidecar's staleness bound for everything (60 s), collapses, and pays
nothing for validation or for writes. Items are chosen by Zipf's law (exponent 1.0), half of the reads are searches by
title, every vault changes once a day on average, half of the changes elsewhere. Everything was read once, lists
first, before the count begins, except for the pollers. *Per check* is how often a token reads a vault within a check
interval; *factor* is the TTL cache's requests by the sidecar's.

Where a vault changes every half hour instead, every other time through the sidecar, its searches go with every write
(rule 5), and the factors of one vault with 200 items fall from 13 to 6 (20 reads per check) and from 62 to 9 (150).

| vaults | tokens | reads | per check | direct | TTL cache | sidecar | of these in the background | factor |
|---|---|---|---|---|---|---|---|---|
"""


def row(counted: Count) -> str:
    """Return one line of the table."""
    case = counted.case
    factor = counted.ttl_cache / max(1, counted.sidecar)
    cells = [
        case.vaults,
        case.tokens,
        case.name,
        f"{case.reads_per_check:.3g}",
        counted.direct,
        counted.ttl_cache,
        counted.sidecar,
        counted.background,
        f"{factor:.1f}",
    ]
    return "| " + " | ".join(map(str, cells)) + " |\n"


def main(cases: list[Case]) -> None:
    """Print the page, a line at a time."""
    sys.stdout.write(_HEAD)
    for case in cases:
        sys.stdout.write(row(count(case)))
        sys.stdout.flush()


if __name__ == "__main__":
    main([*GRID, *POLLERS])
