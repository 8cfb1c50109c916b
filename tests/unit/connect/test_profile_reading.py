"""What the profile serves, stores and learns from reads (design rules 1, 2, 6, 7)."""

import pytest

from proxy.caching.key import ROOT
from proxy.caching.pieces import at_once
from proxy.caching.profile import Handling, Sent, Servability
from proxy.caching.reasons import NotStoredReason
from proxy.connect import purging
from proxy.connect.profile import ConnectRules, SyncState, UnverifiedTokens
from tests.unit.connect.samples import (
    ALPHA,
    BETA,
    CONTENT_TARGET,
    FILE_TARGET,
    FILES_TARGET,
    FILTERED_TARGET,
    ITEM,
    ITEM_TARGET,
    ITEMS_TARGET,
    OTHER_ITEM,
    OTHER_ITEM_TARGET,
    OTHER_VAULT,
    VAULT,
    VAULT_TARGET,
    VAULTS_TARGET,
    WALL_SECONDS,
    Driver,
    answer,
    at,
    item_document,
    request,
    token,
    vault_document,
)

OK = Servability.SERVABLE
V1, V2 = answer(item_document(version=1)), answer(item_document(version=2))
OTHER_V1 = answer(item_document(OTHER_ITEM, 1))
REFUSED, FORBIDDEN, MISSING = (answer({"status": code}, code) for code in (401, 403, 404))
BOTH_ITEMS = answer([item_document(version=1), item_document(OTHER_ITEM, 1)])
VAULTS = answer([vault_document()])


@pytest.fixture
def driver() -> Driver:
    return Driver()


# Rule 1: the key


def test_a_key_is_one_tokens_method_and_exact_target(driver):
    keys = {
        driver.subject(target, bearer, method).key
        for target in (ITEMS_TARGET, ITEMS_TARGET + "/", FILTERED_TARGET, FILTERED_TARGET.replace("%20", "+"))
        for bearer in (ALPHA, BETA, None)
        for method in ("GET", "HEAD")
    }

    assert len(keys) == 24


def test_a_trailing_slash_is_the_same_resource(driver):
    plain, slashed = driver.subject(ITEM_TARGET), driver.subject(ITEM_TARGET + "/")

    assert (plain.tags, plain.scopes, plain.names) == (slashed.tags, slashed.scopes, slashed.names)
    assert plain.key != slashed.key


@pytest.mark.parametrize(
    ("target", "method", "bearer", "handling"),
    [
        (ITEM_TARGET, "GET", ALPHA, Handling.CACHE),
        (ITEM_TARGET, "GET", None, Handling.PASS),
        (ITEM_TARGET, "GET", "a b", Handling.PASS),
        (ITEM_TARGET, "HEAD", ALPHA, Handling.PASS),
        (ITEM_TARGET, "OPTIONS", ALPHA, Handling.PASS),
        (ITEM_TARGET, "PUT", ALPHA, Handling.WRITE),
        (ITEM_TARGET, "BREW", ALPHA, Handling.WRITE),
        (ITEM_TARGET, "PUT", None, Handling.WRITE),
        ("/v1/activity", "GET", ALPHA, Handling.PASS),
        ("/health", "GET", ALPHA, Handling.PASS),
        ("/metrics", "GET", None, Handling.PASS),
        ("/v1/categories", "GET", ALPHA, Handling.PASS),
        ("/v1/categories", "POST", ALPHA, Handling.WRITE),
        (f"{ITEM_TARGET}?x=1", "GET", ALPHA, Handling.PASS),
    ],
)
def test_what_is_done_with_a_request_follows_from_method_resource_and_credentials(
    driver, target, method, bearer, handling
):
    assert driver.subject(target, bearer, method).handling is handling


@pytest.mark.parametrize(
    ("target", "seconds"),
    [
        (ITEM_TARGET, 60.0),
        (FILES_TARGET, 60.0),
        (FILE_TARGET, 60.0),
        (CONTENT_TARGET, 60.0),
        (ITEMS_TARGET, 30.0),
        (FILTERED_TARGET, 30.0),
        (VAULT_TARGET, 30.0),
        (VAULTS_TARGET, 30.0),
        ("/v1/activity", None),
    ],
)
def test_freshness_follows_from_the_resource(driver, target, seconds):
    assert driver.subject(target).rules.assigned_freshness_seconds == seconds


