"""The chain that makes a change of the record show: each line carries a code over itself and the code before it.

What is chained is the line's own octets up to its last member, `mac`: nobody has to lay out JSON anew to check it.
With a key the code is HMAC-SHA-256 (RFC 2104); without one it is SHA-256, which whoever edits the record can do, too.
"""

import hmac
import re
from binascii import hexlify
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

_START = bytes(32)
_MEMBER = b',"mac":"'
_END = b'"}'
_HEX_DIGITS = 64
_CODE = re.compile(r"[0-9a-f]{64}")
_FIGURE_BITS = 52
"""As many bits of a head as a metric can carry: a float holds them exactly."""


class Head(NamedTuple):
    """How far a chain goes: the number of its last record, and that record's code."""

    seq: int = 0
    mac: bytes = _START

    @property
    def figure(self) -> int:
        """The first bits of the code as a number, for a metric; 0 before the first record."""
        return figure_of(self.mac)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A line taken apart: the octets that are chained, and the code it carries."""

    payload: bytes
    mac: bytes


def figure_of(mac: bytes) -> int:
    """Return what a metric says of a code."""
    return int.from_bytes(mac[:8], "big") >> (64 - _FIGURE_BITS)


def code_of(key: bytes | None, before: bytes, payload: bytes) -> bytes:
    """Return the code of a record that follows one with the code `before`."""
    octets = before + payload
    if key is None:
        return sha256(octets).digest()
    code = _keyed(key).copy()
    code.update(octets)
    return code.digest()


@lru_cache(maxsize=4)
def _keyed(key: bytes) -> hmac.HMAC:
    """Return what begins every code with a key: to take in the key costs as much as all the rest."""
    return hmac.new(key, digestmod="sha256")


def seal(key: bytes | None, head: Head, document: bytes) -> tuple[bytes, Head]:
    """Return a JSON object as a line of the chain that ends in `head`, and the head after it."""
    payload = document[:-1]
    mac = code_of(key, head.mac, payload)
    return b"".join((payload, _MEMBER, hexlify(mac), _END, b"\n")), Head(head.seq + 1, mac)


def split(line: bytes) -> Sealed | None:
    """Take a line (without its end) apart; None if it doesn't end in a code."""
    digits_at = len(line) - len(_END) - _HEX_DIGITS
    payload_ends = digits_at - len(_MEMBER)
    if payload_ends < 1 or not line.endswith(_END) or line[payload_ends:digits_at] != _MEMBER:
        return None
    mac = mac_of(line[digits_at : -len(_END)].decode("latin-1"))
    return None if mac is None else Sealed(payload=line[:payload_ends], mac=mac)


def mac_of(digits: str) -> bytes | None:
    """Return the code that 64 lower-case hexadecimal digits say; None if they don't."""
    return bytes.fromhex(digits) if _CODE.fullmatch(digits) else None
