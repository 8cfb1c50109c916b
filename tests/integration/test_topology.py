"""The shapes of docs/topology.md over real sockets: what each survives, who records what, what a chain adds up to.

Time is put forward by hand, the same for every sidecar of a chain.
"""

from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from proxy.emulator import FOREVER, READ_WRITE, Emulator, Refuse
from tests.support.audit_lines import documents_of, reads_in
from tests.support.sidecar import SteppedClock, running_sidecar
from tests.support.wire import WireClient, request_head

RENAME = b'[{"op":"replace","path":"/title","value":"renamed"}]'
CAREFUL_SECONDS = 31  # after a start nothing stays fresh for long
ITEM_FRESHNESS_SECONDS = TOKEN_VERIFICATION_SECONDS = 60
STALE_SECONDS = 4 * 3600


class Account:
    """A Connect with sample vaults, one token, and clients that ask whichever address they are told."""

    def __init__(self, emulator, clock, folder):
        self.emulator, self.clock, self.folder = emulator, clock, folder
        self.sample = emulator.sample_data()
        self.token = emulator.issue_token("ci", dict.fromkeys(self.sample.vault_ids, READ_WRITE))
        self.vault, self.item_id = self.sample.demo.id, self.sample.login.id
        self.list = f"/v1/vaults/{self.vault}/items"
        self.item = f"{self.list}/{self.item_id}"

    @asynccontextmanager
    async def sidecar(self, upstream_url, name="sidecar", **overrides):
        """Run one past its first careful seconds; its audit is in the folder, under its name, when it has ended."""
        audit = {"AUDIT__OUTPUT": "file", "AUDIT__FILE": str(self.folder / name)}
        async with running_sidecar(upstream_url, clock=self.clock, **audit, **overrides) as running:
            self.clock.pass_seconds(CAREFUL_SECONDS)
            yield running

    async def ask(self, sidecar, path=None, method="GET", body=b""):
        fields = [f"Content-Length: {len(body)}"] if body else []
        async with await WireClient.connect(sidecar.address) as client:
            return await client.ask(request_head(method, path or self.item, self.token, *fields), body)

    def connect_goes_away(self):
        return self.emulator.faults.add(Refuse(), times=FOREVER)

    def audited(self, name):
        return reads_in(documents_of((self.folder / name).read_bytes()))


@pytest.fixture
async def account(tmp_path):
    async with Emulator() as emulator:
        yield Account(emulator, SteppedClock(), tmp_path)


@asynccontextmanager
async def chain(account, **overrides):
    """Run sidecar -> standalone -> Connect."""
    async with AsyncExitStack() as stack:
        inner = await stack.enter_async_context(
            account.sidecar(account.emulator.url, "standalone", **overrides)
        )
        outer = await stack.enter_async_context(account.sidecar(inner.url, "sidecar", **overrides))
        yield outer, inner


def members(answer):
    return [value.removeprefix("connect-sidecar; ") for value in answer.values("Cache-Status")]


@asynccontextmanager
async def sidecar_alone(account):
    async with account.sidecar(account.emulator.url) as sidecar:
        yield sidecar, sidecar


@pytest.mark.parametrize("shape", [sidecar_alone, chain], ids=["sidecar or standalone", "chain"])
async def test_every_shape_answers_through_a_restart_of_connect_and_asks_it_again_afterwards(account, shape):
    async with shape(account) as (asked, _):
        before = await account.ask(asked)
        account.clock.pass_seconds(ITEM_FRESHNESS_SECONDS + 1)
        away = account.connect_goes_away()
        during = await account.ask(asked)
        assert (during.status, during.body) == (200, before.body)
        assert "detail=connection_refused" in during.value("Cache-Status")
        account.emulator.restart()
        account.emulator.faults.remove(away)
        account.clock.pass_seconds(10)
        assert (await account.ask(asked)).status == 200
        account.clock.pass_seconds(ITEM_FRESHNESS_SECONDS)
        account.emulator.forget_requests()
        after = await account.ask(asked)
        assert (after.status, after.body) == (200, before.body)
        assert not any("detail" in value for value in after.values("Cache-Status"))
        assert account.emulator.requests_to("^/v1/")


async def test_what_a_sidecar_has_not_read_is_not_there_while_connect_is_down(account):
    async with account.sidecar(account.emulator.url) as sidecar:
        await account.ask(sidecar)
        account.connect_goes_away()
        assert (await account.ask(sidecar)).status == 200
        assert (await account.ask(sidecar, account.list)).status == 502


async def test_a_new_pod_with_its_own_sidecar_has_nothing_while_connect_is_down(account):
    async with account.sidecar(account.emulator.url, "old") as old:
        await account.ask(old)
        account.connect_goes_away()
        async with account.sidecar(account.emulator.url, "new") as new:
            assert (await account.ask(old)).status == 200
            assert (await account.ask(new)).status == 502


