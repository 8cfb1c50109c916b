"""A request's body on its way out, while an answer may already be coming in (RFC 9112 section 9.5).

An upstream that answers before it has the whole body has decided: sending stops and the answer is delivered.
A body that fails leaves a request that looks cut, because nothing is sent to end it.
"""

import asyncio

from proxy.adapters.upstream_client import request_head
from proxy.adapters.upstream_client.connection import UpstreamConnection
from proxy.errors import ErrorKind, RequestBodyError, UpstreamError
from proxy.exchange.collected_body import CollectedBody
from proxy.exchange.ports import RequestBody

_AT_ONCE_BYTES = 65_536  # what a transport takes without asking to wait


def send_at_once(connection: UpstreamConnection, body: RequestBody) -> bool:
    """Send a body that is here and small together with its head, if it is; no task need watch over that."""
    if not isinstance(body, CollectedBody) or body.length_bytes is None or body.length_bytes > _AT_ONCE_BYTES:
        return False
    octets = body.octets
    if octets is None or len(octets) != body.length_bytes:
        return False
    if octets:
        connection.write(octets)
    connection.request_complete = True
    return True


async def send_until_answered(
    connection: UpstreamConnection, body: RequestBody, stall_seconds: float
) -> None:
    """Send a body to its end, or until the head of an answer is there or none will come."""
    sending = asyncio.create_task(_send(connection, body, stall_seconds))
    try:
        await asyncio.wait({sending, connection.head_arrived}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        sending.cancel()
        await asyncio.wait({sending})
        failure = None if sending.cancelled() else sending.exception()
    if failure is not None and not connection.has_answer:
        raise failure


async def _send(connection: UpstreamConnection, body: RequestBody, stall_seconds: float) -> None:
    length, taken = body.length_bytes, 0
    connection.request_complete = length == 0
    async for octets in body:
        taken += len(octets)
        if length is not None and taken > length:
            raise RequestBodyError
        if octets:
            if await _is_answered(connection):
                return
            connection.write(octets if length is not None else request_head.chunk(octets))
        connection.request_complete = taken == length
        await _drain(connection, stall_seconds)
    if length is None:
        if await _is_answered(connection):
            return
        connection.write(request_head.LAST_CHUNK)
        connection.request_complete = True
    elif taken != length:
        raise RequestBodyError


async def _is_answered(connection: UpstreamConnection) -> bool:
    """Let the loop read before more is written: writing to an upstream that has left destroys its answer."""
    if connection.has_unread():
        await asyncio.sleep(0)  # the loop looks at its sockets after this turn ...
        await asyncio.sleep(0)  # ... and reads them in the next
    return connection.head_arrived.done()


async def _drain(connection: UpstreamConnection, stall_seconds: float) -> None:
    try:
        async with asyncio.timeout(stall_seconds):
            await connection.drain()
    except TimeoutError as error:
        raise UpstreamError(ErrorKind.CONNECTION_WRITE_TIMEOUT, sent=True) from error