def test_only_200_is_storable_and_staleness_has_its_hard_bound(driver):
    rules = driver.subject(ITEM_TARGET).rules

    assert rules.storable_statuses == {200}
    assert rules.stale_if_error_most_seconds == rules.stale_if_error_seconds == 14_400.0
    assert not rules.heuristics


def test_a_request_that_a_stored_response_has_answered_finds_its_subject_ready(driver):
    driver.read(ITEM_TARGET, V1, sent=1)
    made = driver.subject(ITEM_TARGET)
    stored = driver.store[made.key]
    driver.profile.concluded(made, request(ITEM_TARGET), stored, at(2))
    kept = driver.subject(ITEM_TARGET)
    assert kept == made
    assert kept is driver.subject(ITEM_TARGET)
    assert (kept.key, kept.tags, kept.scopes) == (stored.key, stored.tags, stored.scopes)
    assert kept.tags is stored.tags


def test_nothing_is_kept_of_requests_that_no_stored_response_has_answered(driver):
    made = driver.subject(ITEM_TARGET)
    driver.profile.concluded(made, request(ITEM_TARGET), None, at(2))
    assert driver.subject(ITEM_TARGET) is not made


def test_a_kept_subject_goes_when_its_token_gets_another_name(driver):
    driver.read(ITEM_TARGET, V1, sent=1)
    made = driver.subject(ITEM_TARGET)
    driver.profile.concluded(made, request(ITEM_TARGET), driver.store[made.key], at(2))
    driver.profile.adopt(ConnectRules(token_names={made.credential_id: "renamed"}))
    driver.read(ITEM_TARGET, V1, sent=3)
    assert driver.subject(ITEM_TARGET).partition_label == "renamed"


def test_an_unsafe_method_of_unknown_meaning_raises_everything(driver):
    for target, method in [
        (VAULT_TARGET, "DELETE"),
        (VAULTS_TARGET, "POST"),
        (ITEM_TARGET, "POST"),
        ("/x", "POST"),
    ]:
        assert driver.subject(target, ALPHA, method).scopes == (ROOT,)


@pytest.mark.parametrize(("now", "seconds"), [(0.0, 2.0), (29.9, 2.0), (30.0, 60.0), (1000.0, 60.0)])
def test_for_a_while_after_the_start_nothing_is_fresh_for_long(now, seconds):
    driver = Driver(started_at=at(0.0))
    subject = driver.subject(ITEM_TARGET, now=0.0)

    assert driver.profile.storing_rules(subject, at(now)).assigned_freshness_seconds == seconds


# Rule 2: leases


def test_a_token_gets_a_name_once_connect_has_accepted_it(driver):
    assert driver.subject(ITEM_TARGET).partition_label == "unknown"
    driver.read(ITEM_TARGET, V1, sent=0.0)

    assert driver.subject(ITEM_TARGET).partition_label.startswith("token-")
    assert driver.subject(VAULTS_TARGET, BETA).partition_label == "unknown"


def test_what_is_stored_is_served_while_the_lease_lasts_and_unverified_after(driver):
    assert driver.read(ITEM_TARGET, V1, sent=0.0, landed=5.0) is None

    assert driver.serves(ITEM_TARGET, now=59.9) is OK
    assert driver.serves(ITEM_TARGET, now=60.0) is Servability.UNVERIFIED


def test_unverified_tokens_can_be_refused_altogether():
    driver = Driver(rules=ConnectRules(unverified_tokens=UnverifiedTokens.REFUSE))
    driver.read(ITEM_TARGET, V1, sent=0.0)

    assert driver.serves(ITEM_TARGET, now=60.0) is Servability.REFUSED


