"""A bare forward in aiohttp: its low-level server, one ClientSession, the body read and written; nothing else.

What a miss costs at the least with aiohttp on both sides.
"""

import asyncio
import sys

import uvloop
from aiohttp import ClientSession, DummyCookieJar, TCPConnector, web
from yarl import URL

_NOT_PASSED_ON = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "keep-alive", "date", "server"}
)


class Forward:
    """Passes every request on."""

    def __init__(self, origin: str, session: ClientSession) -> None:
        self._origin, self._session = origin, session

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        fields = [pair for pair in request.headers.items() if pair[0].lower() not in _NOT_PASSED_ON]
        sent = await request.read() if request.can_read_body else None
        target = URL(self._origin + request.raw_path, encoded=True)
        async with self._session.request(
            request.method, target, headers=fields, data=sent, allow_redirects=False
        ) as answer:
            body = await answer.read()
        kept = [pair for pair in answer.headers.items() if pair[0].lower() not in _NOT_PASSED_ON]
        return web.Response(body=body, status=answer.status, headers=kept)


async def serve(port: int, socket: str, origin_port: int) -> None:
    """Listen until killed."""
    async with ClientSession(
        connector=TCPConnector(limit=64), cookie_jar=DummyCookieJar(), auto_decompress=False
    ) as session:
        handler = Forward(f"http://127.0.0.1:{origin_port}", session)
        runner = web.ServerRunner(
            web.Server(handler, access_log=None, max_field_size=66_560, keepalive_timeout=120)
        )
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
        await web.UnixSite(runner, socket, backlog=1024).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
