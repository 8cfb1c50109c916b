"""The record: what arrived, byte for byte, on which connection, and how to wait for it."""

import asyncio
import socket
import ssl

import aiohttp
import pytest
import trustme

from proxy.emulator import Emulator, EmulatorSettings, GeneratedContent, serve_emulator


async def test_target_and_fields_are_recorded_as_received(bench):
    target = b"/v1/vaults/?filter=title+eq%20%22a%2fB%22&&x=1;2+%41"
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.emulator.port)
    writer.write(b"GET " + target + b" HTTP/1.1\r\nhost: x\r\nX-Odd-CASE: 1\r\nx-odd-case: 2\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    writer.close()
    (record,) = bench.emulator.requests
    assert record.target == target
    assert record.fields == ((b"host", b"x"), (b"X-Odd-CASE", b"1"), (b"x-odd-case", b"2"))
    assert record.values("X-Odd-Case") == ["1", "2"]
    assert record.value("authorization") is None
    assert (record.method, record.status, record.path) == ("GET", 401, "/v1/vaults/")


async def test_body_and_time_are_recorded(bench):
    bench.clock.advance(5)
    await bench.ask("POST", bench.items_path, data=b'{"a": 1}')
    (record,) = bench.emulator.requests
    assert (record.body, record.arrived_seconds, record.status) == (b'{"a": 1}', 1_700_000_005.0, 400)


async def test_requests_can_be_counted_and_forgotten(bench):
    await bench.get("/v1/vaults")
    await bench.get(bench.login_path)
    await bench.ask("PATCH", bench.login_path, json=[])
    assert len(bench.emulator.requests_to(bench.login_path)) == 2
    assert len(bench.emulator.requests_to("/items/", method="PATCH")) == 1
    bench.emulator.forget_requests()
    assert bench.emulator.requests == []


async def test_connections_are_numbered(bench):
    for _ in range(2):
        await bench.get("/v1/vaults")
    await bench.get("/heartbeat", headers={"Connection": "close"})
    await bench.get("/heartbeat")
    assert [record.connection_id for record in bench.emulator.requests] == [1, 1, 1, 2]
    assert [record.is_reused_connection for record in bench.emulator.requests] == [False, True, True, False]
    assert bench.emulator.connections_accepted == 2
    assert len(bench.emulator.open_connections) == 1


async def test_waiting_finds_past_and_coming_requests(bench):
    await bench.get("/heartbeat")
    assert (await bench.emulator.wait_for(lambda record: record.path == "/heartbeat")).number == 1
    waiting = asyncio.create_task(
        bench.emulator.wait_for(lambda record: record.path == "/v1/vaults", count=2)
    )
    await bench.get("/v1/vaults")
    assert not waiting.done()
    await bench.get("/v1/vaults")
    assert (await waiting).number == 3
    with pytest.raises(TimeoutError):
        await bench.emulator.wait_for(lambda _: False, timeout_seconds=0.01)


async def test_record_tells_when_a_request_is_finished(bench):
    hold = bench.emulator.hold()
    asking = asyncio.create_task(bench.get("/heartbeat"))
    record = await hold.arrived()
    assert not record.finished.is_set()
    hold.release()
    await asking
    await record.finished.wait()
    assert record.status == 200


async def test_oldest_records_go_first(bench_with):
    async with bench_with(max_recorded_requests=2) as bench:
        for target in ("/heartbeat", "/health", "/metrics"):
            await bench.get(target)
        assert [record.path for record in bench.emulator.requests] == ["/health", "/metrics"]
        assert bench.emulator.requests[-1].number == bench.emulator.requests_arrived == 3


async def test_client_that_leaves_amid_its_body_is_not_recorded(bench):
    head = b"POST /v1/vaults HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
    _, writer = await asyncio.open_connection("127.0.0.1", bench.emulator.port)
    writer.write(head + b"abc")
    writer.close()
    await writer.wait_closed()
    await bench.get("/heartbeat")
    assert [record.path for record in bench.emulator.requests] == ["/heartbeat"]


async def test_client_that_waits_for_a_go_ahead_gets_it(bench):
    head = b"POST /v1/vaults HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.emulator.port)
    writer.write(head)
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"abc")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 405")
    writer.close()
    assert bench.emulator.requests[-1].body == b"abc"


async def test_body_beyond_the_limit_is_refused_in_connects_words(bench_with):
    async with bench_with(max_body_bytes=1000) as bench:
        reply = await bench.ask("POST", bench.items_path, data=b"x" * 1001)
        assert (reply.status, reply.json["status"]) == (413, 413)


async def test_large_file_is_streamed(bench):
    content = GeneratedContent(size=100 * 1024 * 1024, label="large")
    vault, item = bench.sample.demo.id, bench.sample.login.id
    file = bench.emulator.add_file(vault, item, name="large.bin", content=content)
    url = f"{bench.emulator.url}{bench.login_path}/files/{file.id}/content"
    received = 0
    async with bench.session.get(url, headers={"Authorization": f"Bearer {bench.token}"}) as response:
        async for chunk in response.content.iter_any():
            received += len(chunk)
    assert received == content.size


async def test_https_is_served_with_a_given_context():
    authority = trustme.CA()
    server_context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server_context)
    client_context = ssl.create_default_context()
    authority.configure_trust(client_context)
    async with (
        Emulator(EmulatorSettings(ssl_context=server_context)) as emulator,
        aiohttp.ClientSession() as session,
        session.get(f"{emulator.url}/heartbeat", ssl=client_context) as response,
    ):
        assert emulator.url.startswith("https://")
        assert response.status == 200


async def test_port_in_use_is_an_os_error():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            await Emulator(EmulatorSettings(port=port)).start()
        with pytest.raises(OSError, match="in use"):
            await Emulator(EmulatorSettings(control_port=port)).start()


async def test_serving_lasts_until_cancelled():
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        serve_emulator(EmulatorSettings(), ready=lambda emulator: ready.set_result(emulator.url))
    )
    url = await ready
    async with aiohttp.ClientSession() as session, session.get(f"{url}/heartbeat") as response:
        assert response.status == 200
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"{url}/heartbeat")
