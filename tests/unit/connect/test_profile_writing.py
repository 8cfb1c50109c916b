"""What follows from writes: what goes, what must be validated, what may not be stored (design rules 3, 4, 5)."""

import pytest

from proxy.caching.key import ROOT
from proxy.caching.profile import NO_EFFECTS, Servability
from proxy.caching.reasons import NotStoredReason
from proxy.connect.rules import ConnectRules
from tests.unit.connect.samples import (
    ALPHA,
    BETA,
    CONTENT_TARGET,
    FILES_TARGET,
    FILTERED_TARGET,
    ITEM,
    ITEM_TARGET,
    ITEMS_TARGET,
    OTHER_ITEM,
    OTHER_ITEM_TARGET,
    OTHER_VAULT,
    VAULT_TARGET,
    VAULTS_TARGET,
    Driver,
    answer,
    at,
    item_document,
    vault_document,
)

OK, FENCE = Servability.SERVABLE, NotStoredReason.FENCE
ELSEWHERE = f"/v1/vaults/{OTHER_VAULT}"
V1, V2, V3 = (answer(item_document(version=version)) for version in (1, 2, 3))
MISSING = answer({"status": 404}, 404)
LISTED = {
    version: answer([item_document(version=version), item_document(OTHER_ITEM, 1)]) for version in (1, 2)
}


@pytest.fixture
def driver() -> Driver:
    """Everything of one vault, read by two tokens at 0 s."""
    driver = Driver()
    for bearer in (ALPHA, BETA):
        driver.read(
            VAULTS_TARGET, answer([vault_document(), vault_document(OTHER_VAULT)]), sent=0.0, bearer=bearer
        )
        driver.read(VAULT_TARGET, answer(vault_document()), sent=0.0, bearer=bearer)
        driver.read(ELSEWHERE, answer(vault_document(OTHER_VAULT)), sent=0.0, bearer=bearer)
        driver.read(ITEMS_TARGET, LISTED[1], sent=0.0, bearer=bearer)
        driver.read(FILTERED_TARGET, LISTED[1], sent=0.0, bearer=bearer)
        driver.read(ITEM_TARGET, V1, sent=0.0, bearer=bearer)
        driver.read(ITEM_TARGET + "/", V1, sent=0.0, bearer=bearer)
        driver.read(FILES_TARGET, answer([]), sent=0.0, bearer=bearer)
        driver.read(CONTENT_TARGET, answer(b"x"), sent=0.0, bearer=bearer)
        driver.read(OTHER_ITEM_TARGET, answer(item_document(OTHER_ITEM, 1)), sent=0.0, bearer=bearer)
    return driver


OF_ITEM = [ITEM_TARGET, ITEM_TARGET + "/", FILES_TARGET, CONTENT_TARGET]
VIEWS = [ITEMS_TARGET, FILTERED_TARGET, VAULT_TARGET, VAULTS_TARGET]

POSSIBLY_APPLIED = [
    ("PUT", V1),
    ("PATCH", V1),
    ("DELETE", answer(b"", 204)),
    ("PUT", answer({}, 302)),
    *[("PUT", answer({}, status)) for status in (402, 406, 408, 409, 412, 500, 502, 503, 504)],
    ("DELETE", None),
]


@pytest.mark.parametrize(("method", "response"), POSSIBLY_APPLIED)
@pytest.mark.parametrize("bearer", [ALPHA, BETA])
def test_a_possibly_applied_write_takes_the_item_its_files_and_all_views_of_all_tokens(
    driver, method, response, bearer
):
    driver.write(method, ITEM_TARGET, response, ended=1.0, bearer=ALPHA)

    assert [driver.serves(target, now=1.0, bearer=bearer) for target in OF_ITEM + VIEWS] == [None] * 8
    assert driver.serves(OTHER_ITEM_TARGET, now=1.0, bearer=bearer) is Servability.MUST_VALIDATE
    assert driver.serves(ELSEWHERE, now=1.0, bearer=bearer) is OK


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 415, 422, 429])
@pytest.mark.parametrize(
    ("method", "target"), [("PUT", ITEM_TARGET), ("POST", ITEMS_TARGET), ("POST", "/v1/x")]
)
def test_a_refused_write_changes_nothing(driver, status, method, target):
    effects = driver.write(method, target, answer({}, status), ended=1.0)

    assert effects == NO_EFFECTS
    assert driver.profile.open_fences(at(1.0)) == 0
    for seen in OF_ITEM + VIEWS + [OTHER_ITEM_TARGET]:
        assert driver.serves(seen, now=1.0) is OK


