"""One client of one exchange in front of a model account, in virtual time."""

import asyncio
from urllib.parse import quote

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.connect.profile import ConnectRules
from proxy.exchange.events import Event
from proxy.semantics.message import Request
from tests.support.exchanges import make_exchange
from tests.support.model_account import ModelAccount, item_id, title_of, vault_id
from tests.support.virtual_time import VirtualClock, run_in_virtual_time

VAULT = vault_id(0)
ITEMS = f"/v1/vaults/{VAULT}/items"


def item(number):
    return f"{ITEMS}/{item_id(number)}"


def search(number, query='title eq "{}"'):
    return f"{ITEMS}?filter={quote(query.format(title_of(number)))}"


class OneVault:
    """A client of one exchange, and the account behind it."""

    def __init__(self, rules: ConnectRules, items: int = 5, **exchange):
        self.events: list[Event] = []
        self.account = ModelAccount(vaults=1, items=items, latency_seconds=0.01)
        self.clock = VirtualClock(asyncio.get_running_loop())
        self.exchange = make_exchange(
            upstream=self.account, clock=self.clock, rules=rules, observer=self, **exchange
        )
        self.profile = self.exchange.profile

    def notify(self, event: Event):
        self.events.append(event)

    @property
    def vault(self):
        return self.account.vaults[VAULT]

    async def send(self, method, target, token="a", **fields):
        named = CIMultiDict({"Authorization": f"Bearer {token}", **fields})
        request = Request(method=method, target=target, fields=CIMultiDictProxy(named))
        return await self.exchange.handle(request, None)

    async def get(self, target, token="a", **fields):
        """Ask; return Cache-Status, Age and status."""
        answer = await self.send("GET", target, token, **fields)
        return answer.fields["Cache-Status"], int(answer.fields.get("Age", 0)), answer.status

    async def is_hit(self, target, token="a"):
        status, _, _ = await self.get(target, token)
        return "hit" in status

    async def look(self, token="a"):
        """Have the list fetched, whatever is stored."""
        await self.get(ITEMS, token, **{"Cache-Control": "no-cache"})


def in_virtual_time(rules: ConnectRules, **settings):
    """Give a test a `OneVault` and run it in virtual time."""

    def decorate(test):
        def run():
            async def play():
                world = OneVault(rules, **settings)
                await test(world)
                await world.exchange.close()

            run_in_virtual_time(play())

        run.__name__, run.__doc__ = test.__name__, test.__doc__
        return run

    return decorate