@pytest.mark.parametrize(
    ("target", "response", "renews"),
    [
        (OTHER_ITEM_TARGET, OTHER_V1, True),
        (ITEMS_TARGET, BOTH_ITEMS, True),
        (FILTERED_TARGET, answer([]), True),
        (VAULT_TARGET, answer(vault_document()), True),
        (CONTENT_TARGET, answer(b"x"), True),
        (VAULTS_TARGET, VAULTS, True),
        (OTHER_ITEM_TARGET, answer(item_document(OTHER_ITEM, fields=[{"type": "OTP"}])), True),
        (f"{VAULTS_TARGET}?filter=x", VAULTS, False),
        (OTHER_ITEM_TARGET, answer(b"<html>welcome to the portal</html>"), False),
        (OTHER_ITEM_TARGET, MISSING, False),
        (OTHER_ITEM_TARGET, answer({}, 500), False),
        (OTHER_ITEM_TARGET, answer(item_document(OTHER_ITEM), 201), False),
        ("/v1/activity", answer([]), False),
        ("/heartbeat", answer(b"."), False),
        ("/health", answer({}), False),
        ("/metrics", answer(b""), False),
        ("/v1/categories", answer([]), False),
        (f"/v1/vaults/{OTHER_VAULT}", answer(vault_document(OTHER_VAULT)), False),
    ],
)
def test_only_a_complete_success_inside_the_vault_or_an_unfiltered_list_of_vaults_renews_a_lease(
    driver, target, response, renews
):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.read(target, response, sent=30.0)

    assert driver.serves(ITEM_TARGET, now=61.0) is (OK if renews else Servability.UNVERIFIED)


def test_a_head_request_renews_nothing(driver):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.read(ITEM_TARGET, answer(b""), sent=30.0, method="HEAD")

    assert driver.serves(ITEM_TARGET, now=61.0) is Servability.UNVERIFIED


def test_a_write_renews_nothing(driver):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.write("PUT", OTHER_ITEM_TARGET, OTHER_V1, ended=30.0)

    assert driver.serves(ITEM_TARGET, now=61.0) is Servability.UNVERIFIED


def test_an_answer_without_its_body_renews_nothing(driver):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    subject = driver.subject(CONTENT_TARGET)
    driver.carry_out(
        driver.profile.learn(subject, answer(b""), None, Sent(at=at(30.0), generation=0, latest=0), at(30.0))
    )

    assert driver.serves(ITEM_TARGET, now=61.0) is Servability.UNVERIFIED


def test_a_304_renews_the_lease(driver):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    subject = driver.subject(ITEM_TARGET)
    finding = at_once(driver.profile.examine(subject, V1))
    driver.carry_out(
        driver.profile.learn(
            subject, answer(b"", 304), finding, Sent(at=at(30.0), generation=0, latest=0), at(30.0)
        )
    )

    assert driver.serves(ITEM_TARGET, now=61.0) is OK


def test_one_tokens_lease_serves_no_other_token(driver):
    driver.read(ITEM_TARGET, V1, sent=0.0, bearer=BETA)
    driver.read(ITEM_TARGET, V1, sent=30.0, bearer=ALPHA)

    assert driver.serves(ITEM_TARGET, now=61.0, bearer=BETA) is Servability.UNVERIFIED


def test_vault_lists_have_a_lease_of_their_own(driver):
    driver.read(VAULTS_TARGET, VAULTS, sent=0.0)
    driver.read(ITEM_TARGET, V1, sent=30.0)

    assert driver.serves(VAULTS_TARGET, now=61.0) is Servability.UNVERIFIED


def test_a_vault_that_an_unfiltered_list_omits_is_lost(driver):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.read(ITEM_TARGET, V1, sent=0.0, bearer=BETA)
    driver.read(VAULTS_TARGET, answer([vault_document(OTHER_VAULT)]), sent=1.0)

    assert driver.serves(ITEM_TARGET, now=2.0) is None
    assert driver.serves(ITEM_TARGET, now=2.0, bearer=BETA) is OK


def test_a_filtered_list_of_vaults_ends_nothing(driver):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.read(f"{VAULTS_TARGET}?filter=x", answer([]), sent=1.0)

    assert driver.serves(ITEM_TARGET, now=2.0) is OK


def test_a_list_of_vaults_from_a_replica_that_lags_behind_ends_nothing(driver):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.read(VAULTS_TARGET, answer([vault_document(OTHER_VAULT, 5)]), sent=0.0)
    driver.read(ITEM_TARGET, V1, sent=1.0)

    refusal = driver.read(VAULTS_TARGET, answer([vault_document(OTHER_VAULT, 4)]), sent=2.0)

    assert refusal is NotStoredReason.VERSION_REGRESSED
    assert driver.serves(ITEM_TARGET, now=3.0) is OK


