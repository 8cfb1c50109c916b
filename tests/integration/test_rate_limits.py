"""Budgets over real sockets: what a client above its budget sees, and a revoked token that has none left."""

import json
import re
from base64 import urlsafe_b64decode

from proxy.emulator import READ, Emulator
from tests.support.sidecar import SteppedClock, running_sidecar
from tests.support.wire import WireClient, request_head

SMALL = {
    "LIMITS__MODE": "enforce",
    "LIMITS__UPSTREAM_PER_SECOND": "0.001",
    "LIMITS__UPSTREAM_BURST": "1",
    "LIMITS__STALE_INSTEAD_OF_429": "true",
    "CACHE__CHANGE_CHECK_INTERVAL_SECONDS": "0",
}


async def ask(sidecar, path, token):
    async with await WireClient.connect(sidecar.address) as client:
        return await client.ask(request_head("GET", path, token))


async def test_a_revoked_token_with_its_own_budget_used_up_gets_nothing():
    clock = SteppedClock()
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        token = emulator.issue_token("ci", {sample.demo.id: READ})
        stored, other, never = [
            f"/v1/vaults/{sample.demo.id}/items/{item.id}"
            for item in (sample.login, sample.api_credential, sample.note)
        ]
        async with running_sidecar(emulator.url, clock=clock, **SMALL) as sidecar:
            clock.pass_seconds(31)
            assert [(await ask(sidecar, path, token)).status for path in (stored, other)] == [200, 200]
            refused = await ask(sidecar, never, token)
            assert refused.status == 429
            assert json.loads(refused.body)["status"] == 429
            assert refused.value("Retry-After") == "1000"
            assert refused.value("RateLimit").endswith('"upstream";r=0;t=1000')
            emulator.revoke(token)
            assert (await ask(sidecar, stored, token)).status == 200, "its lease is current"
            clock.pass_seconds(61)
            emulator.forget_requests()
            answers = [await ask(sidecar, path, token) for path in (stored, other, stored, never)]
            assert {answer.status for answer in answers} <= {401, 429}
            assert len(emulator.requests_to("^/v1/")) == 2, (
                "it was verified once, and asked again once (rule 2)"
            )


async def test_a_file_too_large_to_share_counts_for_every_client_that_gets_it():
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        vaults = dict.fromkeys(sample.vault_ids, READ)
        token = emulator.issue_token("ci", vaults)
        known = f"/v1/vaults/{sample.infrastructure.id}/items/{sample.document.id}"
        path = f"{known}/files/{sample.large_file.id}/content"
        async with running_sidecar(emulator.url, **SMALL) as sidecar:
            assert (await ask(sidecar, known, token)).status == 200
            async with await WireClient.connect(sidecar.address) as slow:
                slow.writer.write(request_head("GET", path, token).encode() + b"\r\n\r\n")
                assert (await slow.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
                assert (await ask(sidecar, path, token)).status == 429


async def test_by_default_nobody_is_refused_and_no_field_is_added():
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        token = emulator.issue_token("ci", {sample.demo.id: READ})
        async with running_sidecar(
            emulator.url, LIMITS__REQUEST_BURST="1", LIMITS__REQUESTS_PER_SECOND="0.1"
        ) as sidecar:
            answers = [await ask(sidecar, f"/v1/vaults/{sample.demo.id}/items", token) for _ in range(5)]
            assert {answer.status for answer in answers} == {200}
            assert {answer.value("RateLimit") for answer in answers} == {None}
            scraped = await ask_observe(sidecar)
        counted = re.findall(
            r'limited_requests_total{budget="requests",enforced="false",token="(.+)"} (.+)', scraped
        )
        assert [(name[:6], count) for name, count in counted] == [("token-", "3.0")]


async def ask_observe(sidecar):
    async with await WireClient.connect(sidecar.observe_address) as client:
        return (await client.ask("GET /metrics HTTP/1.1\r\nHost: o")).body.decode()


def jti_of(token):
    """Return the id that a token says it has."""
    claims = token.split(".")[1]
    return json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["jti"]


async def test_a_named_token_has_its_own_limits_and_the_others_theirs():
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        named, other = (emulator.issue_token(name, {sample.demo.id: READ}) for name in ("ci", "app"))
        path = f"/v1/vaults/{sample.demo.id}/items"
        async with running_sidecar(
            emulator.url,
            LIMITS__MODE="enforce",
            LIMITS__REQUEST_BURST="3",
            LIMITS__REQUESTS_PER_SECOND="0.001",
            LIMITS__NAMED="{ci = {request_burst = 6}}",
            TOKENS__NAMES=f"{jti_of(named)}=ci",
        ) as sidecar:
            passed = {
                token: [(await ask(sidecar, path, token)).status for _ in range(9)].count(200)
                for token in (named, other)
            }
    assert passed == {named: 7, other: 4}, "the first request was a stranger's"