def test_a_refused_write_drops_no_reads_of_its_token(driver):
    for second in (1.0, 2.0, 3.0):
        driver.write("PUT", ITEM_TARGET, answer({}, 401), ended=second)
        driver.write("PUT", ITEM_TARGET, answer({}, 403), ended=second)

    assert driver.serves(ITEM_TARGET, now=3.0) is OK


def test_a_create_takes_the_views_and_leaves_the_items_to_be_validated(driver):
    driver.write("POST", ITEMS_TARGET, answer(item_document("c" * 26, 1)), ended=1.0)

    assert [driver.serves(target, now=1.0) for target in VIEWS] == [None] * 4
    assert driver.serves(ITEM_TARGET, now=1.0) is Servability.MUST_VALIDATE


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/v1/categories"),
        ("DELETE", VAULT_TARGET),
        ("POST", ITEM_TARGET),
        ("PUT", ITEM_TARGET.replace("w", "%77")),
        ("PUT", f"{ITEMS_TARGET}//{ITEM}"),
        ("BREW", "/"),
    ],
)
def test_after_an_unknown_write_everything_must_be_validated(driver, method, target):
    effects = driver.write(method, target, answer({}), ended=1.0)

    assert effects.advance == (ROOT,)
    for seen in [*OF_ITEM, OTHER_ITEM_TARGET, ELSEWHERE]:
        assert driver.serves(seen, now=1.0) in {Servability.MUST_VALIDATE, Servability.FENCED}


def test_an_unknown_write_that_any_server_could_take_for_one_to_an_item_fences_everything(driver):
    driver.write("PUT", f"{ITEMS_TARGET}//{ITEM}", V1, ended=1.0)

    assert driver.read(ITEM_TARGET, V1, sent=2.0) is FENCE
    assert driver.read(ELSEWHERE, answer(vault_document(OTHER_VAULT)), sent=2.0) is FENCE
    assert driver.read(ITEM_TARGET, V1, sent=31.0) is None


def test_an_unknown_write_elsewhere_fences_nothing(driver):
    driver.write("POST", "/v1/categories", answer({}), ended=1.0)

    assert driver.read(ITEM_TARGET, V1, sent=2.0) is None


def test_after_a_put_nothing_of_the_item_is_stored_until_the_next_version_is_seen(driver):
    driver.write("PUT", ITEM_TARGET, V1, ended=1.0)

    assert driver.read(ITEM_TARGET, V1, sent=1.1) is FENCE
    assert driver.read(CONTENT_TARGET, answer(b"x"), sent=1.1) is FENCE
    assert driver.read(ITEMS_TARGET, LISTED[1], sent=1.1) is FENCE
    assert driver.read(VAULT_TARGET, answer(vault_document()), sent=1.1) is FENCE
    assert driver.read(VAULTS_TARGET, answer([vault_document()]), sent=1.1) is FENCE
    assert driver.read(OTHER_ITEM_TARGET, answer(item_document(OTHER_ITEM, 1)), sent=1.1) is None
    assert driver.read(ITEM_TARGET, V2, sent=1.2, bearer=BETA) is None
    assert driver.read(CONTENT_TARGET, answer(b"x"), sent=1.3) is None
    assert driver.read(ITEMS_TARGET, LISTED[2], sent=1.3) is None
    assert driver.read(VAULTS_TARGET, answer([vault_document()]), sent=1.3) is None


@pytest.mark.parametrize("target", [ITEMS_TARGET, FILTERED_TARGET])
def test_a_list_that_shows_the_next_version_lifts_the_fence_and_is_stored(driver, target):
    driver.write("PUT", ITEM_TARGET, V1, ended=1.0)

    assert driver.read(target, LISTED[2], sent=1.1) is None
    assert driver.read(ITEM_TARGET, V2, sent=1.2) is None