def test_a_401_suspends_the_token_at_once_and_a_success_restores_it(driver):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.read(OTHER_ITEM_TARGET, REFUSED, sent=1.0)
    assert driver.serves(ITEM_TARGET, now=1.0) is Servability.REFUSED

    driver.read(OTHER_ITEM_TARGET, OTHER_V1, sent=1.1)

    assert driver.serves(ITEM_TARGET, now=1.1) is OK


def test_a_second_401_drops_all_that_is_stored_for_the_token_and_for_no_other(driver):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.read(VAULTS_TARGET, VAULTS, sent=0.0)
    driver.read(ITEM_TARGET, V1, sent=0.0, bearer=BETA)
    before = driver.generation(ITEM_TARGET)
    driver.read(ITEM_TARGET, REFUSED, sent=1.0)
    driver.read(ITEM_TARGET, REFUSED, sent=1.1)

    assert driver.serves(ITEM_TARGET, now=2.0) is None
    assert driver.serves(VAULTS_TARGET, now=2.0) is None
    assert driver.generation(ITEM_TARGET) != before
    assert driver.serves(ITEM_TARGET, now=2.0, bearer=BETA) is OK


def test_a_401_while_connect_is_not_synced_is_an_outage(driver):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.profile.health_seen(SyncState.UNSYNCED, at(0.0))
    driver.read(ITEM_TARGET, REFUSED, sent=1.0)
    driver.read(ITEM_TARGET, REFUSED, sent=2.0)
    assert driver.serves(ITEM_TARGET, now=3.0) is OK

    driver.profile.health_seen(SyncState.SYNCED, at(3.0))
    driver.read(ITEM_TARGET, REFUSED, sent=4.0)

    assert driver.serves(ITEM_TARGET, now=4.0) is Servability.REFUSED


@pytest.mark.parametrize("target", ["/v1/activity", "/v1/categories", ITEM_TARGET])
def test_any_401_below_v1_counts(driver, target):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.read(target, REFUSED, sent=1.0)

    assert driver.serves(ITEM_TARGET, now=1.0) is Servability.REFUSED


@pytest.mark.parametrize("target", ["/health", "/metrics", "/x"])
def test_a_401_elsewhere_says_nothing_of_the_token(driver, target):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.read(target, REFUSED, sent=1.0)

    assert driver.serves(ITEM_TARGET, now=1.0) is OK


def test_a_403_drops_the_vault_for_that_token_only(driver):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.read(VAULTS_TARGET, VAULTS, sent=0.0)
    driver.read(f"/v1/vaults/{OTHER_VAULT}", answer(vault_document(OTHER_VAULT)), sent=0.0)
    driver.read(ITEM_TARGET, V1, sent=0.0, bearer=BETA)
    before = driver.generation(ITEM_TARGET)
    driver.read(OTHER_ITEM_TARGET, FORBIDDEN, sent=1.0)

    assert driver.serves(ITEM_TARGET, now=2.0) is None
    assert driver.serves(VAULTS_TARGET, now=2.0) is None
    assert driver.generation(ITEM_TARGET) != before
    assert driver.serves(f"/v1/vaults/{OTHER_VAULT}", now=2.0) is OK
    assert driver.serves(ITEM_TARGET, now=2.0, bearer=BETA) is OK


def test_a_success_from_before_a_403_is_not_stored(driver):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.read(ITEM_TARGET, FORBIDDEN, sent=2.0)

    assert driver.read(OTHER_ITEM_TARGET, OTHER_V1, sent=1.0, landed=3.0) is NotStoredReason.CREDENTIALS


def test_junk_tokens_and_made_up_vaults_raise_no_generations(driver):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    for number in range(100):
        driver.read(ITEM_TARGET, REFUSED, sent=1.0, bearer=f"junk{number}")
        driver.read(f"/v1/vaults/{number:026d}", FORBIDDEN, sent=1.0)
        driver.read(f"{ITEMS_TARGET}/{number:026d}", MISSING, sent=1.0)

    assert driver.generations._raised == {}
    assert driver.serves(ITEM_TARGET, now=2.0) is OK


