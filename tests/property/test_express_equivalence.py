"""The express lane changes nothing but the time it takes: the same requests get the same octets, counts and limits.

Nor does what is known of hits without it. One script is played three times in virtual time, with the lane, with known
hits alone and with neither, each before a model of Connect of its own, from the octets of a connection to those of the
answer. Everything that may end a decision is in the scripts.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from proxy.admission.rate_limiter import Budget, RateLimiter
from proxy.admission.route_policy import RoutePolicy, RouteRule
from proxy.admission.token_bucket import Limit
from proxy.connect.profile import ConnectRules
from proxy.exchange.answer import Handler
from proxy.exchange.epoch import Epoch
from proxy.exchange.events import ExchangeFinished, HitsRepeated, Limited
from proxy.exchange.exchange import ExchangeLimits
from proxy.exchange.mode import Mode
from proxy.exchange.rate_limits import LimitMode
from proxy.server.connection_limits import ConnectionLimits
from proxy.server.express import ExpressLane
from proxy.server.express_heads import ChangingFields
from proxy.server.express_reading import HeadReader
from proxy.server.http_server import HttpServer, HttpServerSettings
from proxy.server.known_hits import KnownHits, Repeating
from proxy.server.translate import OwnNames
from tests.support.exchanges import make_exchange
from tests.support.model_connect import VAULT, ModelConnect, Weather, item_id
from tests.support.one_connection import OneConnection
from tests.support.paper_audit import PaperAudit
from tests.support.scripted_upstream import Notes
from tests.support.virtual_time import VirtualClock, run_in_virtual_time

ITEMS = 2
TOKENS = ("alpha", "beta")
FIELDS = (
    "",
    "",
    "",
    "traceparent: 00-{n:032x}-{n:016x}-00\r\n",
    "Traceparent: 00-{n:032x}-{n:016x}-01\r\nX-Request-Id: r{n}\r\n",
    "X-Request-Id: {n}\r\nX-Request-Id: {n}\r\n",
    "x-request-id: (odd) {n}\r\n",
    "x-request-id: {n}\r\n folded\r\n",
    "X-Unknown: {n}\r\n",
    "Accept-Encoding: gzip\r\n",
    "Cache-Control: no-cache\r\n",
    "Cache-Control: max-age=5\r\n",
    "Cache-Control: max-stale\r\n",
    "Pragma: no-cache\r\n",
    "Range: bytes=0-3\r\n",
    'If-None-Match: "tag"\r\n',
    "Connection: keep-alive\r\n",
)


@dataclass(frozen=True, slots=True)
class Step:
    pause_seconds: float
    kind: str
    token: str
    item: int
    field: str
    times: int
    cut: int


PAUSES_SECONDS = [0.0, 0.0, 0.0, 0.0, 0.25, 1.0, 1.0, 3.0, 9.75, 18.0, 31.0, 61.0, 3600.0]
CHANGES = (
    *("put", "put", "delete", "purge", "revoke", "allow", "observe", "cache", "deny", "permit"),
    *("fail", "recover", "refuse", "record", "interval", "shadow", "enforce", "adopt", "rename"),
    *("head", "junk", "list"),
)


def step_of(kinds: Sequence[str]) -> st.SearchStrategy[Step]:
    return st.builds(
        Step,
        st.sampled_from(PAUSES_SECONDS),
        st.sampled_from(kinds),
        st.sampled_from((TOKENS[0], *TOKENS)),
        st.sampled_from((0, *range(ITEMS))),
        st.sampled_from(FIELDS),
        st.integers(1, 4),
        st.integers(0, 200),
    )


def warmed_up(more: list[Step]) -> list[Step]:
    """Return a script that begins with heads that the lane knows, so that what follows can end something."""
    first = [Step(31.0, "read", TOKENS[0], 0, "", 1, 10_000)]
    return (
        first
        + [
            Step(0.0, "read", token, item, field, 3, 10_000)
            for token, item, field in itertools.product(TOKENS, range(ITEMS), ("", FIELDS[3]))
        ]
        + more
    )


scripts = st.lists(
    st.one_of(step_of(["read"]), step_of(["read"]), step_of(CHANGES)), min_size=4, max_size=24
).map(warmed_up)


class Knows(Enum):
    """By what a server knows a request again."""

    NOTHING = auto()
    REQUESTS = auto()
    HEADS = auto()


class World:
    """A server that knows something again or doesn't, and what it said."""

    def __init__(self, knows: Knows, *, spans: tuple[float, float]) -> None:
        self.knows = knows
        self.hits: KnownHits | None = None
        self.freshness_seconds, self.verification_seconds = spans
        self.answers: list[bytes] = []
        self.lane: ExpressLane | None = None
        self.closed: list[object] = []
        self.notes = Notes()
        self.epoch = Epoch()
        self.audit = PaperAudit(self.epoch)
        self.connect = ModelConnect(items=ITEMS, tokens=frozenset(TOKENS), order=itertools.count(1))

    async def play(self, script: list[Step]) -> None:
        self.clock = VirtualClock(asyncio.get_running_loop())
        self.limiter = RateLimiter(limits=limits_of(40))
        self.names = 0
        self.rules = ConnectRules(
            change_check_interval_seconds=0,
            item_freshness_seconds=self.freshness_seconds,
            token_verification_seconds=self.verification_seconds,
        )
        self.exchange = make_exchange(
            upstream=self.connect,
            clock=self.clock,
            rules=self.rules,
            observer=self.notes,
            limiter=self.limiter,
            limits=ExchangeLimits(limit_mode=LimitMode.ENFORCE),
            audit=self.audit,
            epoch=self.epoch,
        )
        names = OwnNames()
        handler: Handler = self.exchange
        if self.knows is not Knows.NOTHING:
            self.hits = KnownHits(self.exchange.tickets, keeps_traces=False, on_closed=self.closed.append)
            handler = Repeating(handler, self.hits)
            if self.knows is Knows.HEADS:
                self.lane = ExpressLane(
                    self.hits,
                    changing=ChangingFields(("traceparent", "x-request-id"), only_unsampled=False),
                    decide=HeadReader(ConnectionLimits(), names).read,
                )
        server = HttpServer(handler, settings=HttpServerSettings(names=names), lane=self.lane)
        self.connection = OneConnection(server)
        self.server = server
        for number, step in enumerate(script):
            await asyncio.sleep(step.pause_seconds)
            await self._perform(step, number)
        self.connection.leave()
        await self.exchange.close()

    async def _perform(self, step: Step, number: int) -> None:
        match step.kind:
            case "read" | "list" | "put" | "delete" | "head" | "junk":
                for repeat in range(step.times if step.kind == "read" else 1):
                    octets = head(step, number * 100 + repeat)
                    if b"\r\n folded" in octets:  # it is refused, which ends the connection
                        continue
                    if self.connection.transport.is_closing():
                        self.connection = OneConnection(self.server)
                    pieces = (octets[: step.cut], octets[step.cut :]) if step.cut < len(octets) else (octets,)
                    if step.kind == "head":
                        self.connection.send(*pieces)
                        self.answers.append(await self._head_only())
                    else:
                        self.answers.append(await self.connection.ask(*(piece for piece in pieces if piece)))
            case "purge":
                self.exchange.purge_all()
            case "revoke":
                self.connect.tokens -= {step.token}
            case "allow":
                self.connect.tokens |= {step.token}
            case "observe":
                self.exchange.switch(Mode.OBSERVE)
            case "cache":
                self.exchange.switch(Mode.CACHE)
            case "deny":
                self.exchange.permit(RoutePolicy(deny=(RouteRule.parse("GET item"),)))
                self.exchange.reconsider()
            case "permit":
                self.exchange.permit(RoutePolicy())
                self.exchange.reconsider()
            case "fail":
                self.connect.weather[""] = Weather(loses_answer=True)
            case "recover":
                self.connect.weather.clear()
            case "refuse":
                self.audit.refuse(refuses=True)
            case "record":
                self.audit.refuse(refuses=False)
            case "interval":
                self.audit.end_interval()
            case "shadow" | "enforce":
                self.exchange.rate_limits.adopt(LimitMode(step.kind), serves_stale=False)
                self.exchange.reconsider()
            case "rename":
                self.names += 1
                self.exchange.profile.adopt(replace(self.rules, token_names={"nobody": f"name {self.names}"}))
                self.exchange.reconsider()
            case "adopt":
                self.limiter.adopt(limits_of(10 * step.times), {})
                self.exchange.reconsider()
            case _:
                raise AssertionError(step.kind)

    async def _head_only(self) -> bytes:
        written = self.connection.transport
        while b"\r\n\r\n" not in written.written:
            written.arrived.clear()
            await written.arrived.wait()
        octets, written.written = written.written, b""
        return octets

    def counts(self) -> Counter[tuple[object, ...]]:
        """How often what has happened, as the metrics see it."""
        self.exchange.repeats.tell()
        counts: Counter[tuple[object, ...]] = Counter()
        for event in self.notes.events:
            match event:
                case ExchangeFinished():
                    counts[event.resource, event.token, event.cache, event.why, event.result] += 1
                case HitsRepeated():
                    counts[event.resource, event.token, "hit", "fresh", "ok"] += event.count
                case Limited():
                    counts["limited", event.token, event.budget, event.is_enforced] += 1
        return counts

    def greatest_age(self) -> float:
        ages = [event.age_seconds for event in self.notes.of(ExchangeFinished) if event.cache == "hit"]
        return max(
            [*ages, *(event.greatest_age_seconds for event in self.notes.of(HitsRepeated))], default=0.0
        )


