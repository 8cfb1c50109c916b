"""Recomputed one-time passwords: which codes are understood, which items are stored, and what a reuse shows."""

import base64
import json
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.caching import freshness
from proxy.caching.http_profile import PRIVATE_RULES
from proxy.caching.pieces import at_once
from proxy.caching.profile import Finding
from proxy.caching.reasons import NotStoredReason
from proxy.caching.reuse import present
from proxy.clock import Instant
from proxy.connect.otpauth import parse
from proxy.connect.recomputation import Recomputation, recomputation_of
from proxy.connect.rules import ConnectRules, OneTimePasswords
from proxy.semantics.dates import format_date
from proxy.semantics.message import Request, Response
from tests.unit.caching.messages import stored as stored_response
from tests.unit.connect.samples import (
    ITEM_TARGET,
    ITEMS_TARGET,
    WALL_SECONDS,
    Driver,
    answer,
    at,
    fields,
    item_document,
)

SECRET = "JBSWY3DPEHPK3PXP"  # 80 bits, as most sites hand out
URI = f"otpauth://totp/Admin:wendy?secret={SECRET}&issuer=Admin"
OTHER_URI = f"otpauth://totp/x?secret={SECRET}&digits=8&algorithm=SHA512&period=45"

RFC_TIMES = (59, 1111111109, 1111111111, 1234567890, 2000000000, 20000000000)
RFC_6238_APPENDIX_B = {
    "SHA1": ("94287082", "07081804", "14050471", "89005924", "69279037", "65353130"),
    "SHA256": ("46119246", "68084774", "67062674", "91819424", "90698825", "77737706"),
    "SHA512": ("90693936", "25091201", "99943326", "93441116", "38618901", "47863826"),
}
RFC_KEY_BYTES = {"SHA1": 20, "SHA256": 32, "SHA512": 64}


def code(uri: str, wall_seconds: float) -> str:
    password = parse(uri)
    assert password is not None
    return password.code(password.step(wall_seconds))


def otp_field(uri: str = URI, wall_seconds: float = WALL_SECONDS, **more: object) -> dict[str, object]:
    return {"id": "TOTP_1", "type": "OTP", "value": uri, "totp": code(uri, wall_seconds)} | more


def otp_item(*otp_fields: dict[str, object]) -> dict[str, object]:
    return item_document(fields=[{"id": "username", "type": "STRING", "value": "wendy"}, *otp_fields])


def date(seconds: float = 0.0) -> str:
    return format_date(WALL_SECONDS + seconds)


# The codes


@pytest.mark.parametrize(
    ("algorithm", "seconds", "expected"),
    [
        (algorithm, seconds, expected)
        for algorithm, codes in RFC_6238_APPENDIX_B.items()
        for seconds, expected in zip(RFC_TIMES, codes, strict=True)
    ],
)
def test_the_codes_are_those_of_rfc_6238(algorithm, seconds, expected):
    key = (b"1234567890" * 7)[: RFC_KEY_BYTES[algorithm]]
    secret = base64.b32encode(key).decode().rstrip("=")
    uri = f"otpauth://totp/x?secret={secret}&algorithm={algorithm}"

    assert code(f"{uri}&digits=8", seconds) == expected
    assert code(f"{uri}&digits=7", seconds) == expected[1:]
    assert code(f"{uri}&digits=6", seconds) == code(uri, seconds) == expected[2:]
    assert code(f"{uri}&digits=8&period=60", seconds * 2) == expected


def test_a_secret_is_read_as_people_write_it():
    written = ("JBSWY3DPEHPK3PXP", "jbsw y3dp ehpk 3pxp", "jbsw-y3dp-ehpk-3pxp", "JBSWY3DPEHPK3PXP%3D%3D")

    assert len({code(f"otpauth://totp/x?secret={secret}", 59) for secret in written}) == 1


