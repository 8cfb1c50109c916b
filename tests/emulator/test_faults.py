"""The fault plan: each effect as a client sees it, how often it strikes, and how requests are held."""

import asyncio

import aiohttp
import pytest

from proxy.emulator import (
    FOREVER,
    ChangedFields,
    Close,
    CloseReused,
    EntityTags,
    FirstRequestUnauthorized,
    Garbage,
    HoldPoint,
    LaggingReplica,
    LoseAnswer,
    Refuse,
    Reset,
    Restart,
    SlowBody,
    SlowHead,
    SpuriousForbidden,
    Status,
    TruncatedBody,
)


async def statuses(bench, target, count):
    return [(await bench.get(target)).status for _ in range(count)]


async def test_fault_strikes_as_often_as_planned(bench):
    bench.emulator.faults.add(Status(status=503), path="/v1/vaults$", times=2)
    assert await statuses(bench, "/v1/vaults", 3) == [503, 503, 200]
    assert bench.emulator.faults.planned == []


async def test_fault_without_end_strikes_until_it_is_removed(bench):
    fault = bench.emulator.faults.add(Status(), times=FOREVER)
    assert await statuses(bench, "/v1/vaults", 3) == [500, 500, 500]
    bench.emulator.faults.remove(fault)
    assert await statuses(bench, "/v1/vaults", 1) == [200]
    assert fault.struck == 3


async def test_fault_strikes_only_its_method_and_path(bench):
    bench.emulator.faults.add(Status(), method="DELETE", path=r"/items/[a-z2-7]{26}$", times=FOREVER)
    assert (await bench.get(bench.login_path)).status == 200
    assert (await bench.ask("DELETE", bench.login_path)).status == 500
    assert (await bench.get(bench.login_path)).status == 200


async def test_faults_of_one_stage_queue_and_of_different_stages_combine(bench):
    plan = bench.emulator.faults
    plan.add(Status(status=500))
    plan.add(SpuriousForbidden())
    plan.add(ChangedFields(add=(("Cache-Control", "no-store"),)), times=2)
    replies = [await bench.get("/v1/vaults") for _ in range(3)]
    assert [reply.status for reply in replies] == [500, 403, 200]
    assert ["Cache-Control" in reply.fields for reply in replies] == [True, True, False]


async def test_status_answers_connects_error_body_or_any_other(bench):
    bench.emulator.faults.add(
        Status(status=500, message="failed to initiate, review service logs for details")
    )
    bench.emulator.faults.add(Status(status=502, body="<html>", content_type="text/html"))
    first, second = await bench.get("/v1/vaults"), await bench.get("/v1/vaults")
    assert first.json["message"].startswith("failed to initiate")
    assert (second.status, second.body, second.fields["Content-Type"]) == (502, b"<html>", "text/html")


async def test_spurious_forbidden_has_the_words_clients_look_for(bench):
    bench.emulator.faults.add(SpuriousForbidden())
    reply = await bench.get(bench.login_path)
    assert reply.json == {"status": 403, "message": "Authorization: token does not have access to vault"}


async def test_first_request_of_each_token_is_unauthorized(bench):
    bench.emulator.faults.add(FirstRequestUnauthorized(), times=FOREVER)
    other = bench.emulator.issue_token("other")
    replies = [await bench.get("/v1/vaults", token=token) for token in (bench.token, other) * 2]
    assert [reply.status for reply in replies] == [401, 401, 200, 200]


async def test_refused_connections_are_taken_again_on_the_same_port(bench):
    await bench.get("/heartbeat")
    fault = bench.emulator.faults.add(Refuse())
    assert bench.emulator.open_connections == []
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", bench.emulator.port)
    bench.emulator.faults.remove(fault)
    assert await statuses(bench, "/v1/vaults", 1) == [200]
    for _ in range(3):  # Back and forth, faster than the loop can follow.
        bench.emulator.faults.add(Refuse())
        bench.emulator.faults.clear()
    assert await statuses(bench, "/v1/vaults", 1) == [200]


async def ask_raw(bench, target="/v1/vaults", *, method="GET"):
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.emulator.port)
    writer.write(
        f"{method} {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {bench.token}\r\n\r\n".encode()
    )
    return reader, writer


