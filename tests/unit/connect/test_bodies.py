import gzip
import json
import zlib

import pytest

from proxy.caching.pieces import at_once
from proxy.connect import bodies
from proxy.connect.one_time_passwords import shows_code
from proxy.connect.resources import recognise
from proxy.connect.versions import attribute_version, content_version
from tests.unit.connect.samples import (
    CONTENT_TARGET,
    FILE_TARGET,
    FILES_TARGET,
    ITEM,
    ITEM_TARGET,
    ITEMS_TARGET,
    OTHER_ITEM,
    OTHER_VAULT,
    VAULT,
    VAULT_TARGET,
    VAULTS_TARGET,
    answer,
    item_document,
    vault_document,
)

LIMIT = 100_000
FULL_ITEM = item_document(
    version=21,
    fields=[{"id": "notesPlain", "type": "STRING"}, {"id": "password", "value": "x", "entropy": 130.06}],
    tags=["connect", "\N{PENGUIN}"],
    updatedAt="2021-04-13T17:20:05.989445411Z",
)


def read(target: str, document: object, **fields: str):
    return at_once(bodies.read(recognise(target), answer(document, **fields), decoded_bytes=LIMIT))


def test_an_item_shows_its_version():
    reading = read(ITEM_TARGET, FULL_ITEM)

    assert reading.version == 21
    assert reading.versions == (((VAULT, ITEM), 21),)
    assert not reading.is_time_dependent


def test_a_list_shows_the_version_of_each_item_and_what_it_names():
    reading = read(ITEMS_TARGET, [item_document(version=2), item_document(OTHER_ITEM, None)])

    assert reading.versions == (((VAULT, ITEM), 2),)
    assert reading.listed == {ITEM, OTHER_ITEM}


def test_vaults_show_both_their_versions():
    expected = {(content_version(VAULT), 72), (attribute_version(VAULT), 1)}

    assert set(read(VAULT_TARGET, vault_document(content=72)).versions) == expected
    assert set(read(VAULTS_TARGET, [vault_document(content=72)]).versions) == expected
    assert read(VAULTS_TARGET, [vault_document()]).listed == {VAULT}


@pytest.mark.parametrize(
    ("target", "document"),
    [
        (ITEM_TARGET, {"id": ITEM}),
        (ITEM_TARGET, {"id": ITEM, "fields": None, "vault": {}, "version": None}),
        (ITEM_TARGET, {"id": ITEM, "future": {"a": [1, {"b": None}]}}),
        (ITEMS_TARGET, []),
        (VAULT_TARGET, {"id": VAULT}),
        (FILES_TARGET, []),
        (FILES_TARGET, [{"id": "any id", "content_path": "v1/..."}]),
        (FILE_TARGET, {"id": "x"}),
        (CONTENT_TARGET, b"\x00\xff anything"),
    ],
)
def test_unknown_and_absent_keys_are_tolerated(target, document):
    assert read(target, document) is not None


@pytest.mark.parametrize(
    ("target", "document"),
    [
        (ITEM_TARGET, b""),
        (ITEM_TARGET, b"<html>"),
        (ITEM_TARGET, b"null"),
        (ITEM_TARGET, b"[]"),
        (ITEM_TARGET, b"\xff"),
        (ITEM_TARGET, b'{"id":"' + ITEM.encode() + b'"'),
        (ITEM_TARGET, b'{"id":"' + ITEM.encode() + b'","x":' + b"[" * 50_000 + b"]" * 50_000 + b"}"),
        (ITEM_TARGET, {}),
        (ITEM_TARGET, {"id": OTHER_ITEM, "version": 1}),
        (ITEM_TARGET, item_document(vault={"id": OTHER_VAULT})),
        (ITEM_TARGET, item_document(version=-1)),
        (ITEM_TARGET, item_document(version=2**64)),
        (ITEM_TARGET, {"id": ITEM, "version": "3"}),
        (ITEM_TARGET, {"id": ITEM, "version": 3.5}),
        (ITEM_TARGET, {"id": ITEM, "version": True}),
        (ITEM_TARGET, {"id": ITEM, "fields": {}}),
        (ITEM_TARGET, {"id": ITEM, "fields": [1]}),
        (ITEM_TARGET, {"id": ITEM, "fields": [{"type": 7}]}),
        (ITEMS_TARGET, {}),
        (ITEMS_TARGET, {"items": []}),
        (ITEMS_TARGET, [None]),
        (ITEMS_TARGET, [{"title": "no id"}]),
        (ITEMS_TARGET, [{"id": ITEM.upper(), "version": 1}]),
        (ITEMS_TARGET, [item_document(vault={"id": OTHER_VAULT})]),
        (VAULT_TARGET, vault_document(OTHER_VAULT)),
        (VAULTS_TARGET, [{"id": "x"}]),
        (FILES_TARGET, {}),
        (FILE_TARGET, []),
    ],
)
def test_what_cannot_be_understood_or_contradicts_its_target_is_unreadable(target, document):
    assert read(target, document) is None


