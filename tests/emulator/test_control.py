"""The control port: everything a demo or a test in another process may do to the server."""

import pytest


@pytest.fixture
async def control(bench_with):
    async with bench_with(control_port=0, sync_delay_seconds=None) as bench:

        async def ask(method: str, path: str, document: object = None, **options) -> tuple[int, object]:
            url = f"{bench.emulator.control_url}{path}"
            async with bench.session.request(method, url, json=document, **options) as response:
                return response.status, await response.json()

        ask.bench = bench
        yield ask


async def test_fault_is_planned_shown_and_cleared(control):
    document = {"fault": "status", "method": "GET", "path": "/v1/", "times": 2, "status": 503}
    status, planned = await control("POST", "/faults", document)
    assert status == 201
    assert planned | document == planned
    assert (await control.bench.get("/v1/vaults")).status == 503
    _, (shown,) = await control("GET", "/faults")
    assert (shown["times"], shown["struck"]) == (1, 1)
    await control("DELETE", "/faults")
    assert await control("GET", "/faults") == (200, [])
    assert (await control.bench.get("/v1/vaults")).status == 200


@pytest.mark.parametrize(
    "document",
    [
        {"fault": "refuse"},
        {"fault": "reset", "times": "forever"},
        {"fault": "close-reused"},
        {"fault": "lose-answer"},
        {"fault": "restart"},
        {"fault": "spurious-forbidden"},
        {"fault": "first-request-unauthorized"},
        {"fault": "lagging-replica", "changes_behind": 3},
        {"fault": "slow-head", "delay_seconds": 2},
        {"fault": "slow-body", "chunk_bytes": 1, "interval_seconds": 0.5},
        {"fault": "truncated-body", "sent_bytes": 10},
        {"fault": "changed-fields", "add": {"ETag": '"x"'}, "remove": ["Date"]},
        {"fault": "entity-tags"},
    ],
)
async def test_every_fault_can_be_planned(control, document):
    status, planned = await control("POST", "/faults", document)
    assert status == 201
    assert planned | document == planned


@pytest.mark.parametrize(
    ("document", "word"),
    [
        ([], "object"),
        ({"fault": "flood"}, "must be one of"),
        ({"fault": "reset", "speed": 1}, "speed"),
        ({"fault": "status", "status": "x"}, "status"),
        ({"fault": "status", "times": 0}, "times"),
        ({"fault": "status", "path": "("}, "regular expression"),
        ({"fault": "changed-fields", "add": 1}, "add"),
    ],
)
async def test_fault_that_makes_no_sense_is_refused_with_a_reason(control, document, word):
    status, answer = await control("POST", "/faults", document)
    assert status == 400
    assert word in answer["message"]


async def test_requests_are_shown_without_their_tokens(control):
    await control.bench.get("/v1/vaults?filter=name%20eq%20%22Demo%22")
    _, (request,) = await control("GET", "/requests")
    assert request["target"] == "/v1/vaults?filter=name%20eq%20%22Demo%22"
    assert (request["method"], request["status"], request["connection_id"]) == ("GET", 200, 1)
    assert control.bench.token not in str(request)
    await control("DELETE", "/requests")
    assert await control("GET", "/requests") == (200, [])


async def test_token_is_issued_and_revoked(control):
    demo = control.bench.sample.demo.id
    assert {"id": demo, "name": "Demo"} in (await control("GET", "/vaults"))[1]
    document = {"name": "x", "vaults": {demo: "read"}, "expires_in_seconds": 60}
    status, answer = await control("POST", "/tokens", document)
    assert status == 201
    assert len((await control.bench.get("/v1/vaults", token=answer["token"])).json) == 1
    assert await control("POST", "/revoke", answer) == (200, {})
    assert (await control.bench.get("/v1/vaults", token=answer["token"])).status == 401
    assert (await control("POST", "/revoke", {"token": "a.b.c"}))[0] == 400
    assert (await control("POST", "/tokens", {"vaults": {demo: "everything"}}))[0] == 400


async def test_sync_and_restart_are_driven(control):
    bench = control.bench
    assert (await bench.ask("DELETE", bench.login_path)).status == 204
    assert (await bench.get(bench.login_path)).status == 200
    assert await control("POST", "/sync") == (200, {})
    assert (await bench.get(bench.login_path)).status == 404
    assert await control("POST", "/restart") == (200, {})
    assert b"UNINITIALIZED" in (await bench.get("/health", token="a.b.c")).body


async def test_web_page_is_refused(control):
    assert (await control("POST", "/sync", headers={"Origin": "http://evil.example"}))[0] == 403


async def test_unknown_path_is_a_json_error(control):
    assert (await control("GET", "/nowhere"))[0] == 404