def limits_of(burst: int):
    return {
        Budget.REQUESTS: Limit(per_second=Fraction(5, 2), burst=burst),
        Budget.UPSTREAM: Limit(per_second=Fraction(4, 3), burst=burst),
    }


def head(step: Step, number: int) -> bytes:
    method = {"put": "PUT", "delete": "DELETE", "head": "HEAD"}.get(step.kind, "GET")
    target = f"/v1/vaults/{VAULT}/items" + ("" if step.kind == "list" else f"/{item_id(step.item)}")
    token = "junk" if step.kind == "junk" else step.token
    more = step.field.format(n=number + 1)
    return f"{method} {target} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n{more}\r\n".encode()


def played(knows: Knows, script: list[Step], spans: tuple[float, float] = (60.0, 60.0)) -> World:
    world = World(knows, spans=spans)
    run_in_virtual_time(world.play(script))
    return world


def read(
    pause_seconds: float = 0.0, times: int = 3, field: str = "", kind: str = "read", item: int = 0
) -> Step:
    return Step(pause_seconds, kind, TOKENS[0], item, field, times, 10_000)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scripts, st.sampled_from([(60.0, 20.0), (20.0, 60.0)]))
@example(warmed_up([read(20.0 - 2e-6, 3), read(2e-6, 3), read(2e-6, 3)]), (20.0, 60.0))
@example(warmed_up([read(20.0 - 2e-6, 3), read(2e-6, 3), read(2e-6, 3)]), (60.0, 20.0))
@example(warmed_up([read(kind="deny"), read(), read(kind="permit"), read()]), (60.0, 60.0))
@example(warmed_up([read(kind="rename"), read(), read(kind="list"), read(times=4), read()]), (60.0, 60.0))
@example(warmed_up([read(kind="revoke"), read(), read(kind="allow"), read(), read()]), (60.0, 60.0))
@example(warmed_up([read(kind="refuse"), read(), read(kind="record"), read()]), (60.0, 60.0))
@example(
    warmed_up([read(kind="shadow"), read(), read(kind="enforce"), read(kind="adopt"), read()]), (60.0, 60.0)
)
@example(
    warmed_up([read(2.0, kind="list"), read(), read(kind="put"), read(31.0, 5), read(2.0)]), (60.0, 60.0)
)
@example(warmed_up([read(), read(kind="interval"), read(times=4)]), (60.0, 60.0))
@example(warmed_up([read(kind="observe"), read(), read(kind="cache"), read(), read()]), (60.0, 60.0))
@example(warmed_up([read(kind="put"), read(times=3), read(times=3, item=1), read(31.0, 5)]), (60.0, 60.0))
def test_with_the_lane_and_without_it_the_same_requests_get_the_same_answers_counts_and_limits(script, spans):
    full = played(Knows.NOTHING, script, spans)
    for knows in (Knows.REQUESTS, Knows.HEADS):
        express = played(knows, script, spans)
        assert express.answers == full.answers
        assert express.audit.reads() == full.audit.reads()
        assert express.counts() == full.counts()
        assert express.greatest_age() == pytest.approx(full.greatest_age())
        assert not express.closed