RAW_DEFLATE = zlib.compressobj(wbits=-zlib.MAX_WBITS)
PLAIN = json.dumps(FULL_ITEM).encode()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("identity", PLAIN),
        ("gzip", gzip.compress(PLAIN)),
        ("x-gzip", gzip.compress(PLAIN)),
        ("GZIP", gzip.compress(PLAIN)),
        ("deflate", zlib.compress(PLAIN)),
        ("deflate", RAW_DEFLATE.compress(PLAIN) + RAW_DEFLATE.flush()),
    ],
)
def test_content_codings_that_python_knows_are_decoded(coding, body):
    assert read(ITEM_TARGET, body, Content_Encoding=coding).version == 21


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("br", PLAIN),
        ("gzip, gzip", gzip.compress(gzip.compress(PLAIN))),
        ("gzip", PLAIN),
        ("gzip", gzip.compress(PLAIN)[:-5]),
        ("gzip", gzip.compress(PLAIN) + b"x"),
        ("gzip", b""),
        ("deflate", b"x"),
        ("gzip", gzip.compress(PLAIN + b" " * LIMIT)),
        ("identity", PLAIN + b" " * LIMIT),
    ],
)
def test_what_cannot_be_decoded_within_bounds_is_unreadable(coding, body):
    assert read(ITEM_TARGET, body, Content_Encoding=coding) is None


def test_file_content_is_never_decoded():
    assert read(CONTENT_TARGET, b"x", Content_Encoding="br") is not None


@pytest.mark.parametrize(
    "field",
    [
        {"type": "OTP", "totp": "134253"},
        {"type": "OTP"},
        {"type": "TOTP"},
        {"type": "STRING", "totp": "134253"},
        {"totp": None},
        {"nested": [{"totp": "1"}]},
    ],
)
def test_an_item_with_a_one_time_password_depends_on_the_time_of_day(field):
    assert read(ITEM_TARGET, item_document(fields=[{"type": "STRING"}, field])).is_time_dependent
    assert read(ITEMS_TARGET, [item_document(fields=[field])]).is_time_dependent


def test_a_key_spelt_with_escapes_is_the_same_key():
    body = b'{"id":"%s","fields":[{"\\u0074otp":"134253"}]}' % ITEM.encode()

    assert read(ITEM_TARGET, body).is_time_dependent


def test_the_word_alone_is_no_one_time_password():
    assert not read(ITEM_TARGET, item_document(title='my "totp": code', tags=["totp"])).is_time_dependent
    assert shows_code(b'{ "totp" : 1 }')


@pytest.mark.parametrize(
    ("target", "document", "written"),
    [
        (ITEMS_TARGET, item_document(OTHER_ITEM, 1), (OTHER_ITEM, 1)),
        (ITEM_TARGET, item_document(ITEM, 7), (ITEM, 7)),
        (ITEM_TARGET, item_document(OTHER_ITEM, 7), None),
        (ITEM_TARGET, item_document(ITEM, None), None),
        (ITEM_TARGET, b"", None),
        (ITEM_TARGET, b"x" * (LIMIT + 1), None),
    ],
)
def test_the_answer_to_a_write_shows_id_and_version(target, document, written):
    shown = bodies.read_written(recognise(target), answer(document), decoded_bytes=LIMIT)

    assert shown == written


def test_a_long_list_is_read_in_pieces_and_shows_all_of_it():
    documents = [item_document(f"{number:026}", number) for number in range(1000)]
    pieces = bodies.read(recognise(ITEMS_TARGET), answer(documents), decoded_bytes=10_000_000)
    count = 0
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            reading = end.value
            break
        count += 1
    assert count >= 1000 // 40
    assert [version for _, version in reading.versions] == list(range(1000))
    assert len(reading.listed) == len(reading.summaries) == 1000


@pytest.mark.parametrize("last", [{"id": "no id"}, {"id": ITEM, "vault": {"id": OTHER_VAULT}}, 7])
def test_a_long_list_that_goes_wrong_at_its_end_is_unreadable_as_a_whole(last):
    documents = [item_document(f"{number:026}", number) for number in range(100)]
    assert (
        at_once(bodies.read(recognise(ITEMS_TARGET), answer([*documents, last]), decoded_bytes=10**6)) is None
    )
