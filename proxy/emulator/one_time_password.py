"""One-time passwords (RFC 6238) from the otpauth URI of an OTP field.

Connect puts the current code into the body since 1.4.0 (facts 4.6); a cached body therefore goes wrong in
30 s.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

_ALGORITHMS: dict[str, Callable[[], "hashlib._Hash"]] = {
    "SHA1": hashlib.sha1,
    "SHA256": hashlib.sha256,
    "SHA512": hashlib.sha512,
}
_DIGITS = (6, 7, 8)


def current_code(value: str, *, unix_seconds: int) -> str | None:
    """Return the code that `value`, an otpauth URI or a base32 secret, gives at `unix_seconds`, if any."""
    try:
        options = parse_qs(urlsplit(value).query)
    except ValueError:  # such as an open bracket
        return None
    secret = _secret(options.get("secret", [value])[0])
    algorithm = _ALGORITHMS.get(options.get("algorithm", ["SHA1"])[0].upper().replace("-", ""))
    digits = _number(options.get("digits", ["6"])[0])
    period_seconds = _number(options.get("period", ["30"])[0])
    if not secret or algorithm is None or digits not in _DIGITS or period_seconds < 1:
        return None
    return _code(secret, unix_seconds // period_seconds, algorithm, digits)


def _code(secret: bytes, counter: int, algorithm: Callable[[], "hashlib._Hash"], digits: int) -> str:
    digest = hmac.new(secret, counter.to_bytes(8, "big"), algorithm).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def _secret(text: str) -> bytes:
    compact = text.replace(" ", "").replace("-", "").rstrip("=").upper()
    try:
        return base64.b32decode(compact + "=" * (-len(compact) % 8))
    except binascii.Error:
        return b""
    except ValueError:  # Not ASCII.
        return b""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