@pytest.mark.parametrize(
    "uri",
    [
        "",
        SECRET,
        "otpauth://totp=testop?secret=test",
        f"steam://{SECRET}",
        f"https://totp/x?secret={SECRET}",
        f"otpauth://hotp/x?secret={SECRET}&counter=1",
        f"otpauth://steam/x?secret={SECRET}",
        f"otpauth:totp/x?secret={SECRET}",
        f"{URI}&encoder=steam",
        f"{URI}&counter=1",
        f"{URI}&offset=15",
        f"{URI}&Digits=8",
        f"{URI}&digits=8&digits=6",
        f"{URI}&digits=5",
        f"{URI}&digits=9",
        f"{URI}&digits=",
        f"{URI}&digits=+6",
        f"{URI}&digits=%D9%A6",
        f"{URI}&algorithm=MD5",
        f"{URI}&algorithm=",
        f"{URI}&period=0",
        f"{URI}&period=3601",
        f"{URI}&period=-30",
        f"{URI}&period=30.0",
        f"{URI}&period=%D9%A3%D9%A0",
        f"{URI}&",
        f"{URI}&x",
        f"{URI}#digits=8",
        f"{URI}\n",
        f"otpauth://totp/\x7f?secret={SECRET}",
        "otpauth://totp/x",
        "otpauth://totp/x?secret=",
        "otpauth://totp/x?secret=A",
        "otpauth://totp/x?secret=10189",
        "otpauth://totp/x?secret=%FF",
        "otpauth://totp/x?secret=%C3%A9",
        "otpauth://[totp/x?secret=" + SECRET,
        "otpauth://totp/x?" + "&".join(f"a{number}=" for number in range(20)),
        f"otpauth://totp/{'x' * 3000}?secret={SECRET}",
    ],
)
def test_what_is_not_understood_for_certain_makes_no_codes(uri):
    assert parse(uri) is None


@given(st.text())
def test_no_text_whatever_is_a_fault(text):
    assert parse(text) is None
    parse(f"otpauth://totp/{text}")
    parse(f"otpauth://totp/x?secret={text}&digits={text}")


