"""What the profile tells of itself: tokens by state and name, refusals that were meant, fences, promised ages."""

import pytest

from proxy.connect.leases import TokenState
from proxy.connect.profile import ConnectRules
from tests.unit.connect.samples import (
    ALPHA,
    BETA,
    ITEM_TARGET,
    OTHER_ITEM_TARGET,
    WALL_SECONDS,
    Driver,
    answer,
    at,
    item_document,
    token,
)

OK = answer(item_document())
REFUSED = answer({"status": 401, "message": "Invalid bearer token"}, 401)
NAMES = {"alphaalphaalphaalphaalphaa": "alpha", "betabetabetabetabetabetaaa": "beta"}


def states(driver, now):
    counts = driver.profile.figures.token_states(at(now))
    return tuple(counts[state] for state in (TokenState.VERIFIED, TokenState.UNVERIFIED, TokenState.REFUSED))


def named(driver, now):
    return {token.name: token for token in driver.profile.figures.named_tokens(at(now))}


@pytest.fixture
def driver():
    return Driver(ConnectRules(token_names=NAMES))


def refuse(driver, *sent, bearer=ALPHA):
    for when in sent:
        driver.read(OTHER_ITEM_TARGET, REFUSED, sent=when, bearer=bearer)


def test_a_token_is_told_of_only_once_connect_has_accepted_it(driver):
    refuse(driver, 0.0, 0.2)
    assert states(driver, 1.0) == (0, 0, 0)
    assert named(driver, 1.0) == {}
    assert driver.profile.figures.refusals() == {}


def test_a_token_is_verified_for_as_long_as_one_answer_proves(driver):
    driver.read(ITEM_TARGET, OK, sent=10.0)
    assert states(driver, 69.9) == (1, 0, 0)
    assert states(driver, 70.0) == (0, 1, 0)
    assert named(driver, 70.0)["alpha"].verified_age_seconds == 60.0


def test_a_refused_token_is_refused_until_connect_accepts_it_again(driver):
    driver.read(ITEM_TARGET, OK, sent=0.0)
    refuse(driver, 1.0)
    assert states(driver, 1.0) == (0, 0, 1)
    driver.read(ITEM_TARGET, OK, sent=2.0)
    assert states(driver, 2.0) == (1, 0, 0)


def test_a_refusal_counts_once_it_is_confirmed_and_once_until_the_next(driver):
    figures = driver.profile.figures
    driver.read(ITEM_TARGET, OK, sent=0.0)
    assert figures.refusals() == {"alpha": 0}
    refuse(driver, 1.0)
    assert figures.refusals() == {"alpha": 0}, "it may be a mistake"
    refuse(driver, 1.2, 5.0, 9.0)
    assert figures.refusals() == {"alpha": 1}
    driver.read(ITEM_TARGET, OK, sent=20.0)
    refuse(driver, 30.0, 30.2)
    assert figures.refusals() == {"alpha": 2}


def test_a_refusal_taken_back_does_not_count(driver):
    driver.read(ITEM_TARGET, OK, sent=0.0)
    for when in (1.0, 2.0, 3.0):
        refuse(driver, when)
        driver.read(ITEM_TARGET, OK, sent=when + 0.1)
    assert driver.profile.figures.refusals() == {"alpha": 0}


def test_expiry_is_what_the_token_says_and_of_no_interest_once_it_is_refused(driver):
    expiring = token("c" * 26, expires=WALL_SECONDS + 5000)
    driver.read(ITEM_TARGET, OK, sent=0.0)
    driver.read(ITEM_TARGET, OK, sent=0.0, bearer=expiring)
    told = {one.expires_wall_seconds for one in named(driver, 1.0).values()}
    assert told == {None, WALL_SECONDS + 5000}
    refuse(driver, 1.0, bearer=expiring)
    assert {one.expires_wall_seconds for one in named(driver, 2.0).values()} == {None}


def test_of_tokens_with_one_name_the_latest_proof_and_the_soonest_expiry_count():
    driver = Driver(ConnectRules(most_token_labels=1))
    for number, expires in enumerate((None, 300.0, 200.0, 100.0)):
        bearer = token(f"{number}" * 26, expires=expires and WALL_SECONDS + expires)
        driver.read(ITEM_TARGET, OK, sent=float(number), bearer=bearer)
    refuse(driver, 4.0, bearer=bearer)
    other = named(driver, 10.0)["other"]
    assert (other.verified_age_seconds, other.expires_wall_seconds) == (7.0, WALL_SECONDS + 200.0)
    assert len(named(driver, 10.0)) == 2
    assert set(driver.profile.figures.refusals()) == set(named(driver, 10.0))


def test_a_token_without_a_name_for_the_moment_counts_but_is_not_told_of(driver):
    driver.read(ITEM_TARGET, OK, sent=0.0, bearer=BETA)
    driver.profile.adopt(ConnectRules(token_names={}))
    assert states(driver, 1.0) == (1, 0, 0)
    assert named(driver, 1.0) == {}
    driver.read(ITEM_TARGET, OK, sent=2.0, bearer=BETA)
    assert [name[:6] for name in named(driver, 2.0)] == ["token-"]


def test_the_oldest_open_fence_is_told(driver):
    figures = driver.profile.figures
    assert (figures.open_fences(at(5.0)), figures.oldest_fence_seconds(at(5.0))) == (0, 0.0)
    driver.write("PUT", ITEM_TARGET, answer(item_document(version=2)), ended=10.0)
    driver.write("PUT", OTHER_ITEM_TARGET, None, ended=14.0)
    assert (figures.open_fences(at(15.0)), figures.oldest_fence_seconds(at(15.0))) == (2, 5.0)
    driver.read(ITEM_TARGET, answer(item_document(version=3)), sent=16.0)
    assert (figures.open_fences(at(16.0)), figures.oldest_fence_seconds(at(16.0))) == (1, 2.0)


def test_a_fence_around_everything_is_as_old_as_its_write(driver):
    driver.write("POST", "/v2/vaults/of/another/kind", None, ended=10.0)
    driver.write("PUT", ITEM_TARGET, None, ended=12.0)
    assert driver.profile.figures.oldest_fence_seconds(at(20.0)) == 10.0
    assert driver.profile.figures.oldest_fence_seconds(at(41.0)) == 29.0
    assert driver.profile.figures.oldest_fence_seconds(at(43.0)) == 0.0


@pytest.mark.parametrize(
    ("rules", "hit", "stale"),
    [
        (ConnectRules(), 60.0, 14_460.0),
        (ConnectRules(list_freshness_seconds=90.0), 90.0, 14_490.0),
        (ConnectRules(item_freshness_seconds=5.0, list_freshness_seconds=1.0), 5.0, 14_405.0),
        (ConnectRules(stale_if_error_seconds=0.0), 60.0, 60.0),
    ],
)
def test_the_promised_ages_follow_the_rules_as_they_are_now(driver, rules, hit, stale):
    driver.profile.adopt(rules)
    bounds = driver.profile.figures.age_bounds()
    assert (bounds.hit_seconds, bounds.stale_seconds) == (hit, stale)
    assert bounds.outage_seconds == rules.stale_if_error_seconds