def test_nothing_of_an_expired_token_is_served_or_stored(driver):
    bearer = token(expires=WALL_SECONDS + 10.0)
    driver.read(ITEM_TARGET, V1, sent=0.0, bearer=bearer)

    assert driver.serves(ITEM_TARGET, now=9.9, bearer=bearer) is OK
    assert driver.serves(ITEM_TARGET, now=10.0, bearer=bearer) is Servability.REFUSED
    assert driver.read(ITEM_TARGET, V1, sent=10.0, bearer=bearer) is NotStoredReason.CREDENTIALS


def test_a_vault_that_the_token_does_not_name_is_refused_whatever_connect_answers(driver):
    bearer = token(vaults=[OTHER_VAULT])

    assert driver.read(ITEM_TARGET, V1, sent=0.0, bearer=bearer) is NotStoredReason.CREDENTIALS


def test_what_is_stored_for_a_vault_that_the_token_does_not_name_is_not_served(driver):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    (stored,) = driver.store.values()
    bearer = token(vaults=[OTHER_VAULT])
    driver.read(f"/v1/vaults/{OTHER_VAULT}", answer(vault_document(OTHER_VAULT)), sent=0.0, bearer=bearer)
    driver.store[driver.subject(ITEM_TARGET, bearer).key] = stored

    assert driver.serves(ITEM_TARGET, now=1.0, bearer=bearer) is Servability.REFUSED


def test_claims_grant_nothing(driver):
    bearer = token(expires=WALL_SECONDS + 1e9, vaults=[VAULT])
    driver.read(ITEM_TARGET, V1, sent=0.0, bearer=bearer)

    assert driver.serves(ITEM_TARGET, now=60.0, bearer=bearer) is Servability.UNVERIFIED


def test_what_is_stored_for_a_forgotten_token_goes():
    driver = Driver(rules=ConnectRules(most_tokens=1))
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.read(ITEM_TARGET, V1, sent=1.0, bearer=BETA)

    assert driver.serves(ITEM_TARGET, now=2.0) is None
    assert driver.serves(ITEM_TARGET, now=2.0, bearer=BETA) is OK


# Rule 6: versions


def test_a_version_that_went_backwards_is_not_stored_for_any_token(driver):
    driver.read(ITEM_TARGET, V2, sent=0.0)

    assert driver.read(ITEM_TARGET, V1, sent=1.0, bearer=BETA) is NotStoredReason.VERSION_REGRESSED
    assert driver.read(ITEM_TARGET, V1, sent=1.0) is NotStoredReason.VERSION_REGRESSED
    assert driver.serves(ITEM_TARGET, now=2.0) is OK


def test_the_highest_version_is_forgotten_after_the_bound_of_staleness():
    driver = Driver(rules=ConnectRules(stale_if_error_seconds=100.0))
    driver.read(ITEM_TARGET, V2, sent=0.0)

    assert driver.read(ITEM_TARGET, V1, sent=101.0) is None


@pytest.mark.parametrize("bearer", [ALPHA, BETA])
def test_a_list_newer_than_a_stored_item_demotes_it_and_its_files_of_all_tokens(driver, bearer):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.read(CONTENT_TARGET, answer(b"x"), sent=0.0)
    driver.read(OTHER_ITEM_TARGET, OTHER_V1, sent=0.0)
    driver.read(
        ITEMS_TARGET,
        answer([item_document(version=2), item_document(OTHER_ITEM, 1)]),
        sent=1.0,
        bearer=bearer,
    )

    assert driver.serves(ITEM_TARGET, now=2.0) is Servability.MUST_VALIDATE
    assert driver.serves(CONTENT_TARGET, now=2.0) is Servability.MUST_VALIDATE
    assert driver.serves(OTHER_ITEM_TARGET, now=2.0) is OK
    assert driver.serves(ITEMS_TARGET, now=2.0, bearer=bearer) is OK


def test_an_item_newer_than_anothers_stored_one_demotes_it_but_not_itself(driver):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.read(ITEM_TARGET, V2, sent=1.0, bearer=BETA)

    assert driver.serves(ITEM_TARGET, now=2.0) is Servability.MUST_VALIDATE
    assert driver.serves(ITEM_TARGET, now=2.0, bearer=BETA) is OK


