"""Hits that are told in sums count for their vault as if they had been told one by one."""

from types import SimpleNamespace

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.clock import Instant
from proxy.connect.change_checks import ChangeChecks
from proxy.connect.profile import ConnectProfile, ConnectRules
from proxy.semantics.message import Request


def at(seconds: float) -> Instant:
    return Instant(wall_seconds=seconds, boot_seconds=seconds)


def subject(profile: ConnectProfile, target: str, token: str = "a"):
    fields = CIMultiDictProxy(CIMultiDict({"Authorization": f"Bearer {token}"}))
    return profile.subject(Request(method="GET", target=target, fields=fields), at(0))


def reused(target: str, *, is_confirmed: bool = True):
    return SimpleNamespace(key=SimpleNamespace(target=target), is_confirmed=is_confirmed)


def item(number: int, vault: str = "v") -> str:
    return f"/v1/vaults/{vault * 26}/items/{number:026}"


def test_they_count_together_by_token_and_vault():
    profile = ConnectProfile(rules=ConnectRules(), key=b"k" * 32)
    kind = profile.counts_with(subject(profile, item(1)))
    assert profile.counts_with(subject(profile, item(2))) == kind
    assert profile.counts_with(subject(profile, item(1, "w"))) != kind
    assert profile.counts_with(subject(profile, item(1), "b")) != kind


def test_only_hits_inside_a_vault_pay_for_background_requests():
    profile = ConnectProfile(rules=ConnectRules(), key=b"k" * 32)
    profile.repeated(subject(profile, "/v1/vaults"), (), 5, at(1))
    assert not profile._checks._earnings.try_spend(at(2))
    profile.repeated(subject(profile, item(1)), (), 5, at(1))
    assert [profile._checks._earnings.try_spend(at(2)) for _ in range(6)] == [True] * 5 + [False]


def test_a_sum_earns_a_check_as_its_parts_would_and_keeps_the_watch_in_use():
    checks = ChangeChecks(interval_seconds=60, active_seconds=100)
    checks.asked(b"t", "v", "Bearer t", at(0), is_verified=True)
    checks.answered(b"t", "v", 5, frozenset(), at(70))
    assert not checks.due(at(71), 1), "six reads are to be saved at first"
    checks.answered(b"t", "v", 1, frozenset(), at(72))
    (check,) = checks.due(at(150), 1)
    assert (check.vault, check.authorization) == ("v", "Bearer t")


def test_what_is_fresh_by_a_list_is_what_was_saved_and_two_are_enough():
    profile = ConnectProfile(rules=ConnectRules(), key=b"k" * 32)
    one = subject(profile, item(1))
    checks = profile._checks
    checks.asked(one.digest, one.names.vault, "Bearer a", at(0), is_verified=True)
    (watch,) = checks._watches.values()
    profile.repeated(one, (reused("a"), reused("b", is_confirmed=False)), 2, at(1))
    assert watch.saved == {"a"}
    for number in range(10):
        profile.repeated(one, (reused(f"c{number}"),), 1, at(1))
    assert watch.saved == {"a", "c0"}
    assert watch.answered == 12
