"""Design rule 5 over random interleavings: what a read promises after a write, for every token, in virtual time.

The whole exchange runs (profile, leases, fences, generations, flights, store); only Connect is a model. Order is a
counter: a moment that comes later in the run has a higher number.
"""

import asyncio
import itertools
import json
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.semantics.message import Request
from tests.support.exchanges import make_exchange
from tests.support.model_connect import VAULT, ModelConnect, Weather, item_id
from tests.support.virtual_time import VirtualClock, run_in_virtual_time

ITEMS = 2
TOKENS = ("alpha", "beta")
JUNK = "junk"

DELAYS = st.sampled_from([0.0, 0.01, 0.3, 1.0, 4.0])
STARTS = st.sampled_from([0.0, 0.2, 0.5, 1.0, 1.5, 2.0, 3.0, 4.5, 6.0, 20.0, 35.0, 36.0])


@dataclass(frozen=True, slots=True)
class Step:
    start_seconds: float
    kind: str
    token: str
    item: int
    weather: Weather


@dataclass(frozen=True, slots=True)
class Read:
    began: int
    ended: int
    token: str
    item: int
    version: float  # infinite once deleted
    served: int | None


@dataclass(frozen=True, slots=True)
class Write:
    """`answered` is when Connect's answer left it, `ended` when the client had it."""

    answered: int
    ended: int
    item: int


steps = st.builds(
    Step,
    STARTS,
    st.sampled_from(
        ["read", "read", "read", "read", "reload", "list", "put", "put", "delete", "junk", "purge"]
    ),
    st.sampled_from((TOKENS[0], *TOKENS)),
    st.sampled_from((0, *range(ITEMS))),
    st.builds(
        Weather,
        before_seconds=DELAYS,
        after_seconds=DELAYS,
        sync_seconds=DELAYS,
        loses_answer=st.sampled_from([False, False, False, True]),
        never_applied=st.sampled_from([False, False, False, True]),
    ),
)


class Run:
    """One interleaving, and what was seen of it."""

    def __init__(self) -> None:
        self.order = itertools.count(1)
        self.connect = ModelConnect(items=ITEMS, tokens=frozenset(TOKENS), order=self.order)
        self.reads: list[Read] = []
        self.writes: list[Write] = []

    async def play(self, script: list[Step]) -> None:
        clock = VirtualClock(asyncio.get_running_loop())
        self.exchange = make_exchange(upstream=self.connect, clock=clock)
        async with asyncio.TaskGroup() as group:
            for number, step in enumerate(script):
                self.connect.weather[str(number)] = step.weather
                group.create_task(self._perform(step, str(number)))
        await self.exchange.close()

    async def _perform(self, step: Step, number: str) -> None:
        await asyncio.sleep(step.start_seconds)
        if step.kind == "purge":
            self.exchange.purge_all()
            return
        method = {"put": "PUT", "junk": "PUT", "delete": "DELETE"}.get(step.kind, "GET")
        target = f"/v1/vaults/{VAULT}/items"
        if step.kind != "list":
            target += f"/{item_id(step.item)}"
        token = JUNK if step.kind == "junk" else step.token
        fields = CIMultiDict({"Authorization": f"Bearer {token}", "X-Weather": number})
        if step.kind == "reload":
            fields["Cache-Control"] = "no-cache"
        began = next(self.order)
        request = Request(method=method, target=target, fields=CIMultiDictProxy(fields))
        answer = await self.exchange.handle(request, None)
        body = answer.body if isinstance(answer.body, bytes) else b"".join([c async for c in answer.body])
        ended = next(self.order)
        self._note(step, number, token, answer.status, body, began, ended)

    def _note(
        self, step: Step, number: str, token: str, status: int, body: bytes, began: int, ended: int
    ) -> None:
        document = json.loads(body) if body else None
        is_read = step.kind in {"read", "reload", "list"}
        if is_read and status == 200:
            shown = document if isinstance(document, list) else [document]
            assert all(entry["title"] == token for entry in shown), "bytes of another token"
        if not is_read:
            if token != JUNK and status != 404 and number in self.connect.answered_order:
                self.writes.append(Write(self.connect.answered_order[number], ended, step.item))
        elif step.kind != "list" and status in {200, 404}:
            version = document["version"] if status == 200 else float("inf")
            served = document["served"] if status == 200 else None
            self.reads.append(Read(began, ended, token, step.item, version, served))

    def check(self) -> None:
        for read in self.reads:
            if read.served is None:
                continue
            sent = self.connect.sent_order[read.served]
            for write in self.writes:
                if write.item == read.item and write.ended < read.began:
                    assert sent > write.answered, f"{read} was answered by what was sent before {write}"
        for earlier, later in itertools.permutations(self.reads, 2):
            same = earlier.token == later.token and earlier.item == later.item
            if same and earlier.ended < later.began:
                assert later.version >= earlier.version, f"{later} shows less than {earlier}"


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=10, max_size=24))
def test_a_read_after_a_write_is_answered_by_a_request_sent_after_it_and_nobody_goes_backwards(script):
    run = Run()
    run_in_virtual_time(run.play(script))
    run.check()