@pytest.mark.parametrize("hours", [1, 3.9])
async def test_a_standalone_serves_a_new_application_pod_hours_after_connect_went_down(account, hours):
    async with account.sidecar(account.emulator.url, "standalone") as standalone:
        read_by_another_pod = await account.ask(standalone)
        account.connect_goes_away()
        account.clock.pass_seconds(hours * 3600)
        new_pod = await account.ask(standalone)
        assert (new_pod.status, new_pod.body) == (200, read_by_another_pod.body)


async def test_a_token_that_has_read_nothing_gets_nothing_of_anothers_while_connect_is_down(account):
    async with account.sidecar(account.emulator.url, "standalone") as standalone:
        await account.ask(standalone)
        account.connect_goes_away()
        account.token = account.emulator.issue_token("other", {account.vault: READ_WRITE})
        assert (await account.ask(standalone)).status == 502


async def test_a_chain_serves_a_new_pod_while_connect_is_down(account):
    async with account.sidecar(account.emulator.url, "standalone") as standalone:
        async with account.sidecar(standalone.url, "old") as old:
            read = await account.ask(old)
        account.connect_goes_away()
        account.clock.pass_seconds(3600)
        async with account.sidecar(standalone.url, "new") as new:
            answer = await account.ask(new)
            assert (answer.status, answer.body) == (200, read.body)


async def test_both_of_a_chain_show_in_via_and_cache_status_nearest_to_connect_first(account):
    async with chain(account) as (outer, inner):
        await account.ask(inner)
        account.clock.pass_seconds(5)
        answer = await account.ask(outer)
        assert [member.partition(";")[0] for member in members(answer)] == ["hit", "fwd=uri-miss"]
        via = answer.values("Via")
        assert len(set(via)) == 2
        assert via[0] == (await account.ask(inner)).value("Via")
        assert answer.value("Age") == "5"


async def test_a_write_through_a_chain_drops_what_both_have(account):
    async with chain(account) as (outer, inner):
        for path in (account.item, account.list):
            await account.ask(outer, path)
            assert members(await account.ask(outer, path))[-1].startswith("hit")
        written = await account.ask(outer, method="PATCH", body=RENAME)
        assert [member.partition(";")[0] for member in members(written)] == ["fwd=method"] * 2
        account.emulator.sync()
        for path in (account.item, account.list):
            answer = await account.ask(outer, path)
            assert b"renamed" in answer.body
            assert [member.partition(";")[0] for member in members(answer)] == ["fwd=uri-miss"] * 2
            assert b"renamed" in (await account.ask(inner, path)).body


async def test_a_change_made_elsewhere_shows_through_a_chain_within_both_bounds_added_up(account):
    async with chain(account) as (outer, _):
        for path in (account.item, account.list):
            await account.ask(outer, path)
        account.emulator.edit_item(account.vault, account.item_id, title="changed elsewhere")
        seen_after = None
        for second in range(2 * ITEM_FRESHNESS_SECONDS + 1):
            answer = await account.ask(outer)
            if b"changed elsewhere" in answer.body:
                seen_after = second
                break
            account.clock.pass_seconds(1)
        assert seen_after is not None


async def test_a_revoked_token_reads_through_a_chain_no_longer_than_both_verifications_added_up(account):
    async with chain(account) as (outer, _):
        await account.ask(outer)
        account.emulator.revoke(account.token)
        account.clock.pass_seconds(2 * TOKEN_VERIFICATION_SECONDS + 1)
        assert (await account.ask(outer)).status == 401


async def test_a_chain_is_stale_no_longer_than_both_bounds_added_up_and_the_age_counts_through(account):
    async with chain(account) as (outer, _):
        await account.ask(outer)
        account.connect_goes_away()
        account.clock.pass_seconds(STALE_SECONDS)
        answer = await account.ask(outer)
        assert (answer.status, int(answer.value("Age"))) == (200, STALE_SECONDS)
        account.clock.pass_seconds(STALE_SECONDS + 2 * ITEM_FRESHNESS_SECONDS + 1)
        assert (await account.ask(outer)).status == 502


async def test_each_pod_has_an_audit_of_its_own_beside_its_application(account):
    async with (
        account.sidecar(account.emulator.url, "one") as one,
        account.sidecar(account.emulator.url, "two") as two,
    ):
        for sidecar, reads in ((one, 3), (two, 2)):
            for _ in range(reads):
                await account.ask(sidecar)
    assert account.audited("one") == {"hit": 2}
    assert account.audited("two") == {"hit": 1}


async def test_a_standalone_has_the_reads_of_all_pods_in_one_audit(account):
    async with account.sidecar(account.emulator.url, "standalone") as standalone:
        for _ in range(5):
            await account.ask(standalone)
    assert account.audited("standalone") == {"hit": 4}


async def test_in_a_chain_each_records_what_it_answered_itself(account):
    async with chain(account) as (outer, inner):
        await account.ask(inner)
        for _ in range(3):
            await account.ask(outer)
    assert account.audited("standalone") == {"hit": 1}
    assert account.audited("sidecar") == {"hit": 2}
