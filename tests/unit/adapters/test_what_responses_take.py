"""What stored answers of Connect take and count for, read through a whole exchange: no more than what is promised."""

import gc
import tracemalloc
from typing import Any

import pytest
from aiohttp.http_parser import RawResponseMessage
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.adapters.upstream_client import response_head
from proxy.clock import SystemClock
from proxy.connect.rules import ConnectRules
from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import UpstreamRequest
from proxy.semantics.message import Request, ResponseHead
from tests.support.exchanges import make_exchange

BODY_BYTES = 1536
COUNT = 1500


class Answer:
    """An item of 1.5 KB, as Connect sends it."""

    def __init__(self, target: str, number: int) -> None:
        _, _, _, vault, _, item = target.split("/")
        shown = f'{{"id":"{item}","version":1,"vault":{{"id":"{vault}"}},"updatedAt":"2026-01-02T03:04:05.123456789Z"'
        self.body = (shown + f',"title":"{"x" * (BODY_BYTES - len(shown) - 12)}"}}').encode()
        fields = (
            (b"1Password-Connect-Version", b"1.8.2"),
            (b"Date", b"Thu, 26 Nov 2026 10:00:%02d GMT" % (number // 100 % 60)),
            (b"Content-Type", b"application/json"),
            (b"Content-Length", b"%d" % len(self.body)),
        )
        message = RawResponseMessage(
            (1, 1), 200, "OK", CIMultiDictProxy(CIMultiDict()), fields, False, None, False, False
        )
        self.head: ResponseHead = response_head.head(message, b"http://connect")
        self.content_length_bytes = len(self.body)

    async def read_complete(self, limit_bytes: int) -> bytes:
        return self.body

    def close(self) -> None:
        pass


class Items:
    """An upstream that has every item."""

    def __init__(self) -> None:
        self.count = 0

    async def send(self, request: UpstreamRequest) -> Answer:
        self.count += 1
        return Answer(request.target, self.count)


async def read(exchange: Exchange[Any, Any], token: int, item: int) -> None:
    fields = CIMultiDictProxy(CIMultiDict({"Authorization": f"Bearer {token}", "Host": "sidecar"}))
    target = f"/v1/vaults/{0:026}/items/{item:026}"
    answer = await exchange.handle(Request(method="GET", target=target, fields=fields), None)
    assert answer.status == 200


@pytest.mark.parametrize("tokens", [1, 20])
async def test_items_count_for_what_they_take_and_for_little_more_than_twice_their_bodies(tokens):
    rules = ConnectRules(most_subjects=1)  # what is remembered of requests has a bound of its own
    exchange = make_exchange(upstream=Items(), clock=SystemClock(), store_bytes=10**9, rules=rules)
    store = exchange._learner._store

    for token in range(tokens):
        await read(exchange, token, COUNT)
    gc.collect()
    counted = store.stored_bytes
    tracemalloc.start()
    try:
        for token in range(tokens):
            for item in range(COUNT // tokens):
                await read(exchange, token, item)
        counted = store.stored_bytes - counted
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert counted <= 2.2 * BODY_BYTES * COUNT
    assert taken <= 1.3 * counted
    assert counted <= 1.1 * taken


async def test_no_table_of_what_is_stored_is_looked_at_by_every_collection():
    """Python leaves a dict of nothing but texts and tuples out of collections until something is put into it."""
    exchange = make_exchange(upstream=Items(), clock=SystemClock(), store_bytes=10**9)
    for item in range(COUNT):
        await read(exchange, 0, item)
    gc.collect()
    await read(exchange, 0, COUNT)
    tables = [known for known in gc.get_objects(generation=0) if isinstance(known, dict)]
    assert tables
    assert max(map(len, tables)) < COUNT
