"""Eventual consistency: what reads see when, which writes conflict, what a fresh or restarted server does."""

import asyncio

import pytest


def login(bench, title):
    return {"vault": {"id": bench.sample.demo.id}, "title": title, "category": "LOGIN"}


async def seen(bench):
    reply = await bench.get(bench.login_path)
    return reply.json["version"], reply.json["title"]


async def test_write_becomes_visible_after_the_sync_delay(bench_with):
    async with bench_with(sync_delay_seconds=0.8) as bench:
        before = (await bench.get(f"/v1/vaults/{bench.sample.demo.id}")).json
        reply = await bench.ask("PUT", bench.login_path, json=login(bench, "Renamed"))
        assert (reply.json["version"], reply.json["title"]) == (1, "Renamed")
        bench.clock.advance(0.7)
        assert await seen(bench) == (1, "Web shop")
        assert (await bench.get(f"/v1/vaults/{bench.sample.demo.id}")).json == before
        bench.clock.advance(0.1)
        assert await seen(bench) == (2, "Renamed")
        after = (await bench.get(f"/v1/vaults/{bench.sample.demo.id}")).json
        assert after["contentVersion"] == before["contentVersion"] + 1


async def test_created_and_deleted_items_follow_when_synced_by_hand(bench_with):
    async with bench_with(sync_delay_seconds=None) as bench:
        created = await bench.ask("POST", bench.items_path, json=login(bench, "New"))
        path = f"{bench.items_path}/{created.json['id']}"
        bench.clock.advance(3600)
        assert (await bench.get(path)).status == 404
        assert len((await bench.get(bench.items_path)).json) == 4
        bench.emulator.sync()
        assert (await bench.get(path)).status == 200
        assert (await bench.ask("DELETE", path)).status == 204
        assert (await bench.get(path)).status == 200
        bench.emulator.sync()
        assert (await bench.get(path)).status == 404


async def test_writes_in_a_row_each_raise_the_version(bench_with):
    async with bench_with(sync_delay_seconds=None) as bench:
        versions = [
            (await bench.ask("PUT", bench.login_path, json=login(bench, title))).json["version"]
            for title in ("One", "Two", "Three")
        ]
        assert versions == [1, 2, 3]
        assert await seen(bench) == (1, "Web shop")
        bench.emulator.sync()
        assert await seen(bench) == (4, "Three")


async def test_edit_made_elsewhere_is_not_undone_by_an_older_write_that_syncs_later(bench_with):
    async with bench_with(sync_delay_seconds=None) as bench:
        await bench.ask("PUT", bench.login_path, json=login(bench, "Through Connect"))
        bench.emulator.edit_item(bench.sample.demo.id, bench.sample.login.id, title="Elsewhere")
        assert await seen(bench) == (3, "Elsewhere")
        bench.emulator.sync()
        assert await seen(bench) == (3, "Elsewhere")


@pytest.mark.parametrize(("method", "status"), [("POST", 409), ("PUT", 409), ("PATCH", 409), ("DELETE", 500)])
async def test_write_conflicts_with_another_one_to_the_same_vault(bench_with, method, status):
    async with bench_with(write_duration_seconds=0.4) as bench:
        note = f"{bench.items_path}/{bench.sample.note.id}"
        first = asyncio.create_task(bench.ask("PUT", note, json=login(bench, "First")))
        await bench.emulator.wait_for(lambda request: request.method == "PUT")
        path = bench.items_path if method == "POST" else bench.login_path
        patch = [{"op": "replace", "path": "/title", "value": "Second"}]
        reply = await bench.ask(method, path, json=patch if method == "PATCH" else login(bench, "Second"))
        assert reply.status == status
        if method == "DELETE":
            assert reply.json["message"] == "Something went wrong"
        bench.clock.advance(0.4)
        assert (await first).status == 200
        assert await seen(bench) == (1, "Web shop")


async def test_writes_to_different_vaults_do_not_conflict(bench_with):
    async with bench_with(write_duration_seconds=0.4) as bench:
        other_path = f"/v1/vaults/{bench.sample.empty.id}/items"
        other_body = {"vault": {"id": bench.sample.empty.id}, "category": "LOGIN"}
        writes = [
            asyncio.create_task(bench.ask("POST", bench.items_path, json=login(bench, "One"))),
            asyncio.create_task(bench.ask("POST", other_path, json=other_body)),
        ]
        await bench.emulator.wait_for(lambda request: request.method == "POST", count=2)
        bench.clock.advance(0.4)
        assert [(await write).status for write in writes] == [200, 200]


async def test_nothing_is_synced_before_the_first_valid_token(bench_with):
    async with bench_with(initially_synced=False, initial_sync_seconds=3.0) as bench:
        async with bench.session.get(f"{bench.emulator.url}/health") as response:
            health = {entry["service"]: entry["status"] for entry in (await response.json())["dependencies"]}
        assert (health["account_data"], health["1Password"]) == ("NOT_SYNCED", "UNINITIALIZED")
        assert (await bench.get("/v1/vaults", token="a.b.c")).status == 401
        waiting = asyncio.create_task(bench.get("/v1/vaults"))
        await bench.clock.until_sleeping()
        bench.clock.advance(3.0)
        assert len((await waiting).json) == 3


async def test_request_gives_up_when_the_first_sync_takes_too_long(bench_with):
    async with bench_with(initially_synced=False, initial_sync_seconds=None) as bench:
        waiting = asyncio.create_task(bench.get("/v1/vaults"))
        await bench.clock.until_sleeping()
        bench.clock.advance(10.0)
        reply = await waiting
        message = "sync did not complete within timeout, please retry the request"
        assert reply.json == {"status": 408, "message": message}
        again = asyncio.create_task(bench.get("/v1/vaults"))
        await bench.emulator.wait_for(lambda request: request.path == "/v1/vaults", count=2)
        bench.emulator.sync()
        assert (await again).status == 200


async def test_bearer_on_health_starts_the_first_sync(bench_with):
    async with bench_with(initially_synced=False, initial_sync_seconds=2.0) as bench:
        assert b"UNINITIALIZED" in (await bench.get("/health", token="a.b.c")).body
        assert b"not yet completed" in (await bench.get("/health")).body
        bench.clock.advance(2.0)
        assert b"AVAILABLE" in (await bench.get("/health")).body


async def test_restart_loses_what_was_synced_until_a_valid_token_is_seen(bench_with):
    async with bench_with(initial_sync_seconds=2.0, sync_delay_seconds=None) as bench:
        await bench.ask("PUT", bench.login_path, json=login(bench, "Renamed"))
        bench.emulator.restart()
        assert bench.emulator.open_connections == []
        async with bench.session.get(f"{bench.emulator.url}/health") as response:
            assert b"UNINITIALIZED" in await response.read()
        waiting = asyncio.create_task(bench.get(bench.login_path))
        await bench.clock.until_sleeping()
        bench.clock.advance(2.0)
        assert (await waiting).json["title"] == "Renamed"


async def test_file_content_is_an_error_until_it_has_synced(bench_with):
    async with bench_with(file_sync_delay_seconds=1.5) as bench:
        path = f"{bench.files_path}/{bench.sample.file.id}"
        assert (await bench.get(path)).status == 200
        assert (await bench.get(f"{path}/content")).status == 500
        assert (await bench.get(f"{path}?inline_files=true")).status == 500
        bench.clock.advance(1.5)
        assert (await bench.get(f"{path}/content")).status == 200
