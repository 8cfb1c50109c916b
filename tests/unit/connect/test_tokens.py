import base64
import json

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.connect.tokens import Tokens
from tests.unit.connect.samples import ALPHA, BETA, KEY, OTHER_VAULT, VAULT, fields, token


def tokens(**names: str) -> Tokens:
    return Tokens(key=KEY, names=names)


def partition_of(value: str, known: Tokens | None = None):
    return (known or tokens()).partition(fields(Authorization=value))


def forged(payload: bytes) -> str:
    return "h." + base64.urlsafe_b64encode(payload).rstrip(b"=").decode() + ".s"


def test_one_token_is_one_partition_however_the_scheme_is_spelt():
    known = tokens()

    spelt = {partition_of(f"{scheme} {ALPHA}", known) for scheme in ("Bearer", "bearer", "BEARER", "BeArEr ")}

    assert len(spelt) == 1
    assert spelt != {partition_of(f"Bearer {BETA}", known)}


def test_another_process_gives_another_digest():
    ours, theirs = tokens(), Tokens(key=b"z" * 32, names={})

    assert partition_of(f"Bearer {ALPHA}", ours).digest != partition_of(f"Bearer {ALPHA}", theirs).digest


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer ",
        ALPHA,
        f"Basic {ALPHA}",
        f"Bearer {ALPHA}, Bearer {BETA}",
        f"Bearer {ALPHA} {BETA}",
        f"Bearer  {ALPHA}\x00",
        "Bearer t\u00f6ken",
        "Bearer \udcff\udc00",
        "Bearer \ud800",
        "Bearer a=b",
        f"Bearer\t{ALPHA}",
    ],
)
def test_anything_but_exactly_one_bearer_token_has_no_partition(value):
    assert partition_of(value) is None


def test_a_repeated_authorization_field_has_no_partition():
    repeated = CIMultiDict([("Authorization", f"Bearer {ALPHA}"), ("authorization", f"Bearer {ALPHA}")])

    assert tokens().partition(CIMultiDictProxy(repeated)) is None
    assert tokens().partition(fields()) is None


def test_expiry_and_vaults_are_read_from_the_claims_without_regard_to_case():
    partition = partition_of(f"Bearer {token(expires=123.5, vaults=[VAULT])}")

    assert partition.is_expired(123.5)
    assert not partition.is_expired(123.4)
    assert partition.may_name(VAULT)
    assert partition.may_name("")
    assert not partition.may_name(OTHER_VAULT)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"exp":NaN}',
        b'{"exp":1e999}',
        b'{"exp":' + b"9" * 5000 + b"}",
        b'{"exp":"1"}',
        b'{"exp":true}',
        b'{"exp":null,"jti":5,"1password.com/vts":{}}',
        b'{"1password.com/vts":[1]}',
        b'{"1password.com/vts":[{"u":null}]}',
        b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"exp":' + b"[" * 100_000,
    ],
)
def test_claims_that_make_no_sense_are_ignored(payload):
    partition = partition_of(f"Bearer {forged(payload)}")

    assert partition.expires_wall_seconds is None
    assert partition.vaults is None


def test_one_unreadable_claim_does_not_hide_another():
    payload = json.dumps({"exp": 5, "1password.com/vts": 7, "jti": []}).encode()

    assert partition_of(f"Bearer {forged(payload)}").expires_wall_seconds == 5.0


def test_a_token_has_no_name_before_connect_has_accepted_it():
    known = tokens(**{"a" * 26: "billing-prod"})
    named, nameless = partition_of(f"Bearer {token('a' * 26)}", known), partition_of(f"Bearer {ALPHA}", known)
    assert known.label(named) == known.label(nameless) == known.label(None) == "unknown"

    assert known.accept(named)
    assert known.accept(nameless)
    assert not known.accept(named)

    assert known.label(named) == "billing-prod"
    assert known.label(nameless) == f"token-{nameless.digest.hex()[:8]}"


def test_labels_are_bounded():
    known = Tokens(key=KEY, names={}, most_labels=3)
    labels = set()
    for number in range(10):
        partition = partition_of(f"Bearer t{number}", known)
        known.accept(partition)
        labels.add(known.label(partition))

    assert len(labels) == 4
    assert "other" in labels
    assert len(known.labelled("other")) == 7


def test_no_token_can_be_read_from_what_is_kept():
    known = tokens()
    partition = partition_of(f"Bearer {ALPHA}", known)

    kept = repr(partition) + repr(list(known._partitions.items())) + repr(known._labels)

    assert ALPHA not in kept
    assert "alphaalpha" not in kept
    assert "key material" not in kept


def test_parsing_happens_once_per_token(monkeypatch):
    known = tokens()
    partition_of(f"Bearer {ALPHA}", known)
    monkeypatch.setattr(known, "_parse", None)

    assert partition_of(f"Bearer {ALPHA}", known) is not None


def test_the_memory_of_tokens_is_bounded():
    known = Tokens(key=KEY, names={}, capacity=4)
    for number in range(100):
        partition_of(f"Bearer t{number}", known)

    assert len(known._partitions) <= 8


def test_accepted_tokens_are_found_by_name_with_their_claims():
    known = tokens(**{"a" * 26: "ci", "b" * 26: "ci"})
    bearers = [token("a" * 26, expires=1.9e9), token("b" * 26), token("c" * 26)]
    first, second, stranger = (partition_of(f"Bearer {bearer}", known) for bearer in bearers)
    assert known.accepted("ci") == ()
    known.accept(first)
    known.accept(second)
    assert known.accepted("ci") == (first, second)
    assert known.accepted(known.label(stranger)) == ()
    assert known.accepted("ci")[0].expires_wall_seconds == 1.9e9
    known.rename({"a" * 26: "web"})
    assert known.accepted("ci") == ()
    known.accept(first)
    assert known.accepted("web") == (first,)


def test_those_beyond_the_bound_share_a_name_and_are_not_found_by_it():
    known = Tokens(key=KEY, names={}, most_labels=1)
    first, second = (partition_of(f"Bearer {bearer}", known) for bearer in (ALPHA, BETA))
    known.accept(first)
    known.accept(second)
    assert known.accepted(known.label(first)) == (first,)
    assert known.accepted("other") == ()