def test_a_stored_item_is_demoted_even_if_its_version_was_forgotten_meanwhile():
    driver = Driver(rules=ConnectRules(most_versions=1))
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.read(OTHER_ITEM_TARGET, OTHER_V1, sent=0.0)
    driver.read(ITEMS_TARGET, answer([item_document(version=2)]), sent=1.0)

    assert driver.serves(ITEM_TARGET, now=2.0) is Servability.MUST_VALIDATE


def test_evidence_of_one_token_freshens_nothing_of_another(driver):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.read(ITEM_TARGET, V1, sent=59.0, bearer=BETA)
    driver.read(ITEMS_TARGET, BOTH_ITEMS, sent=59.0, bearer=BETA)

    assert driver.serves(ITEM_TARGET, now=60.0) is Servability.UNVERIFIED


def test_a_list_with_any_version_below_the_highest_known_proves_nothing(driver):
    driver.read(ITEM_TARGET, V2, sent=0.0)
    driver.read(OTHER_ITEM_TARGET, OTHER_V1, sent=0.0)
    third = "c" * 26
    driver.read(f"{ITEMS_TARGET}/{third}", answer(item_document(third, 1)), sent=0.0)
    lagging = answer([item_document(version=1), item_document(third, 2)])  # OTHER_ITEM is omitted

    assert driver.read(ITEMS_TARGET, lagging, sent=1.0) is NotStoredReason.VERSION_REGRESSED
    assert driver.serves(OTHER_ITEM_TARGET, now=2.0) is OK
    assert driver.serves(f"{ITEMS_TARGET}/{third}", now=2.0) is OK


def test_a_list_omitting_an_item_makes_it_unservable_until_fetched(driver):
    for bearer in (ALPHA, BETA):
        driver.read(ITEM_TARGET, V1, sent=0.0, bearer=bearer)
    driver.read(FILES_TARGET, answer([]), sent=0.0)
    driver.read(ITEMS_TARGET, answer([]), sent=1.0)
    assert driver.serves(ITEM_TARGET, now=2.0) is Servability.FENCED
    assert driver.serves(FILES_TARGET, now=2.0) is Servability.FENCED
    assert driver.serves(ITEM_TARGET, now=2.0, bearer=BETA) is Servability.MUST_VALIDATE

    driver.read(ITEM_TARGET, V1, sent=3.0)

    assert driver.serves(ITEM_TARGET, now=3.0) is OK


def test_a_second_list_removes_the_omitted_item_for_that_token(driver):
    for bearer in (ALPHA, BETA):
        driver.read(ITEM_TARGET, V1, sent=0.0, bearer=bearer)
    driver.read(ITEMS_TARGET, answer([]), sent=1.0)
    driver.read(ITEMS_TARGET, answer([]), sent=2.0)

    assert driver.serves(ITEM_TARGET, now=3.0) is None
    assert driver.serves(ITEM_TARGET, now=3.0, bearer=BETA) is Servability.MUST_VALIDATE


def test_the_empty_list_of_a_token_that_has_seen_nothing_takes_nothing_from_others(driver):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    for sent in (1.0, 2.0, 3.0):
        driver.read(ITEMS_TARGET, answer([]), sent=sent, bearer=BETA)

    assert driver.serves(ITEM_TARGET, now=4.0) is OK


def test_a_filtered_list_omits_nothing(driver):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.read(FILTERED_TARGET, answer([item_document(OTHER_ITEM, 1)]), sent=1.0)

    assert driver.serves(ITEM_TARGET, now=2.0) is OK


def test_while_connect_is_not_synced_a_list_proves_no_absence(driver):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.profile.health_seen(SyncState.UNSYNCED, at(0.0))
    driver.read(ITEMS_TARGET, answer([]), sent=1.0)
    driver.read(VAULTS_TARGET, answer([]), sent=1.0)

    assert driver.serves(ITEM_TARGET, now=2.0) is OK


