"""What is asked of the peers, as data."""

from dataclasses import dataclass
from enum import StrEnum

ITEMS = 1000
TOKENS = 20
"""Each token reads its own vault of so many items of each size, since a token for one vault is 0.7 KB."""


PERIOD_SECONDS = 15
"""How often the sidecar is told to look at a vault in use: as standalone; by default it does once a minute.

What is due while others have their turn falls into its next round. A shorter one counts it more often than it happens.
"""


class Act(StrEnum):
    """What clients do; also what a peer must be able to do."""

    HIT = "hit"
    MISS = "miss"
    WRITE = "write"


class Transport(StrEnum):
    """What carries requests."""

    TCP = "tcp"
    TLS = "tls"
    UNIX = "unix"


class Trace(StrEnum):
    """The field `traceparent`: absent, or fresh with every request; its last two digits are the flags."""

    ABSENT = ""
    NOT_SAMPLED = "00"
    SAMPLED = "01"


class Pace(StrEnum):
    """When the next request begins: with the last answer (wrk), or at its time (h2load)."""

    CLOSED_LOOP = "closed"
    HALF_OF_OURS = "half of ours"


class Body(StrEnum):
    """Size of an item; its value begins the ids of such items."""

    SMALL = "s"
    LARGE = "l"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One row: who may be compared follows from what it needs."""

    name: str
    question: str
    act: Act = Act.HIT
    transport: Transport = Transport.TCP
    trace: Trace = Trace.ABSENT
    pace: Pace = Pace.CLOSED_LOOP
    body: Body = Body.SMALL
    token_vaults: int = 1
    """For how many vaults a token is: 1 makes it 0.7 KB, 150 make it 9 KB."""
    connections: int = 16
    is_quick: bool = False
    """Part of `--quick`."""
    least_seconds: int = 0
    """How long a round is at least, where `--seconds` says less and it isn't quick."""

    @property
    def uses_wrk(self) -> bool:
        """wrk knows neither unix sockets nor a pace; h2load does both, with one token."""
        return self.transport is not Transport.UNIX and self.pace is Pace.CLOSED_LOOP


SCENARIOS = (
    Scenario(
        name="hit",
        question="cached GET, 16 connections, 1 KB body, 0.7 KB token",
        is_quick=True,
        least_seconds=PERIOD_SECONDS,
    ),
    Scenario(
        name="hit-steady",
        question="the same at half of our highest rate, the same rate for everybody who can",
        pace=Pace.HALF_OF_OURS,
        is_quick=True,
        least_seconds=PERIOD_SECONDS,
    ),
    Scenario(
        name="hit-traceparent",
        question="with a fresh traceparent, flags 00",
        trace=Trace.NOT_SAMPLED,
        is_quick=True,
        least_seconds=PERIOD_SECONDS,
    ),
    Scenario(name="hit-sampled", question="with a fresh traceparent, flags 01", trace=Trace.SAMPLED),
    Scenario(name="hit-1", question="one connection", connections=1),
    Scenario(name="hit-256", question="256 connections", connections=256),
    Scenario(name="hit-16k", question="16 KB bodies", body=Body.LARGE),
    Scenario(name="hit-9k-token", question="9 KB tokens", token_vaults=150),
    Scenario(
        name="hit-9k-traceparent",
        question="9 KB tokens and a fresh traceparent, flags 00",
        token_vaults=150,
        trace=Trace.NOT_SAMPLED,
    ),
    Scenario(name="hit-tls", question="over TLS", transport=Transport.TLS),
    Scenario(name="hit-unix", question="over a unix socket (h2load)", transport=Transport.UNIX),
    Scenario(name="miss", question="every target for the first time", act=Act.MISS, is_quick=True),
    Scenario(
        name="miss-traceparent",
        question="misses with a fresh traceparent, flags 00",
        act=Act.MISS,
        trace=Trace.NOT_SAMPLED,
    ),
    Scenario(name="write", question="PUT of 1 KB, spread over 20 vaults", act=Act.WRITE, is_quick=True),
)
"""In the order in which they are run: writes last, because they change what is stored."""
