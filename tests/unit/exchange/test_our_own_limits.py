"""Our own limits are not Connect's outage: nobody gets a stale answer because of them (design rule 9)."""

import asyncio

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.errors import ErrorKind, UpstreamError
from proxy.semantics.message import Request
from tests.support.exchanges import make_exchange
from tests.support.model_connect import VAULT, ModelConnect, item_id
from tests.support.virtual_time import VirtualClock, run_in_virtual_time

REQUEST = Request(
    method="GET",
    target=f"/v1/vaults/{VAULT}/items/{item_id(0)}",
    fields=CIMultiDictProxy(CIMultiDict({"Authorization": "Bearer token"})),
)


class FailingConnect(ModelConnect):
    """Answers until a fault is set."""

    fault: ErrorKind | None = None

    async def send(self, request):
        if self.fault is not None:
            raise UpstreamError(self.fault, sent=False)
        return await super().send(request)


async def answer_after(fault: ErrorKind):
    """Read once, let it go stale, read again with a fault."""
    connect = FailingConnect(items=1, tokens=frozenset({"token"}), order=iter(range(1000)))
    exchange = make_exchange(upstream=connect, clock=VirtualClock(asyncio.get_running_loop()))
    assert (await exchange.handle(REQUEST, None)).status == 200
    await asyncio.sleep(61)
    connect.fault = fault
    return await exchange.handle(REQUEST, None)


def test_a_full_pool_of_connections_is_503_with_retry_after_and_no_stale_answer():
    answer = run_in_virtual_time(answer_after(ErrorKind.CONNECTION_LIMIT_REACHED))
    assert answer.status == 503
    assert answer.fields["Retry-After"] == "1"


def test_a_connect_that_cannot_be_reached_is_covered_by_a_stale_answer():
    answer = run_in_virtual_time(answer_after(ErrorKind.CONNECTION_REFUSED))
    assert answer.status == 200
    assert "detail=connection_refused" in answer.fields["Cache-Status"]