def test_a_view_under_way_when_a_fence_is_lifted_is_not_stored(driver):
    driver.write("DELETE", ITEM_TARGET, answer(b"", 204), ended=1.0)
    asked = {target: driver.generation(target) for target in (*VIEWS, OTHER_ITEM_TARGET)}
    driver.read(ITEM_TARGET, MISSING, sent=1.5, landed=1.6)

    for target, response in [(ITEMS_TARGET, LISTED[1]), (VAULTS_TARGET, answer([vault_document()]))]:
        late = driver.read(target, response, sent=1.1, landed=1.7, generation=asked[target])
        assert late is NotStoredReason.GENERATION
    other = answer(item_document(OTHER_ITEM, 1))
    assert (
        driver.read(OTHER_ITEM_TARGET, other, sent=1.1, landed=1.7, generation=asked[OTHER_ITEM_TARGET])
        is None
    )


def test_an_item_under_way_when_its_deletion_is_seen_is_not_stored(driver):
    driver.write("DELETE", ITEM_TARGET, answer(b"", 204), ended=1.0)
    asked = driver.generation(ITEM_TARGET)
    without = answer([item_document(OTHER_ITEM, 1)])
    assert driver.read(ITEMS_TARGET, without, sent=1.5, landed=1.6, bearer="newcomer") is None

    assert driver.read(ITEM_TARGET, V1, sent=1.1, landed=1.7, generation=asked) is NotStoredReason.GENERATION


def test_an_answer_sent_before_the_write_ended_lifts_nothing(driver):
    driver.write("PUT", ITEM_TARGET, V1, ended=1.0)
    driver.read(ITEM_TARGET, V2, sent=0.9, landed=1.5, generation=-1)

    assert driver.read(ITEMS_TARGET, LISTED[2], sent=0.95, landed=1.6) is FENCE


def test_two_puts_that_both_answer_the_old_version_expect_two_more(driver):
    driver.write("PUT", ITEM_TARGET, V1, ended=1.0)
    driver.write("PUT", ITEM_TARGET, V1, ended=2.0)

    assert driver.read(ITEM_TARGET, V2, sent=3.0) is FENCE
    assert driver.read(ITEM_TARGET, V3, sent=4.0) is None


def test_a_deletion_is_over_once_the_item_is_missed(driver):
    driver.write("DELETE", ITEM_TARGET, answer(b"", 204), ended=1.0)
    assert driver.read(ITEM_TARGET, V1, sent=1.1) is FENCE
    assert driver.read(ITEMS_TARGET, LISTED[1], sent=1.1) is FENCE

    driver.read(ITEM_TARGET, MISSING, sent=1.2)

    assert driver.read(ITEMS_TARGET, answer([item_document(OTHER_ITEM, 1)]), sent=1.3) is None


def test_a_list_without_the_deleted_item_ends_the_deletion_but_a_filtered_one_does_not(driver):
    driver.write("DELETE", ITEM_TARGET, answer(b"", 204), ended=1.0)
    without = answer([item_document(OTHER_ITEM, 1)])

    assert driver.read(FILTERED_TARGET, without, sent=1.1) is FENCE
    assert driver.read(ITEMS_TARGET, without, sent=1.2) is None


def test_a_junk_tokens_404_ends_no_deletion(driver):
    driver.write("DELETE", ITEM_TARGET, answer(b"", 204), ended=1.0)
    driver.read(ITEM_TARGET, MISSING, sent=1.1, bearer="junk")

    assert driver.read(ITEMS_TARGET, LISTED[1], sent=1.2) is FENCE


def test_a_created_item_is_awaited_in_version_1_as_terraform_does(driver):
    created = "c" * 26
    driver.write("POST", ITEMS_TARGET, answer(item_document(created, 1)), ended=1.0)
    target = f"{ITEMS_TARGET}/{created}"
    driver.read(target, MISSING, sent=1.1)
    assert driver.read(ITEMS_TARGET, LISTED[1], sent=1.2) is FENCE

    assert driver.read(target, answer(item_document(created, 1)), sent=1.3) is None
    shown = answer([item_document(version=1), item_document(OTHER_ITEM, 1), item_document(created, 1)])
    assert driver.read(ITEMS_TARGET, shown, sent=1.4) is None