def test_the_lane_goes_on_with_another_date_after_a_list_that_shows_nothing_new():
    script = warmed_up([read(2.0, kind="list"), read(times=4)])
    express, full = played(Knows.HEADS, script), played(Knows.NOTHING, script)
    assert express.lane is not None
    warm = played(Knows.HEADS, warmed_up([]))
    assert warm.lane is not None
    assert express.lane.answered == warm.lane.answered + 4
    assert express.answers == full.answers
    dates = {answer.partition(b"Date: ")[2][:29] for answer in express.answers}
    assert len(dates) > 1


@pytest.mark.parametrize("field", ["", FIELDS[3], FIELDS[4]])
def test_the_lane_takes_part(field):
    express = played(Knows.HEADS, [read(31.0, 5, field), read(1.0, 5, field)])
    assert express.lane is not None
    assert express.lane.answered == 8


@pytest.mark.parametrize("field", ["", FIELDS[3], FIELDS[6], FIELDS[8]])
def test_who_knows_requests_takes_part_whatever_their_heads_are(field):
    known = played(Knows.REQUESTS, [read(31.0, 5, field), read(1.0, 5, field)])
    assert known.hits is not None
    assert known.hits.uses == 8
    with_lane = played(Knows.HEADS, [read(31.0, 5, field), read(1.0, 5, field)])
    assert with_lane.hits is not None
    assert with_lane.hits.uses == 8
