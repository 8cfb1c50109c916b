"""The straightforward caching handler: an aiohttp application, a ClientSession and a TTLCache.

What one writes in an afternoon, with the things that cost nothing done right: uvloop, no access log, token and target
in the key, one session, only 200 to GET kept. It counts, limits, records and collapses nothing.
"""

import asyncio
import sys

import uvloop
from aiohttp import ClientSession, DummyCookieJar, TCPConnector, web
from cachetools import TTLCache

_PASSED_ON = ("Authorization", "Content-Type", "Accept", "User-Agent")
type_and_body = tuple[str, bytes]


class Handler:
    """Answers from the cache, or from the origin."""

    def __init__(self, origin: str, session: ClientSession) -> None:
        self._origin, self._session = origin, session
        self._cache: TTLCache[tuple[str, str], type_and_body] = TTLCache(maxsize=200_000, ttl=21_600)

    async def __call__(self, request: web.Request) -> web.Response:
        key = request.headers.get("Authorization", ""), request.path_qs
        if request.method == "GET" and (kept := self._cache.get(key)) is not None:
            return web.Response(body=kept[1], headers={"Content-Type": kept[0], "X-Cache": "HIT"})
        fields = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        sent = await request.read() if request.can_read_body else None
        async with self._session.request(
            request.method, self._origin + request.path_qs, headers=fields, data=sent
        ) as answer:
            body, content_type = await answer.read(), answer.headers["Content-Type"]
        if request.method == "GET" and answer.status == 200:
            self._cache[key] = content_type, body
        elif request.method != "GET":
            self._cache.pop(key, None)
        return web.Response(
            body=body, status=answer.status, headers={"Content-Type": content_type, "X-Cache": "MISS"}
        )


async def serve(port: int, socket: str, origin_port: int) -> None:
    """Listen until killed."""
    async with ClientSession(connector=TCPConnector(limit=64), cookie_jar=DummyCookieJar()) as session:
        application = web.Application(client_max_size=2**23, handler_args={"max_field_size": 66_560})
        application.router.add_route("*", "/{path:.*}", Handler(f"http://127.0.0.1:{origin_port}", session))
        runner = web.AppRunner(application, access_log=None, max_field_size=66_560, keepalive_timeout=120)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
        await web.UnixSite(runner, socket, backlog=1024).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
