"""Writes whose client leaves: they go on, take effect, and hold nothing."""

import asyncio

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.clock import SystemClock
from proxy.semantics.message import Request, ResponseHead
from tests.support.exchanges import make_exchange
from tests.support.model_connect import VAULT, item_id

TARGET = f"/v1/vaults/{VAULT}/items/{item_id(0)}"
FIELDS = CIMultiDictProxy(CIMultiDict({"Authorization": "Bearer token"}))


class EndlessAnswer:
    """An answer too large to collect."""

    head = ResponseHead(status=200, reason="OK", fields=CIMultiDictProxy(CIMultiDict()))
    content_length_bytes = 2**30

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    def close(self) -> None:
        self.closed.set()


class SlowUpstream:
    """Answers when told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.clear = asyncio.Event()
        self.answer = EndlessAnswer()

    async def send(self, request):
        self.asked.set()
        await self.clear.wait()
        return self.answer


@pytest.mark.parametrize("leaves", [True, False])
async def test_a_streamed_answer_is_let_go_when_its_client_has_left(leaves):
    upstream = SlowUpstream()
    exchange = make_exchange(upstream=upstream, clock=SystemClock())
    request = Request(method="PUT", target=TARGET, fields=FIELDS)
    write = asyncio.create_task(exchange.handle(request, None))
    await upstream.asked.wait()
    if leaves:
        write.cancel()
    upstream.clear.set()
    if leaves:
        await asyncio.wait_for(upstream.answer.closed.wait(), 5)
    else:
        answer = await write
        assert not upstream.answer.closed.is_set()
        await answer.body.aclose()
        assert upstream.answer.closed.is_set()
    await exchange.close()