def test_pyotp_is_not_loaded_where_nothing_is_recomputed():
    program = (
        "import sys, proxy.assembly; from proxy.connect.profile import ConnectProfile, ConnectRules;"
        "ConnectProfile(rules=ConnectRules(), key=b'k'); sys.exit('pyotp' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


# Which items are stored


def recompute() -> Driver:
    return Driver(rules=ConnectRules(one_time_passwords=OneTimePasswords.RECOMPUTE))


def refusal(response: Response, *, target: str = ITEM_TARGET) -> NotStoredReason | None:
    return recompute().read(target, response, sent=0.0)


def test_an_item_whose_codes_can_be_recomputed_is_stored_where_that_is_wanted():
    response = answer(otp_item(otp_field(), otp_field(OTHER_URI)), Date=date())

    assert refusal(response) is None
    assert Driver().read(ITEM_TARGET, response, sent=0.0) is NotStoredReason.ONE_TIME_PASSWORD


def test_a_finding_varies_only_where_codes_are_recomputed():
    response = answer(otp_item(otp_field()), Date=date())
    driver = recompute()

    assert isinstance(
        at_once(driver.profile.examine(driver.subject(ITEM_TARGET), response)).variation, Recomputation
    )
    plain = at_once(driver.profile.examine(driver.subject(ITEM_TARGET), answer(item_document())))
    assert plain.variation is None
    assert Finding().variation is None


def test_a_list_that_shows_a_code_is_not_stored():
    response = answer([otp_item(otp_field())], Date=date())

    assert refusal(response, target=ITEMS_TARGET) is NotStoredReason.ONE_TIME_PASSWORD


@pytest.mark.parametrize(
    "strange",
    [
        {"totp": "000000"},
        {"totp": None},
        {"totp": 134253},
        {"totp": ""},
        {"totp": [code(URI, WALL_SECONDS)]},
        {"totp": "\u0661\u0662\u0663\u0664\u0665\u0666"},
        {"value": None},
        {"value": SECRET},
        {"value": f"{URI}&encoder=steam"},
        {"value": f"{URI}&algorithm=SHA256"},
        {"value": f"{URI}&digits=8"},
        {"value": f"steam://{SECRET}"},
        {"TOTP": "134253"},
        {"history": {"totp": "134253"}},
    ],
)
def test_a_code_that_is_not_what_we_compute_is_not_stored(strange):
    for shown in ([otp_field(**strange)], [otp_field(), otp_field(**strange)]):
        assert refusal(answer(otp_item(*shown), Date=date())) is NotStoredReason.ONE_TIME_PASSWORD


@pytest.mark.parametrize(
    "other",
    [
        {"type": "OTP"},
        {"type": "TOTP", "value": URI},
        {"type": "OTP", "value": "otpauth://totp/x"},
        {"type": "STRING", "totp": "134253"},
    ],
)
def test_one_code_that_is_not_understood_is_enough(other):
    assert refusal(answer(otp_item(otp_field(), other), Date=date())) is NotStoredReason.ONE_TIME_PASSWORD


def test_a_code_in_any_other_place_is_not_stored():
    item = otp_item(otp_field())
    for place in ({"totp": "134253"}, {"sections": [{"totp": "134253"}]}, {"sections": [otp_field()]}):
        assert refusal(answer(item | place, Date=date())) is NotStoredReason.ONE_TIME_PASSWORD


def test_a_key_twice_and_escapes_in_key_or_code_are_not_stored():
    body = json.dumps(otp_item(otp_field())).encode()
    shown = code(URI, WALL_SECONDS).encode()
    for known, strange in (
        (b'"totp":', b'"totp": "1", "totp":'),
        (b'"totp":', b'"\\u0074otp":'),
        (b'"title":', b'"titl\\u0065":'),
        (b'"%s"' % shown, b'"\\u003%d%s"' % (int(shown[:1]), shown[1:])),
    ):
        assert body.count(known) == 1
        changed = answer(body.replace(known, strange), Date=date())
        assert refusal(changed) is NotStoredReason.ONE_TIME_PASSWORD


@pytest.mark.parametrize(
    "name",
    [
        "ETag",
        "Last_Modified",
        "Content_Encoding",
        "Content_MD5",
        "Digest",
        "Content_Digest",
        "Repr_Digest",
    ],
)
def test_a_field_that_speaks_of_these_very_octets_forbids_storing(name):
    value = "identity" if name == "Content_Encoding" else '"x"'
    response = answer(otp_item(otp_field()), Date=date(), **{name: value})

    assert refusal(response) is NotStoredReason.ONE_TIME_PASSWORD


def test_too_many_codes_or_too_long_a_body_are_not_scanned_at_every_hit():
    many = answer(otp_item(*[otp_field()] * 17), Date=date())
    long = answer(otp_item(otp_field()) | {"notes": "x" * 64 * 1024}, Date=date())

    assert refusal(many) is refusal(long) is NotStoredReason.ONE_TIME_PASSWORD
    assert refusal(answer(otp_item(*[otp_field()] * 16), Date=date())) is None


@pytest.mark.parametrize(
    ("code_seconds", "date_seconds", "is_stored"),
    [
        (0, 0, True),
        (-1, 0, True),  # computed a moment before the edge
        (30, 29, True),
        (-31, 0, False),
        (60, 29, False),
        (30, 30, True),  # the origin's clock is a step ahead
        (-30, -30, True),
        (31, 31, False),
        (-31, -31, False),
        (0, 31, False),
    ],
)
def test_the_code_must_fit_the_date_and_the_date_our_clock(code_seconds, date_seconds, is_stored):
    shown = otp_field(wall_seconds=WALL_SECONDS + code_seconds)
    response = answer(otp_item(shown), Date=date(date_seconds))

    assert (refusal(response) is None) is is_stored


def test_an_origin_clock_that_is_off_by_less_than_a_long_step_is_still_another_clock():
    shown = otp_field(f"{URI}&period=3600")

    assert refusal(answer(otp_item(shown), Date=date(31))) is NotStoredReason.ONE_TIME_PASSWORD
    assert refusal(answer(otp_item(shown), Date=date(30))) is None


@pytest.mark.parametrize("dated", [{}, {"Date": "yesterday"}])
def test_without_a_date_the_time_of_receipt_counts(dated):
    for code_seconds, expected in ((0, None), (90, NotStoredReason.ONE_TIME_PASSWORD)):
        shown = otp_field(wall_seconds=WALL_SECONDS + code_seconds)
        assert refusal(answer(otp_item(shown), **dated)) is expected


# What a reuse shows


def stored_item(*otp_fields: dict[str, object], seconds: float = 0.0, lifetime: float = 600.0):
    """Return an item stored at `at(0)`, with the codes of `seconds`."""
    response = answer(otp_item(*otp_fields or [otp_field(wall_seconds=WALL_SECONDS + seconds)]), Date=date())
    recomputation = recomputation_of(response)
    assert recomputation is not None
    return replace(
        stored_response(lifetime=lifetime),
        response=response,
        receipt=freshness.receipt(response, PRIVATE_RULES, at(0.0), at(0.0)),
        variation=recomputation,
    )


@given(st.floats(0, 5 * 86_400))
def test_every_reuse_shows_the_codes_of_its_moment_and_no_other_octet_changes(seconds):
    shown = stored_item(otp_field(), otp_field(OTHER_URI)).at(at(seconds)).response

    wall_seconds = WALL_SECONDS + seconds
    current = otp_item(otp_field(wall_seconds=wall_seconds), otp_field(OTHER_URI, wall_seconds=wall_seconds))
    assert shown.body == json.dumps(current).encode()


def test_codes_follow_the_wall_clock_and_nothing_else():
    stored = stored_item()
    stepped_back = Instant(wall_seconds=WALL_SECONDS - 86_400, boot_seconds=5.0)

    assert code(URI, stepped_back.wall_seconds).encode() in stored.at(stepped_back).response.body
    assert stored.current_age_seconds(stepped_back) == 5.0
    before_1970 = Instant(wall_seconds=-90.0, boot_seconds=5.0)
    assert code(URI, 0).encode() in stored.at(before_1970).response.body


def test_age_and_ttl_shown_never_cross_an_edge():
    stored = stored_item()

    assert [stored.shown_age_seconds(at(s)) for s in (5, 29, 30, 31, 61)] == [5, 29, 0, 1, 1]
    assert [stored.shown_ttl_seconds(at(s)) for s in (5, 29, 30, 31, 61)] == [25, 1, 30, 29, 29]
    assert stored.ttl_seconds(at(61)) == 539
    assert stored.current_age_seconds(at(61)) == 61


def test_the_edges_of_several_codes_all_count():
    stored = stored_item(otp_field(), otp_field(OTHER_URI))
    variation = stored.variation
    assert variation is not None

    assert WALL_SECONDS % 90 == 0
    for seconds, began, changes in ((10, 0, 30), (40, 30, 45), (50, 45, 60), (70, 60, 90)):
        assert variation.began_at_wall_seconds(at(seconds)) == WALL_SECONDS + began
        assert variation.changes_at_wall_seconds(at(seconds)) == WALL_SECONDS + changes
        assert stored.shown_age_seconds(at(seconds)) == seconds - began
        assert stored.shown_ttl_seconds(at(seconds)) == changes - seconds


def test_what_is_stale_is_shown_as_stale_and_a_short_lifetime_as_short():
    stored = stored_item(lifetime=12.0)

    assert stored.shown_ttl_seconds(at(5)) == 7
    assert stored.shown_ttl_seconds(at(31)) == -19


@pytest.mark.parametrize(
    "asked",
    [
        {"If_None_Match": "*"},
        {"If_None_Match": '"x"'},
        {"If_Modified_Since": date(10)},
        {"If_Unmodified_Since": date(-10)},
        {"If_Match": '"x"'},
        {"Range": "bytes=0-9"},
        {"Range": "bytes=0-9", "If_Range": date()},
        {"Range": "bytes=999999-"},
    ],
)
def test_conditions_and_ranges_get_the_whole_with_the_current_code(asked):
    presented = present(stored_item(), Request(method="GET", target="/", fields=fields(**asked)), at(31))

    assert (presented.status, presented.fields.get("ETag")) == (200, None)
    assert code(URI, WALL_SECONDS + 31).encode() in presented.body
    assert presented.fields["Age"] == "1"


def test_no_secret_and_no_code_stands_in_a_repr():
    stored = stored_item()
    recomputation = recomputation_of(stored.response)
    assert recomputation is not None
    password = parse(URI)
    assert password is not None

    shown = repr(recomputation) + repr(password) + repr(replace(stored, response=answer()))
    for secret in (SECRET, code(URI, WALL_SECONDS), repr(password.key), "otpauth"):
        assert secret not in shown
