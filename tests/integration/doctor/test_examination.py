"""The doctor examines embedded servers in several guises, and one that answers everything otherwise."""

import sys

import pytest

from proxy.commands.doctor_embedded import embedded_answers
from proxy.doctor.errors import DoctorError
from proxy.doctor.question import Verdict
from proxy.doctor.questions import QUESTIONS, timing
from proxy.emulator import (
    FOREVER,
    READ,
    ChangedFields,
    Emulator,
    EmulatorSettings,
    EntityTags,
    FirstRequestUnauthorized,
    LaggingReplica,
    LoseAnswer,
    SampleData,
    SlowHead,
    Status,
)
from tests.support import odd_connect as odd
from tests.support.examinations import SAID, examined, findings_of, token_for

WRITES = EmulatorSettings(sync_delay_seconds=0.3, write_duration_seconds=0.05)


def secrets_of(emulator: Emulator, sample: SampleData, token: str) -> list[str]:
    vaults = [emulator.vault(vault) for vault in sample.vault_ids]
    items = [item for vault in vaults for item in vault.items.values()]
    tags = [tag for item in items for tag in item.document.get("tags") or ()]
    names = [vault.name for vault in vaults if vault.name != "Empty"]
    ids = [each.id for each in (*vaults, *items)]
    return [*token.split("."), *names, *ids, *tags, *(item.document["title"] for item in items)]


def differing(report) -> dict[str, str]:
    kinds = {Verdict.DIFFERENT, Verdict.CONCERN}
    return {key: each.answer for key, each in findings_of(report).items() if each.verdict in kinds}


async def test_the_embedded_server_answers_as_the_questions_expect_and_nothing_is_left_of_it():
    async with Emulator(WRITES) as emulator:
        sample = emulator.sample_data(large_file_bytes=1)
        token = token_for(emulator, sample)
        foreign = emulator.add_vault("Elsewhere").id
        before = emulator.vault(sample.empty.id)
        report = await examined(emulator.url, token, foreign_vault=foreign, write_vault=sample.empty.id)
        assert differing(report) == {}
        assert not report.is_worth_reading
        unasked = [each for each in findings_of(report).values() if each.verdict is Verdict.NOT_ASKED]
        assert unasked == []
        assert emulator.vault(sample.empty.id).items == before.items == {}
        secrets = secrets_of(emulator, sample, token)
    assert [secret for secret in secrets if any(secret in said for said in SAID)] == []


async def test_reading_alone_takes_a_few_dozen_requests_one_at_a_time():
    async with Emulator() as emulator:
        token = token_for(emulator, emulator.sample_data(large_file_bytes=1))
        await examined(emulator.url, token, compares=False)
        assert len(emulator.requests) <= 70
        assert {record.method for record in emulator.requests} == {"GET", "HEAD", "OPTIONS"}
        assert emulator.connections_accepted <= 3


async def test_an_embedded_server_that_is_asked_says_what_stands_in_the_questions():
    answers = await embedded_answers(writes=True)
    recorded = {each.key: each.expected for each in QUESTIONS if each.expected is not None}
    assert {key: answers.get(key) for key in recorded} == recorded
    assert answers["write_conflict"] == "one 200, one 409"


async def fields_of_its_own(emulator: Emulator) -> None:
    fields = (("Cache-Control", "no-store"), ("Vary", "Accept-Encoding"))
    emulator.faults.add(ChangedFields(add=fields), times=FOREVER)


async def entity_tags(emulator: Emulator) -> None:
    emulator.faults.add(EntityTags(), times=FOREVER)


async def no_version_field(emulator: Emulator) -> None:
    emulator.faults.add(ChangedFields(remove=("1Password-Connect-Version",)), times=FOREVER)


async def slow(emulator: Emulator) -> None:
    emulator.faults.add(SlowHead(delay_seconds=0.2), path="/items$", times=FOREVER)


async def health_behind_a_token(emulator: Emulator) -> None:
    emulator.faults.add(Status(status=401, message="no"), path="^/health$", times=1)


async def metrics_not_public(emulator: Emulator) -> None:
    emulator.faults.add(Status(status=404, message="no"), path="^/metrics$", times=FOREVER)


async def one_answer_that_is_garbage(emulator: Emulator) -> None:
    emulator.faults.add(Status(status=502, body="<html>", content_type="text/html"), path="no-id", times=1)


