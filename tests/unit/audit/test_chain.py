"""The chain: every octet of a line counts, and every line before it."""

import hashlib
import hmac
import json

import pytest

from proxy.audit import chain
from proxy.audit.chain import Head
from tests.support.audit_lines import chain_of, closed, opened, read

KEY = b"k" * 32


def test_a_line_is_the_object_with_its_code_as_last_member():
    line, head = chain.seal(None, Head(), b'{"a":1}')
    assert json.loads(line) == {"a": 1, "mac": head.mac.hex()}
    assert list(json.loads(line))[-1] == "mac"
    assert line.endswith(b'"}\n')


def test_the_code_is_hmac_sha_256_over_the_code_before_and_the_octets_up_to_the_code():
    """As docs/audit.md tells whoever wants to check it with other means."""
    before = bytes(32)
    for line in chain_of(opened(keyed=True), read(), closed(hit=1), key=KEY):
        payload, _, rest = line.rpartition(b',"mac":"')
        code = bytes.fromhex(rest[:64].decode())
        assert code == hmac.new(KEY, before + payload, hashlib.sha256).digest()
        before = code


def test_without_a_key_it_is_plain_sha_256():
    _, head = chain.seal(None, Head(), b'{"a":1}')
    assert head.mac == hashlib.sha256(bytes(32) + b'{"a":1').digest()


def test_split_undoes_seal():
    line, head = chain.seal(KEY, Head(), b'{"a":1}')
    sealed = chain.split(line.rstrip())
    assert (sealed.payload, sealed.mac) == (b'{"a":1', head.mac)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b',"mac":"' + b"0" * 64 + b'"}',
        b'{"a":1,"mac":"' + b"0" * 63 + b'"}',
        b'{"a":1,"mac":"' + b"G" * 64 + b'"}',
        b'{"a":1,"mac":"' + b"A" * 64 + b'"}',
        b'{"a":1,"mac":"' + b"\xff" * 64 + b'"}',
        b'{"a":1,"mac":"' + b"0" * 64 + b'"} ',
    ],
)
def test_what_does_not_end_in_a_code_is_no_line(line):
    assert chain.split(line) is None


def test_the_figure_of_a_head_is_its_first_52_bits_and_a_float_holds_it():
    head = Head(seq=1, mac=bytes.fromhex("fedcba9876543" + "210" + "0" * 48))
    assert head.figure == 0xFEDCBA9876543
    assert int(float(head.figure)) == head.figure
    assert Head().figure == 0
