"""What the lane keeps of heads, and what that counts for in the store: with real tickets, a thousand of them."""

import gc
import tracemalloc

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.clock import SystemClock
from proxy.semantics.message import Request
from proxy.semantics.peer import Peer
from proxy.server.connection_limits import ConnectionLimits
from proxy.server.express import ExpressLane
from proxy.server.express_heads import ChangingFields
from proxy.server.express_reading import HeadReader
from proxy.server.known_hits import KnownHits
from proxy.server.translate import OwnNames
from tests.support.exchanges import TestedExchange, make_exchange
from tests.unit.adapters.test_what_responses_take import Items

COUNT = 1_000
PEER = Peer(address="127.0.0.1")
TOKEN = "t" * 700


def target(number: int) -> str:
    return f"/v1/vaults/{0:026}/items/{number:026}"


def head(number: int) -> bytes:
    return (
        f"GET {target(number)} HTTP/1.1\r\nHost: sidecar:8180\r\nAccept: */*\r\nUser-Agent: sdk\r\n"
        f"Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n\r\n"
    ).encode()


FIELDS = CIMultiDictProxy(CIMultiDict({"Authorization": f"Bearer {TOKEN}", "Host": "sidecar:8180"}))


def request_for(number: int) -> Request:
    return Request(method="GET", target=target(number), fields=FIELDS, peer=PEER)


def lane_of(exchange: TestedExchange) -> ExpressLane:
    reader = HeadReader(ConnectionLimits(), OwnNames())
    hits = KnownHits(exchange.tickets, keeps_traces=False, on_closed=lambda _: None)
    return ExpressLane(hits, changing=ChangingFields((), only_unsampled=False), decide=reader.read)


async def test_a_head_that_is_known_is_not_learnt_again():
    """Clients that ask for the same at once are all on the full path until the first of them has been answered."""
    exchange = make_exchange(upstream=Items(), clock=SystemClock())
    lane = lane_of(exchange)
    shelf = lane.shelf(PEER)
    await exchange.handle(request_for(0), None)
    for _ in range(2):
        lane.learn(head(0), request_for(0), shelf)
    ((entry,),) = (lines.values() for lines in shelf.tails.values())
    for _ in range(14):
        lane.learn(head(0), request_for(0), shelf)
    ((after,),) = (lines.values() for lines in shelf.tails.values())
    assert after is entry


async def test_entries_count_for_what_they_take():
    exchange = make_exchange(upstream=Items(), clock=SystemClock(), store_bytes=10**9)
    lane = lane_of(exchange)
    shelf, store = lane.shelf(PEER), exchange.tickets.store
    for number in range(COUNT):
        request = request_for(number)
        await exchange.handle(request, None)
        await exchange.handle(request, None)  # its subject is kept from now on
        lane.learn(head(number), request, shelf)
    gc.collect()
    counted = store.stored_bytes
    tracemalloc.start()
    try:
        for number in range(COUNT):
            lane.learn(head(number), request_for(number), shelf)
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    counted = store.stored_bytes - counted
    assert sum(map(len, shelf.tails.values())) == COUNT
    assert 0.9 < counted / taken < 1.3