@pytest.mark.parametrize(
    ("guise", "expected"),
    [
        (fields_of_its_own, {"cache_control": "no-store", "vary": "Accept-Encoding"}),
        (entity_tags, {"etag": "strong", "if_none_match": "its ETag is honoured (304)"}),
        (no_version_field, {"version_field": "absent"}),
        (slow, {}),
        (
            health_behind_a_token,
            {"health": "401 and 2 other members; with token 200 name version dependencies"},
        ),
        (metrics_not_public, {"metrics": "404"}),
        (one_answer_that_is_garbage, {"malformed_id": "502 text/html, no JSON object"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_a_guise_shows_as_what_it_is_and_as_nothing_else(guise, expected):
    async with Emulator() as emulator:
        token = token_for(emulator, emulator.sample_data(large_file_bytes=1))
        await guise(emulator)
        report = await examined(emulator.url, token, compares=False)
    assert differing(report) == expected
    assert report.is_worth_reading is bool(expected)


async def test_a_sync_that_takes_longer_than_terraform_waits_names_the_setting_that_helps():
    settings = EmulatorSettings(sync_delay_seconds=1.3, write_duration_seconds=0.05)
    async with Emulator(settings) as emulator:
        sample = emulator.sample_data(large_file_bytes=1)
        report = await examined(
            emulator.url, token_for(emulator, sample), write_vault=sample.demo.id, compares=False
        )
    lag = findings_of(report)["write_update"]
    assert lag.verdict is Verdict.CONCERN
    assert lag.answer.startswith("1.") or lag.answer.startswith("2.")
    assert "cache.read_your_writes_hold_seconds = " in lag.follows


async def test_a_sync_that_takes_too_long_to_wait_for_is_said_and_the_item_goes_all_the_same():
    async with Emulator(EmulatorSettings(sync_delay_seconds=30)) as emulator:
        sample = emulator.sample_data(large_file_bytes=1)
        report = await examined(
            emulator.url,
            token_for(emulator, sample),
            write_vault=sample.empty.id,
            wait_seconds=0.2,
            compares=False,
        )
        assert findings_of(report)["write_create"].answer == "more than 0.2 s"
        assert emulator.vault(sample.empty.id).items == {}
        assert report.left == ""


async def test_an_item_whose_making_was_not_answered_is_searched_for_and_removed():
    async with Emulator() as emulator:
        sample = emulator.sample_data(large_file_bytes=1)
        emulator.faults.add(LoseAnswer(), method="POST")
        report = await examined(
            emulator.url, token_for(emulator, sample), write_vault=sample.empty.id, compares=False
        )
        findings = findings_of(report)
        assert findings["write_create"].answer == "no answer (connection_terminated)"
        assert findings["write_delete"].verdict is Verdict.NOT_ASKED
        assert emulator.vault(sample.empty.id).items == {}
        assert report.left == ""


async def test_a_token_that_may_not_write_is_told_and_nothing_is_left():
    async with Emulator() as emulator:
        sample = emulator.sample_data(large_file_bytes=1)
        token = emulator.issue_token("reader", {sample.demo.id: READ})
        report = await examined(emulator.url, token, write_vault=sample.demo.id, compares=False)
    created = findings_of(report)["write_create"]
    assert (created.answer, created.follows) == ("403", "the token can't write there")
    assert report.left == ""


async def test_an_origin_that_answers_everything_otherwise_is_told_apart_without_quoting_it():
    async with odd.odd_connect() as origin:
        report = await examined(origin.url, odd.TOKEN, write_vault=odd.VAULT, wait_seconds=1)
        assert origin.made == {}
    told = findings_of(report)
    answers = {key: each.answer for key, each in told.items() if not key.startswith("latency")}
    assert answers["slash_vaults"] == "redirected (301) to the path without it"
    assert answers["head_item"] == "501"
    assert answers["version_field"] == "absent"
    assert answers["etag"] == "strong"
    assert answers["cache_control"] == "no-cache"
    assert answers["vary"] == answers["server"] == "(withheld: it quotes something of the account)"
    assert answers["media_types"] == "text/json"
    assert answers["coding"] == "gzip"
    assert answers["if_none_match"] == "its ETag is honoured (304)"
    assert answers["if_modified_since"] == "it is honoured (304)"
    assert answers["range"] == "honoured (206)"
    assert answers["junk_token"] == "403 text/plain, no JSON object, WWW-Authenticate"
    assert answers["unknown_item"] == "404 JSON, no status in it, no message, 2 more members, other words"
    assert answers["health"].startswith(
        "503 no JSON; with token 200 version dependencies and 1 other members"
    )
    assert answers["dependencies"] == "sync NOT_SYNCED, (odd) (odd)"
    assert answers["metric_names"] == "2 names; beyond Go's runtime: connect_requests_total"
    assert answers["filter_encodings"] == "%20 finds it; + finds nothing"
    assert answers["filter_title"] == "finds it; in another case finds it"
    assert answers["filter_vaults"] == "name finds it; title finds nothing; in another case finds it"
    assert answers["filter_nothing"] == "404"
    assert answers["list_complete"] == "1, the vault says 500"
    assert answers["listed_version"] == "another one than the item's own"
    assert answers["content_version"] == "they differ"
    assert answers["clock"].endswith(" behind")
    assert answers["write_put_version"] == "the new one"
    assert answers["write_content_version"] == "stayed"
    assert answers["write_conflict"] == "both 200"
    assert "one-time passwords" in told["clock"].follows
    secrets = [*odd.TOKEN.split("."), odd.TITLE, odd.VAULT_NAME, odd.TAG, odd.VAULT, odd.ITEM]
    long_enough = [secret for secret in secrets if len(secret) > 3]
    assert [secret for secret in long_enough if any(secret in said for said in SAID)] == []


async def test_through_a_sidecar_every_read_of_an_odd_origin_is_the_same_and_the_sidecar_is_silent(capfd):
    async with odd.odd_connect() as origin:
        report = await examined(origin.url, odd.TOKEN)
    assert capfd.readouterr() == ("", "")
    assert {each.question: each.answer for each in report.proxied if each.verdict is not Verdict.SAME} == {}


async def test_a_sidecar_that_is_no_transparent_one_shows():
    async with Emulator() as emulator, odd.odd_connect() as other:
        token = token_for(emulator, emulator.sample_data(large_file_bytes=1))
        report = await examined(emulator.url, token, proxied_url=other.url)
    answers = {each.question: each.answer for each in report.proxied}
    assert answers["no token"].startswith("first 403 instead of 401; ")
    assert "another body" in answers["/heartbeat"]
    assert "please report it" in report.proxied[0].follows


async def test_what_cannot_be_removed_is_said_with_the_title_that_finds_it(monkeypatch):
    monkeypatch.setattr("proxy.doctor.throwaway._PAUSE_SECONDS", 0.0)
    async with odd.odd_connect(undeletable=True) as origin:
        report = await examined(origin.url, odd.TOKEN, write_vault=odd.VAULT, wait_seconds=1, compares=False)
        (item,) = origin.made.values()
    assert report.left == f'vault vvvv... may still have the item "{item["title"]}": delete it by hand'
    assert report.is_worth_reading


@pytest.mark.parametrize(
    ("effect", "reason"),
    [
        (Status(status=500, message="Something went wrong"), "answered with 500 and no list"),
        (Status(status=200, body="{}"), "answered with 200 and no list"),
        (FirstRequestUnauthorized(), r"is refused \(401\): is this a token of this server"),
    ],
    ids=["500", "no list", "401"],
)
async def test_a_server_that_can_not_be_examined_says_why(effect, reason):
    async with Emulator() as emulator:
        token = token_for(emulator, emulator.sample_data(large_file_bytes=1))
        emulator.faults.add(effect, times=FOREVER)
        with pytest.raises(DoctorError, match=reason):
            await examined(emulator.url, token)


async def test_a_replica_that_lags_behind_is_a_change_that_shows_late():
    async with Emulator(EmulatorSettings(write_duration_seconds=0.05)) as emulator:
        sample = emulator.sample_data(large_file_bytes=1)
        emulator.faults.add(LaggingReplica(changes_behind=1), method="GET", times=FOREVER)
        report = await examined(
            emulator.url,
            token_for(emulator, sample),
            write_vault=sample.empty.id,
            wait_seconds=0.2,
            compares=False,
        )
        assert findings_of(report)["write_create"].answer == "more than 0.2 s"
        assert emulator.vault(sample.empty.id).items == {}


@pytest.mark.parametrize(
    ("seconds", "concern"),
    [(0.2, ""), (1.1, "cache.answer_stale_after_seconds"), (7.0, "upstream.head_seconds")],
)
def test_slow_answers_name_the_setting_that_helps(seconds, concern):
    told = timing._told([seconds] * 5)
    assert (concern in told.concern) if concern else not told.concern


async def test_without_the_demos_packages_the_answers_in_the_questions_are_taken(monkeypatch):
    monkeypatch.setitem(sys.modules, "proxy.emulator", None)  # as where they are not installed
    assert await embedded_answers(writes=True) == {}
