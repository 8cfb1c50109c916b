"""One-time passwords: RFC 6238's own vectors, and a body that changes every 30 seconds."""

import base64

import pytest

from proxy.emulator.one_time_password import current_code

SECRETS = {
    "SHA1": b"12345678901234567890",
    "SHA256": b"12345678901234567890123456789012",
    "SHA512": b"1234567890123456789012345678901234567890123456789012345678901234",
}


@pytest.mark.parametrize(
    ("unix_seconds", "sha1", "sha256", "sha512"),
    [
        (59, "94287082", "46119246", "90693936"),
        (1111111109, "07081804", "68084774", "25091201"),
        (1111111111, "14050471", "67062674", "99943326"),
        (1234567890, "89005924", "91819424", "93441116"),
        (2000000000, "69279037", "90698825", "38618901"),
        (20000000000, "65353130", "77737706", "47863826"),
    ],
)
def test_vectors_of_rfc_6238_appendix_b(unix_seconds, sha1, sha256, sha512):
    for algorithm, expected in (("SHA1", sha1), ("SHA256", sha256), ("SHA512", sha512)):
        secret = base64.b32encode(SECRETS[algorithm]).decode()
        uri = f"otpauth://totp/x?secret={secret}&algorithm={algorithm}&digits=8"
        assert current_code(uri, unix_seconds=unix_seconds) == expected
        assert current_code(uri.replace("digits=8", "digits=6"), unix_seconds=unix_seconds) == expected[2:]


def test_bare_secret_and_longer_period_are_understood():
    secret = base64.b32encode(SECRETS["SHA1"]).decode()
    assert current_code(secret.lower(), unix_seconds=59) == "287082"
    assert current_code(f"otpauth://totp/x?secret={secret}&period=60", unix_seconds=119) == "287082"


@pytest.mark.parametrize(
    "value", ["", "otpauth://totp/x?secret=%21", "otpauth://totp/x?secret=ME&digits=99", "1é"]
)
def test_value_that_is_no_secret_gives_no_code(value):
    assert current_code(value, unix_seconds=59) is None


async def test_body_with_a_one_time_password_changes_every_30_seconds(bench):
    path = f"{bench.items_path}/{bench.sample.one_time_password.id}"
    bench.clock.advance(30 - 1_700_000_000 % 30)
    first = (await bench.get(path)).json
    bench.clock.advance(29)
    assert (await bench.get(path)).json == first
    bench.clock.advance(1)
    second = (await bench.get(path)).json
    assert second["version"] == first["version"]
    assert second["fields"][2].pop("totp") != first["fields"][2].pop("totp")
    assert second == first