@pytest.mark.parametrize("status", [404, 410])
def test_an_items_own_404_removes_it_for_the_token_and_demotes_it_for_others(driver, status):
    for bearer in (ALPHA, BETA):
        driver.read(ITEM_TARGET, V1, sent=0.0, bearer=bearer)
    driver.read(CONTENT_TARGET, answer(b"x"), sent=0.0)
    driver.read(ITEM_TARGET, answer({}, status), sent=1.0)

    assert driver.serves(ITEM_TARGET, now=2.0) is None
    assert driver.serves(CONTENT_TARGET, now=2.0) is None
    assert driver.serves(ITEM_TARGET, now=2.0, bearer=BETA) is Servability.MUST_VALIDATE


def test_a_404_to_head_says_nothing(driver):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.read(ITEM_TARGET, MISSING, sent=1.0, method="HEAD")

    assert driver.serves(ITEM_TARGET, now=2.0) is OK


@pytest.mark.parametrize("target", [VAULT_TARGET, ITEMS_TARGET])
def test_a_404_of_the_vault_is_as_a_403(driver, target):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.read(target, MISSING, sent=1.0)

    assert driver.serves(ITEM_TARGET, now=2.0) is None


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_failures_of_connect_change_nothing(driver, status):
    driver.read(ITEM_TARGET, V1, sent=0.0)
    driver.read(ITEM_TARGET, answer({}, status), sent=1.0)

    assert driver.serves(ITEM_TARGET, now=2.0) is OK


# Rule 7: never stored


@pytest.mark.parametrize(
    ("target", "document", "reason"),
    [
        (FILTERED_TARGET, [], NotStoredReason.EMPTY_LIST),
        (f"{VAULTS_TARGET}/?filter=x", [], NotStoredReason.EMPTY_LIST),
        (
            ITEM_TARGET,
            item_document(fields=[{"type": "OTP", "totp": "1"}]),
            NotStoredReason.ONE_TIME_PASSWORD,
        ),
        (ITEM_TARGET, b"{", NotStoredReason.CREDENTIALS),  # what can't be read proves no access either
        (ITEMS_TARGET, [], None),
        (FILTERED_TARGET, [item_document()], None),
        (VAULTS_TARGET, [], None),
        (FILES_TARGET, [], None),
        (CONTENT_TARGET, b"", None),
    ],
)
def test_what_is_never_stored(driver, target, document, reason):
    assert driver.read(target, answer(document), sent=0.0) is reason


def test_an_unreadable_answer_is_not_stored_under_a_lease_either(driver):
    driver.read(OTHER_ITEM_TARGET, OTHER_V1, sent=0.0)

    assert driver.read(ITEM_TARGET, answer(b"{"), sent=1.0) is NotStoredReason.UNREADABLE


def test_the_finding_carries_its_refusal_and_the_version(driver):
    subject = driver.subject(ITEM_TARGET)

    assert at_once(driver.profile.examine(subject, V2)).version == 2
    assert at_once(driver.profile.examine(subject, answer(b"{"))).refusal is NotStoredReason.UNREADABLE
    assert at_once(driver.profile.examine(subject, MISSING)).reading is None
    assert at_once(driver.profile.examine(driver.subject("/v1/activity"), answer([]))).reading is None


def test_requests_without_a_token_teach_nothing(driver):
    subject = driver.profile.subject(request(ITEM_TARGET, None), at(0.0))

    assert subject.tags == ()
    assert at_once(driver.profile.examine(subject, V1)).reading is None


# Purges


def test_purging_a_vault_an_item_or_a_token_takes_what_it_names(driver):
    for bearer in (ALPHA, BETA):
        driver.read(ITEM_TARGET, V1, sent=0.0, bearer=bearer)
        driver.read(OTHER_ITEM_TARGET, OTHER_V1, sent=0.0, bearer=bearer)
    driver.carry_out(purging.item(VAULT, ITEM))
    assert driver.serves(ITEM_TARGET, now=1.0) is None
    assert driver.serves(OTHER_ITEM_TARGET, now=1.0) is OK

    label = driver.subject(ITEM_TARGET).partition_label
    driver.carry_out(purging.partitions(driver.profile.partitions_labelled(label)))
    assert driver.serves(OTHER_ITEM_TARGET, now=1.0) is None
    assert driver.serves(OTHER_ITEM_TARGET, now=1.0, bearer=BETA) is OK

    driver.carry_out(purging.vault(VAULT))
    assert driver.store == {}
