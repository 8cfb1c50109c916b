"""The published cases: every number of vaults and tokens with every rate, and the clients that poll (facts.md 5)."""

from tests.support.amplification import Case

_MOST_READS = 60_000


def _grid() -> list[Case]:
    cases = []
    for vaults, items in ((1, 200), (20, 20)):
        for tokens in (1, 10, 100):
            for rate in (0.1, 1.0, 10.0):
                cases.append(
                    Case(
                        name=f"{rate:g}/s per client",
                        tokens=tokens,
                        vaults=vaults,
                        items=items,
                        period_seconds=1 / rate,
                        duration_seconds=min(14_400.0, max(600.0, _MOST_READS / tokens / rate)),
                    )
                )
    return cases


GRID = _grid()

POLLERS = [
    Case(name="operator, every 600 s, 20 items", tokens=1, vaults=1, period_seconds=600, burst=20,
         is_regular=True, is_warm=False, duration_seconds=86_400),
    Case(name="External Secrets, every hour, 50 items", tokens=1, vaults=1, period_seconds=3600, burst=50,
         is_regular=True, is_warm=False, duration_seconds=86_400),
    Case(name="`op run`, one shot of 10", tokens=1, vaults=1, period_seconds=600, burst=10,
         is_regular=True, is_warm=False, duration_seconds=600),
    Case(name="1,200 sidecars, a read a minute each", tokens=1200, vaults=1, period_seconds=60, sidecars=1200,
         is_regular=True, is_warm=False, duration_seconds=1200),
    Case(name="1,200 sidecars, a read in 10 minutes each", tokens=1200, vaults=1, period_seconds=600,
         sidecars=1200, is_regular=True, is_warm=False, duration_seconds=2400),
]  # fmt: skip
"""Clients with a period of their own."""
