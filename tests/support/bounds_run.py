"""One run of a whole exchange in front of an unlucky Connect, in virtual time, with a witness of every answer.

A `Script` says what happens when: reads by pollers, changes elsewhere and through the sidecar, faults, steps of the
wall clock, a token revoked or expiring. Seconds count from the run's start.
"""

import asyncio
import json
from dataclasses import dataclass, replace
from urllib.parse import quote

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.connect.profile import ConnectRules
from proxy.exchange.answer import Answer
from proxy.exchange.guarded_upstream import GuardedUpstream, GuardSettings
from proxy.semantics.message import Request
from tests.support.bounds_witness import Read, Witness
from tests.support.exchanges import Silence, make_exchange
from tests.support.unlucky_upstream import (
    EPOCH_SECONDS,
    LIST,
    Spell,
    UnluckyUpstream,
    bearer,
    item_id,
    shown_by,
)
from tests.support.virtual_time import VirtualClock

START_SECONDS = 1_000.0  # where virtual time begins
ITEMS = 2
SEARCH = f"{LIST}?filter=" + quote('title eq "red"')
TARGETS = (f"{LIST}/{item_id(0)}", f"{LIST}/{item_id(1)}", LIST, SEARCH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Poller:
    """One client that reads one thing again and again."""

    token: int
    target: str
    begins_seconds: float
    period_seconds: float
    reads: int
    reloads: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens elsewhere: to an item, or to the sidecar's wall clock."""

    at_seconds: float
    item: int = 0
    title: str | None = None
    is_deletion: bool = False
    is_by_client: bool = False  # through the sidecar


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One run; seconds count from its start. Token 1 may say of itself when it expires."""

    rules: ConnectRules
    pollers: tuple[Poller, ...]
    changes: tuple[Change, ...] = ()
    spells: tuple[Spell, ...] = ()
    wall_steps: tuple[tuple[float, float], ...] = ()
    revoked_at_seconds: float | None = None
    expires_at_seconds: float | None = None
    is_guarded: bool = False  # by a breaker, and retried


class Run:
    """Plays a script and lets the witness see every answer."""

    def __init__(self, script: Script) -> None:
        self.script = script
        expires = script.expires_at_seconds
        self.expires_boot = None if expires is None else START_SECONDS + expires
        self.tokens = (bearer("alpha"), bearer("beta", self.expires_boot))
        spells = tuple(
            replace(spell, begins=START_SECONDS + spell.begins, ends=START_SECONDS + spell.ends)
            for spell in script.spells
        )
        self.upstream = UnluckyUpstream(items=ITEMS, spells=spells)
        expires_wall = {}
        if self.expires_boot is not None:
            self.upstream.expires[self.tokens[1]] = self.expires_boot
            expires_wall[self.tokens[1]] = EPOCH_SECONDS + self.expires_boot
        if script.revoked_at_seconds is not None:
            self.upstream.revoked[self.tokens[0]] = START_SECONDS + script.revoked_at_seconds
        self.witness = Witness(self.upstream, script.rules, expires_wall, is_guarded=script.is_guarded)

    def begin(self) -> None:
        """Set the stage on the running loop; changes and steps of the clock come at their time."""
        self.loop = asyncio.get_running_loop()
        self.clock = VirtualClock(self.loop)
        upstream = self._guarded() if self.script.is_guarded else self.upstream
        self.exchange = make_exchange(upstream=upstream, clock=self.clock, rules=self.script.rules)
        for step_at, seconds in self.script.wall_steps:
            self.loop.call_at(START_SECONDS + step_at, self._step_wall, seconds)
        self._changing = [self.loop.create_task(self._change(change)) for change in self.script.changes]

    async def play(self) -> None:
        """Begin, let all pollers read, and end."""
        self.begin()
        async with asyncio.TaskGroup() as group:
            for poller in self.script.pollers:
                group.create_task(self._poll(poller))
        await self.end()

    async def end(self) -> None:
        """Give up what is still to come."""
        for task in self._changing:
            task.cancel()
        ended = await asyncio.gather(*self._changing, return_exceptions=True)
        assert not [error for error in ended if isinstance(error, Exception)]
        await self.exchange.close()

    def _guarded(self) -> GuardedUpstream:
        return GuardedUpstream(
            self.upstream,
            number=0,
            settings=GuardSettings(),
            clock=self.clock,
            observer=Silence(),
            jitter=lambda: 0.5,
        )

    def _step_wall(self, seconds: float) -> None:
        self.clock.wall_offset_seconds += seconds

    async def _change(self, change: Change) -> None:
        await asyncio.sleep(change.at_seconds)
        if change.is_by_client:
            await self.write(TARGETS[change.item])
        elif change.is_deletion:
            self.upstream.history.delete(item_id(change.item), self.loop.time())
        else:
            self.upstream.history.change(item_id(change.item), self.loop.time(), change.title)

    async def _poll(self, poller: Poller) -> None:
        await asyncio.sleep(poller.begins_seconds)
        for number in range(poller.reads):
            is_reload = poller.reloads and number % 5 == 4
            more = {"Cache-Control": "no-cache"} if is_reload else {}
            await self.read(poller.token, poller.target, **more)
            await asyncio.sleep(poller.period_seconds)

    async def send(self, method: str, token: int, target: str, **more: str) -> Answer:
        fields = CIMultiDict({"Authorization": self.tokens[token], **more})
        return await self.exchange.handle(
            Request(method=method, target=target, fields=CIMultiDictProxy(fields)), None
        )

    async def write(self, target: str) -> None:
        began = self.loop.time()
        await self.send("PATCH", 0, target)
        self.witness.wrote(target, began, self.loop.time())

    async def read(self, token: int, target: str, **more: str) -> Read:
        began = self.loop.time()
        answer = await self.send("GET", token, target, **more)
        now = self.clock.now()
        assert isinstance(answer.body, bytes)
        read = Read(
            token=self.tokens[token],
            target=target,
            began=began,
            ended=now.boot_seconds,
            wall_seconds=now.wall_seconds,
            status=answer.status,
            cache_status=answer.fields.get("Cache-Status", ""),
            age_seconds=int(answer.fields.get("Age", -1)),
            state=shown_by(json.loads(answer.body)) if answer.status == 200 else (),
        )
        self.witness.note(read)
        return read
