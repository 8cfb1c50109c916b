"""How many requests reach Connect, in virtual time: through the sidecar, directly, and through a plain TTL cache.

The same clients, reads and changes for all three. The TTL cache has the sidecar's staleness bound for everything,
collapses, and pays nothing for validation or for writes: a harder rival than any that exists. Deterministic.
"""

import asyncio
import random
from dataclasses import dataclass
from itertools import accumulate

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.connect.profile import ConnectRules
from proxy.semantics.message import Request
from tests.support.exchanges import TestedExchange, make_exchange
from tests.support.model_account import ModelAccount, item_id, title_of, vault_id
from tests.support.virtual_time import VirtualClock, run_in_virtual_time

BOUND_SECONDS = 60.0
RULES = ConnectRules(list_freshness_seconds=BOUND_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Clients have a token each. `period_seconds` is the mean time between a client's reads.

    `is_regular`: exactly every period (a poller), otherwise at random. A burst is so many reads at one time.
    `is_warm`: everything was read once, lists first, before the count begins: no cache could have spared that.
    """

    name: str
    tokens: int
    vaults: int
    period_seconds: float
    items: int = 100
    burst: int = 1
    is_regular: bool = False
    is_warm: bool = True
    duration_seconds: float = 1200.0
    seconds_between_changes: float = 86_400.0
    sidecars: int = 1
    seed: int = 7

    @property
    def reads_per_check(self) -> float:
        """How often one token reads one vault within a check interval."""
        return BOUND_SECONDS * self.burst / self.period_seconds / self.vaults


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Requests to Connect in one case; `background` of the sidecar's were sent for no client."""

    case: Case
    direct: int
    ttl_cache: int
    sidecar: int
    background: int
    answered_here: int


class _TtlCache:
    """What a cache would ask for that only knows how long it may keep things."""

    def __init__(self) -> None:
        self._kept_until: dict[tuple[int, str], float] = {}
        self.requests = 0

    def read(self, token: int, target: str, now: float) -> None:
        if self._kept_until.get((token, target), 0.0) <= now:
            self.requests += 1
            self._kept_until[token, target] = now + BOUND_SECONDS


class _Simulation:
    def __init__(self, case: Case) -> None:
        self.case = case
        self.random = random.Random(case.seed)
        self.weights = list(accumulate(1.0 / rank for rank in range(1, case.items + 1)))
        self.account = ModelAccount(vaults=case.vaults, items=case.items)
        self.rival = _TtlCache()
        self.direct = 0
        self.misses = 0

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        clock = VirtualClock(loop)
        case = self.case
        self.exchanges = [
            make_exchange(
                upstream=self.account, clock=clock, rules=RULES, key=b"%32d" % number, store_bytes=2**30
            )
            for number in range(case.sidecars)
        ]
        if case.is_warm:
            await self._warm_up()
        self.ends = loop.time() + case.duration_seconds
        async with asyncio.TaskGroup() as group:
            for token in range(case.tokens):
                group.create_task(self._client(token))
            for vault in range(case.vaults):
                group.create_task(self._changes(vault))
        for exchange in self.exchanges:
            await exchange.close()

    async def _warm_up(self) -> None:
        case = self.case
        async with asyncio.TaskGroup() as group:
            for token in range(case.tokens):
                group.create_task(self._read_all(token))
        self.direct, self.rival.requests = 0, 0
        self.account.asked.clear()

    async def _read_all(self, token: int) -> None:
        for vault in self.account.vaults:
            # A search is proven by the lists before and after it: without a first one it is asked for once more.
            await self._ask(self.exchanges[token % self.case.sidecars], token, f"/v1/vaults/{vault}/items")
            for number in range(self.case.items):
                for target in _targets(vault, number):
                    await self._ask(self.exchanges[token % self.case.sidecars], token, target)

    async def _client(self, token: int) -> None:
        loop, case = asyncio.get_running_loop(), self.case
        exchange = self.exchanges[token % case.sidecars]
        await asyncio.sleep(self.random.uniform(0, case.period_seconds))
        while loop.time() < self.ends:
            for _ in range(case.burst):
                await self._read(exchange, token)
            period = case.period_seconds
            await asyncio.sleep(period if case.is_regular else self.random.expovariate(1 / period))

    async def _read(self, exchange: TestedExchange, token: int) -> None:
        vault = vault_id(self.random.randrange(self.case.vaults))
        (number,) = self.random.choices(range(self.case.items), cum_weights=self.weights)
        await self._ask(exchange, token, self.random.choice(_targets(vault, number)))

    async def _ask(self, exchange: TestedExchange, token: int, target: str) -> None:
        self.direct += 1
        self.rival.read(token, target, asyncio.get_running_loop().time())
        await exchange.handle(_request("GET", target, token), None)

    async def _changes(self, vault: int) -> None:
        loop = asyncio.get_running_loop()
        is_elsewhere = bool(vault % 2)
        while True:
            await asyncio.sleep(self.random.expovariate(1 / self.case.seconds_between_changes))
            if loop.time() >= self.ends:
                return
            item = item_id(self.random.randrange(self.case.items))
            if is_elsewhere:
                self.account.vaults[vault_id(vault)].change(item)
            else:
                self.direct += 1
                self.rival.requests += 1
                target = f"/v1/vaults/{vault_id(vault)}/items/{item}"
                await self.exchanges[0].handle(_request("PUT", target, 0), None)
            is_elsewhere = not is_elsewhere


def _targets(vault: str, number: int) -> tuple[str, str]:
    items = f"/v1/vaults/{vault}/items"
    return f"{items}/{item_id(number)}", f"{items}?filter=title%20eq%20%22{title_of(number)}%22"


def _request(method: str, target: str, token: int) -> Request:
    fields = CIMultiDict({"Authorization": f"Bearer token-{token}"})
    return Request(method=method, target=target, fields=CIMultiDictProxy(fields))


def count(case: Case) -> Count:
    """Play one case."""
    simulation = _Simulation(case)
    run_in_virtual_time(simulation.run())
    asked = simulation.account.asked
    return Count(
        case=case,
        direct=simulation.direct,
        ttl_cache=simulation.rival.requests,
        sidecar=asked.total(),
        background=asked["background"],
        answered_here=simulation.direct - asked["client"],
    )
