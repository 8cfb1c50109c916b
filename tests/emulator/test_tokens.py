"""Tokens: what they look like, what they allow, when they end."""

import base64
import json

import pytest

from proxy.emulator import READ, READ_WRITE, WRITE_ONLY, Emulator, EmulatorSettings

WRITES = (("POST", "items"), ("PUT", "login"), ("PATCH", "login"), ("DELETE", "login"))


def part(token: str, number: int) -> dict:
    text = token.split(".")[number]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def body(bench, **changes):
    return {"vault": {"id": bench.sample.demo.id}, "title": "New", "category": "LOGIN", **changes}


async def test_token_has_the_claims_of_a_real_one(bench):
    token = bench.emulator.issue_token("x", {bench.sample.demo.id: READ})
    assert part(token, 0)["alg"] == "ES256"
    claims = part(token, 1)
    assert claims["1password.com/vts"] == [{"u": bench.sample.demo.id.upper(), "a": 48}]
    assert claims["aud"] == ["com.1password.connect"]
    assert claims["iss"] == "com.1password.b5"
    assert len(claims["jti"]) == 26
    assert "exp" not in claims
    assert 600 < len(token) < 720


async def test_seed_makes_ids_and_tokens_reproducible(bench_with):
    async with bench_with(seed=7) as one, bench_with(seed=7) as two, bench_with(seed=8) as other:
        assert one.sample == two.sample
        assert one.token == two.token
        assert other.token != one.token
        assert (await two.get("/v1/vaults", token=one.token)).status == 200
        assert (await other.get("/v1/vaults", token=one.token)).status == 401


async def test_token_for_150_vaults_is_accepted(bench):
    vaults = [bench.emulator.add_vault(f"vault {number}") for number in range(150)]
    token = bench.emulator.issue_token("many", {vault.id: READ for vault in vaults})
    assert len(token) > 8800
    assert len((await bench.get("/v1/vaults", token=token)).json) == 150


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        (None, "Invalid or missing token"),
        ("Basic abc", "Invalid or missing token"),
        ("Bearer nonsense", "Invalid or missing token"),
        ("Bearer a.b.c", "Invalid token signature"),
    ],
)
async def test_request_without_a_good_token_is_unauthorized(bench, authorization, message):
    headers = {} if authorization is None else {"Authorization": authorization}
    async with bench.session.get(f"{bench.emulator.url}/v1/vaults", headers=headers) as response:
        assert response.status == 401
        assert await response.json() == {"status": 401, "message": message}


async def test_scheme_is_case_insensitive(bench):
    headers = {"authorization": f"bearer {bench.token}"}
    async with bench.session.get(f"{bench.emulator.url}/v1/vaults", headers=headers) as response:
        assert response.status == 200


async def test_token_expires(bench):
    token = bench.emulator.issue_token("short", {bench.sample.demo.id: READ}, expires_in_seconds=60)
    bench.clock.advance(59)
    assert (await bench.get("/v1/vaults", token=token)).status == 200
    bench.clock.advance(1)
    reply = await bench.get("/v1/vaults", token=token)
    assert reply.json == {"status": 401, "message": "Invalid bearer token"}


async def test_revoked_token_is_refused_and_others_are_not(bench):
    token = bench.emulator.issue_token("gone", {bench.sample.demo.id: READ})
    assert (await bench.get("/v1/vaults", token=token)).status == 200
    bench.emulator.revoke(token)
    assert (await bench.get("/v1/vaults", token=token)).status == 401
    assert (await bench.get("/v1/vaults")).status == 200


async def test_token_of_another_server_cannot_be_revoked(bench):
    stranger = Emulator(EmulatorSettings(seed=99)).issue_token("x", {})
    with pytest.raises(ValueError, match="not a token of this server"):
        bench.emulator.revoke(stranger)


async def test_token_sees_only_its_vaults(bench):
    token = bench.emulator.issue_token("one", {bench.sample.empty.id: READ})
    assert [vault["name"] for vault in (await bench.get("/v1/vaults", token=token)).json] == ["Empty"]
    for path in (bench.items_path, bench.login_path, bench.files_path):
        assert (await bench.get(path, token=token)).status == 403


@pytest.mark.parametrize(
    ("access", "can_read", "allowed"),
    [
        (READ, True, ()),
        (WRITE_ONLY, False, ("POST", "PUT", "DELETE")),
        (READ_WRITE, True, ("POST", "PUT", "PATCH", "DELETE")),
    ],
)
async def test_grants_decide_what_is_allowed(bench, access, can_read, allowed):
    token = bench.emulator.issue_token("x", {bench.sample.demo.id: access})
    assert (await bench.get(bench.login_path, token=token)).status == (200 if can_read else 403)
    assert (await bench.get(bench.items_path, token=token)).status == (200 if can_read else 403)
    paths = {"items": bench.items_path, "login": bench.login_path}
    for method, path in WRITES:
        content = [] if method == "PATCH" else body(bench)
        reply = await bench.ask(method, paths[path], token=token, json=content)
        assert (reply.status < 300) is (method in allowed), method
        if method not in allowed:
            assert reply.status == 403
            assert "does not have permission to perform" in reply.json["message"]


async def test_access_is_within_what_the_server_was_granted(bench):
    bench.emulator.limit_server({bench.sample.demo.id: READ})
    assert [vault["name"] for vault in (await bench.get("/v1/vaults")).json] == ["Demo"]
    assert (await bench.get(bench.login_path)).status == 200
    assert (await bench.ask("DELETE", bench.login_path)).status == 403
    assert (await bench.get(bench.files_path)).status == 403
    bench.emulator.limit_server(None)
    assert (await bench.get(bench.files_path)).status == 200
