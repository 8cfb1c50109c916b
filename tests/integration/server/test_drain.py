"""A whole drain over real sockets, step by step, under both event loops."""

import asyncio
import os
import signal

import pytest
import uvloop

from proxy.server.front import Front
from proxy.server.http_server import HttpServer, HttpServerSettings
from proxy.server.lifecycle import DrainSettings, Lifecycle, Parts, Phase
from proxy.server.listeners import TcpAddress
from proxy.server.observe_app import ObserveApp, Observed, Service

from .conftest import FakeHandler, Wire, answer, until

LOCAL = TcpAddress(setting="server.listen", host="127.0.0.1", port=0)
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def connect(front: Front) -> Wire:
    return Wire(*await asyncio.open_connection("127.0.0.1", front.addresses[0].port))


async def readiness(observe: Front) -> str:
    wire = await connect(observe)
    wire.send(b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    status_line, _, _ = await wire.response()
    await wire.close()
    return status_line.split()[1]


async def drain() -> None:
    handler, release = FakeHandler(), asyncio.Event()
    lifecycle = Lifecycle(
        settings=DrainSettings(drain_delay_seconds=0.3, drain_neighbour_seconds=0, drain_timeout_seconds=5)
    )
    observed = Observed(
        is_ready=lifecycle.is_ready, service=lambda: Service.READY, metrics=lambda accept: (b"", "text/plain")
    )
    traffic = Front(HttpServer(handler, settings=HttpServerSettings()), [LOCAL])
    observe = Front(HttpServer(ObserveApp(observed), settings=HttpServerSettings()), [LOCAL])
    background = asyncio.create_task(asyncio.Event().wait())

    async def stop_background() -> None:
        background.cancel()

    parts = Parts(traffic=[traffic], operator=[observe], stop_background=stop_background)
    with lifecycle.obeying_signals():
        running = asyncio.create_task(lifecycle.run(parts))
        await until(lambda: lifecycle.phase is Phase.SERVING)
        assert await readiness(observe) == "200"
        idle, busy = await connect(traffic), await connect(traffic)
        idle.send(GET)
        await idle.response()

        async def slow(_request):
            await release.wait()
            return answer(b"in the end")

        handler.reply = slow
        busy.send(GET)
        await until(lambda: len(handler.requests) == 2)
        handler.reply = None

        os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: lifecycle.phase is Phase.DRAINING)
        assert await readiness(observe) == "503"
        late = await connect(traffic)
        late.send(GET)
        assert (await late.response())[1]["Connection"] == "close"
        assert await idle.rest() == b""  # closed once the delay is over
        assert traffic.addresses == ()
        assert not background.done()
        release.set()
        status_line, fields, body = await busy.response()
        assert (status_line, fields["Connection"], body) == ("HTTP/1.1 200 OK", "close", b"in the end")
        await running
    await asyncio.gather(background, return_exceptions=True)
    assert background.cancelled()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    for wire in (idle, busy, late):
        await wire.close()


@pytest.mark.parametrize(
    "loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)
def test_drain_ends_every_client_politely(loop_factory):
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(drain())


async def hurried() -> None:
    handler, cancelled = FakeHandler(), asyncio.Event()
    lifecycle = Lifecycle(
        settings=DrainSettings(drain_delay_seconds=60, drain_neighbour_seconds=60, drain_timeout_seconds=60)
    )
    traffic = Front(HttpServer(handler, settings=HttpServerSettings()), [LOCAL])

    async def never(_request):
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async def nothing() -> None:
        pass

    handler.reply = never
    running = asyncio.create_task(
        lifecycle.run(Parts(traffic=[traffic], operator=[], stop_background=nothing))
    )
    await until(lambda: lifecycle.phase is Phase.SERVING)
    wire = await connect(traffic)
    wire.send(GET)
    await until(lambda: handler.requests)
    lifecycle.request_stop()
    lifecycle.request_stop()
    await asyncio.wait_for(running, 5)
    assert cancelled.is_set()
    with pytest.raises(ConnectionResetError):
        await wire.rest()
    await wire.close()


@pytest.mark.parametrize(
    "loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)
def test_second_signal_breaks_what_is_under_way(loop_factory):
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(hurried())


async def keeping_neighbours() -> None:
    handler = FakeHandler()
    settings = DrainSettings(drain_delay_seconds=0.2, drain_neighbour_seconds=30, drain_timeout_seconds=30)
    lifecycle = Lifecycle(settings=settings)
    traffic = Front(HttpServer(handler, settings=HttpServerSettings()), [LOCAL])

    async def nothing() -> None:
        pass

    running = asyncio.create_task(
        lifecycle.run(Parts(traffic=[traffic], operator=[], stop_background=nothing))
    )
    await until(lambda: lifecycle.phase is Phase.SERVING)
    application = await connect(traffic)
    application.send(GET)
    await application.response()
    lifecycle.request_stop()
    await asyncio.sleep(3 * settings.drain_delay_seconds)  # as long as nobody else would be waited for
    application.send(GET)
    assert "Connection" not in (await application.response())[1]
    late = await connect(traffic)
    late.send(GET)
    assert (await late.response())[0] == "HTTP/1.1 200 OK"
    await late.close()
    assert not running.done()
    await application.close()  # it has ended
    await asyncio.wait_for(running, 5)


@pytest.mark.parametrize(
    "loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)
def test_an_application_in_the_same_pod_is_served_until_it_has_gone(loop_factory):
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(keeping_neighbours())