@pytest.mark.parametrize(
    ("method", "target", "response"),
    [
        ("PUT", ITEM_TARGET, None),
        ("PUT", ITEM_TARGET, answer({}, 500)),
        ("PUT", ITEM_TARGET, answer(b"", 204)),
        ("PUT", ITEM_TARGET, answer(b"not json")),
        ("PUT", ITEM_TARGET, answer(item_document(OTHER_ITEM, 1))),
        ("PUT", ITEM_TARGET, answer(item_document(), 302)),
        ("DELETE", ITEM_TARGET, answer({}, 500)),
        ("POST", ITEMS_TARGET, None),
        ("POST", ITEMS_TARGET, answer({})),
    ],
)
def test_a_write_of_unknown_outcome_or_version_is_over_by_time_only(driver, method, target, response):
    driver.write(method, target, response, ended=1.0)
    driver.read(ITEM_TARGET, answer(item_document(version=99)), sent=2.0)

    assert driver.read(ITEMS_TARGET, answer([item_document(version=99)]), sent=30.9) is FENCE
    assert driver.read(ITEMS_TARGET, answer([item_document(version=99)]), sent=31.0) is None


def test_an_answer_under_way_when_the_time_runs_out_is_not_stored(driver):
    driver.write("PUT", ITEM_TARGET, None, ended=1.0)

    assert driver.read(ITEM_TARGET, V1, sent=30.9, landed=40.0) is FENCE


def test_what_is_stored_of_a_fenced_scope_is_not_served_even_in_an_outage(driver):
    stored = dict(driver.store)
    driver.write("PUT", ITEM_TARGET, V1, ended=1.0)
    driver.store.update(stored)  # as if the removal had failed

    for target in OF_ITEM + VIEWS:
        assert driver.serves(target, now=2.0) is Servability.FENCED
    assert driver.serves(OTHER_ITEM_TARGET, now=2.0) is Servability.MUST_VALIDATE


def test_open_fences_are_counted(driver):
    driver.write("PUT", ITEM_TARGET, V1, ended=1.0)
    driver.write("DELETE", OTHER_ITEM_TARGET, answer(b"", 204), ended=1.0)

    assert driver.profile.open_fences(at(1.0)) == 2
    assert driver.profile.open_fences(at(31.0)) == 0


def test_a_write_that_overlaps_a_read_of_the_new_version_still_demotes_what_is_stored(driver):
    driver.read(ITEM_TARGET, V2, sent=0.5, generation=-1)  # not stored: a write is on its way

    assert driver.serves(ITEM_TARGET, now=0.6) is Servability.MUST_VALIDATE


@pytest.mark.parametrize("target", [ITEM_TARGET, ITEMS_TARGET, FILTERED_TARGET])
def test_a_replica_that_still_has_a_deleted_item_is_not_believed(driver, target):
    """Its version is no lower than any that is known: only the fence tells."""
    driver.write("DELETE", ITEM_TARGET, answer(b"", 204), ended=1.0)
    without = answer([item_document(OTHER_ITEM, 1)])
    assert driver.read(ITEMS_TARGET, without, sent=1.1) is None

    behind = V1 if target is ITEM_TARGET else LISTED[1]
    assert driver.read(target, behind, sent=1.2) is FENCE
    assert driver.serves(ITEMS_TARGET, now=1.3) is Servability.FENCED

    assert driver.read(ITEMS_TARGET, without, sent=1.4) is None


def test_a_replica_that_is_behind_ends_decisions_and_the_next_that_is_not_opens_the_fence():
    driver = Driver(rules=ConnectRules(stale_if_error_seconds=0.0))  # so no version is remembered
    driver.write("PUT", ITEM_TARGET, V1, ended=1.0)
    assert driver.read(ITEM_TARGET, V2, sent=1.1) is None
    before = driver.generation(ITEM_TARGET)

    assert driver.read(ITEM_TARGET, V1, sent=1.2) is FENCE
    assert driver.generation(ITEM_TARGET) > before
    assert driver.read(ITEM_TARGET, V2, sent=1.3) is None
    assert driver.serves(ITEM_TARGET, now=1.4) is Servability.SERVABLE