async def test_reset_is_a_reset_after_the_request_was_read(bench):
    bench.emulator.faults.add(Reset())
    reader, writer = await ask_raw(bench)
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    assert [(record.path, record.status) for record in bench.emulator.requests] == [("/v1/vaults", None)]


async def test_close_ends_the_connection_without_an_answer(bench):
    bench.emulator.faults.add(Close())
    reader, writer = await ask_raw(bench)
    assert await reader.read() == b""
    writer.close()


async def test_garbage_is_no_http(bench):
    bench.emulator.faults.add(Garbage())
    reader, writer = await ask_raw(bench)
    octets = await reader.read()
    assert octets
    assert not octets.startswith(b"HTTP/")
    writer.close()


async def test_close_of_a_reused_connection_spares_the_first_request(bench):
    bench.emulator.faults.add(CloseReused(), times=FOREVER)
    reader, writer = await ask_raw(bench, "/v1/vaults")
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    writer.write(b"GET /heartbeat HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"HTTP/1.1" not in await reader.read()
    writer.close()
    assert [record.is_reused_connection for record in bench.emulator.requests] == [False, True]


async def test_lost_answer_still_takes_effect(bench):
    bench.emulator.faults.add(LoseAnswer(), method="DELETE")
    reader, writer = await ask_raw(bench, bench.login_path, method="DELETE")
    assert await reader.read() == b""
    writer.close()
    assert (await bench.get(bench.login_path)).status == 404


async def test_restart_cuts_connections_and_needs_a_token(bench):
    bench.emulator.faults.add(Restart())
    reader, writer = await ask_raw(bench)
    assert await reader.read() == b""
    writer.close()
    async with bench.session.get(f"{bench.emulator.url}/health") as response:
        assert b"UNINITIALIZED" in await response.read()
    assert (await bench.get("/v1/vaults")).status == 200


async def test_lagging_replica_answers_older_versions(bench):
    vault, item = bench.sample.demo.id, bench.sample.login.id
    bench.emulator.edit_item(vault, item, title="Second")
    bench.emulator.edit_item(vault, item, title="Third")
    bench.emulator.faults.add(LaggingReplica(changes_behind=1))
    bench.emulator.faults.add(LaggingReplica(changes_behind=2))
    titles = [(await bench.get(bench.login_path)).json["title"] for _ in range(3)]
    assert titles == ["Second", "Web shop", "Third"]


async def test_slow_head_comes_after_its_delay(bench):
    bench.emulator.faults.add(SlowHead(delay_seconds=5.0))
    asking = asyncio.create_task(bench.get("/v1/vaults"))
    await bench.emulator.wait_for(lambda _: True)
    await bench.clock.until_sleeping()
    assert not asking.done()
    bench.clock.advance(5.0)
    assert (await asking).status == 200


async def test_slow_body_drips(bench):
    whole = (await bench.get("/v1/vaults")).body
    bench.emulator.faults.add(SlowBody(chunk_bytes=100, interval_seconds=1.0))
    url, headers = f"{bench.emulator.url}/v1/vaults", {"Authorization": f"Bearer {bench.token}"}
    async with bench.session.get(url, headers=headers) as response:
        received = await response.content.readexactly(100)
        while len(received) < len(whole):
            await bench.clock.until_sleeping()
            bench.clock.advance(1.0)
            received += await response.content.readexactly(min(100, len(whole) - len(received)))
    assert received == whole
    bench.clock.advance(1.0)


async def test_truncated_body_promises_more_than_it_sends(bench):
    whole = (await bench.get("/v1/vaults")).body
    bench.emulator.faults.add(TruncatedBody(sent_bytes=40))
    reader, writer = await ask_raw(bench)
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    assert f"Content-Length: {len(whole)}".encode() in head
    assert body == whole[:40]
    bench.emulator.faults.add(TruncatedBody())
    with pytest.raises(aiohttp.ClientPayloadError):
        await bench.get("/v1/vaults")


async def test_fields_are_added_and_removed(bench):
    effect = ChangedFields(
        add=(("Vary", "Accept"), ("Vary", "Origin")), remove=("1password-connect-version", "content-type")
    )
    bench.emulator.faults.add(effect)
    reader, writer = await ask_raw(bench)
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    assert head.count(b"Vary: ") == 2
    assert b"1Password-Connect-Version" not in head


async def test_entity_tags_are_honoured(bench):
    bench.emulator.faults.add(EntityTags(), times=FOREVER)
    first = await bench.get(bench.login_path)
    again = await bench.get(bench.login_path, headers={"If-None-Match": first.fields["ETag"]})
    assert (again.status, again.body) == (304, b"")
    bench.emulator.edit_item(bench.sample.demo.id, bench.sample.login.id, title="Other")
    changed = await bench.get(bench.login_path, headers={"If-None-Match": first.fields["ETag"]})
    assert changed.status == 200


async def test_held_request_sees_what_happens_before_its_release(bench):
    hold = bench.emulator.hold(path="/items/", at=HoldPoint.BEFORE_PROCESSING)
    asking = asyncio.create_task(bench.get(bench.login_path))
    await hold.arrived()
    bench.emulator.edit_item(bench.sample.demo.id, bench.sample.login.id, title="Meanwhile")
    hold.release()
    assert (await asking).json["title"] == "Meanwhile"
    assert (await bench.get(bench.login_path)).status == 200


async def test_held_answer_is_older_than_what_happens_before_its_release(bench):
    hold = bench.emulator.hold(path="/items/", at=HoldPoint.BEFORE_ANSWERING, times=1)
    asking = asyncio.create_task(bench.get(bench.login_path))
    await hold.arrived()
    bench.emulator.edit_item(bench.sample.demo.id, bench.sample.login.id, title="Meanwhile")
    assert (await bench.get(bench.login_path)).json["title"] == "Meanwhile"
    hold.release()
    assert (await asking).json["title"] == "Web shop"


async def test_body_can_be_held_half_way(bench):
    hold = bench.emulator.hold(at=HoldPoint.IN_BODY)
    url, headers = f"{bench.emulator.url}/v1/vaults", {"Authorization": f"Bearer {bench.token}"}
    async with bench.session.get(url, headers=headers) as response:
        await hold.arrived()
        received = await response.content.readexactly(response.content_length // 2)
        hold.release()
        received += await response.content.read()
    assert len(received) == response.content_length


async def test_write_can_be_held_while_it_locks_its_vault(bench):
    hold = bench.emulator.hold(method="DELETE", at=HoldPoint.WHILE_WRITING)
    deleting = asyncio.create_task(bench.ask("DELETE", bench.login_path))
    await hold.arrived()
    body = {"vault": {"id": bench.sample.demo.id}, "category": "LOGIN"}
    assert (await bench.ask("POST", bench.items_path, json=body)).status == 409
    assert (await bench.get(bench.login_path)).status == 200
    hold.release()
    assert (await deleting).status == 204


async def test_several_requests_are_held_and_released_together(bench):
    hold = bench.emulator.hold(method="GET")
    asking = [asyncio.create_task(bench.get("/v1/vaults")) for _ in range(3)]
    await hold.arrived(3)
    assert [record.status for record in hold.reached] == [None, None, None]
    hold.release()
    assert [(await task).status for task in asking] == [200, 200, 200]


async def test_waiting_for_a_held_request_ends(bench):
    with pytest.raises(TimeoutError):
        await bench.emulator.hold(path="/nowhere").arrived(timeout_seconds=0.01)


async def test_stop_lets_go_of_held_requests_and_sleepers(bench_with):
    async with bench_with() as bench:
        hold = bench.emulator.hold(path="/v1/vaults")
        bench.emulator.faults.add(SlowHead(delay_seconds=3600.0), path="/heartbeat")
        asking = [
            asyncio.create_task(bench.get("/v1/vaults")),
            asyncio.create_task(bench.get("/heartbeat")),
        ]
        await hold.arrived()
        await bench.emulator.wait_for(lambda record: record.path == "/heartbeat")
        await bench.emulator.stop()
        results = await asyncio.gather(*asking, return_exceptions=True)
        assert all(isinstance(result, aiohttp.ClientError) for result in results)
        assert bench.emulator.open_connections == []
