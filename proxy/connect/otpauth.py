"""otpauth URIs: which one-time passwords a field makes, and the code of a step (RFC 6238, by pyotp).

Only what is understood for certain makes codes: type totp, and no parameter but those of Google's Key Uri Format.
A vendor's variant, a counter or an unknown algorithm is None. The process loads this module, and pyotp with it,
only where codes are recomputed. A secret must never reach a repr or an error.
"""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

import pyotp

_ALGORITHMS: Final = {"SHA1": hashlib.sha1, "SHA256": hashlib.sha256, "SHA512": hashlib.sha512}
_DIGITS: Final = {"6": 6, "7": 7, "8": 8}
_WITHOUT_EFFECT: Final = frozenset({"issuer", "image"})
_UNDERSTOOD: Final = _WITHOUT_EFFECT | {"secret", "algorithm", "digits", "period"}
_MOST_URI_CHARACTERS: Final = 2048
_MOST_PERIOD_SECONDS: Final = 3600
_DEFAULT_PERIOD: Final = "30"

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # urlsplit drops some of them in silence
_NUMBER = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimePassword:
    """A sequence of codes, one for every `period_seconds` of Unix time."""

    key: bytes = field(repr=False)
    algorithm: str
    digits: int
    period_seconds: int

    def step(self, wall_seconds: float) -> int:
        """Return the number of the step that a moment lies in; a clock before 1970 is in the first one."""
        return max(0, int(wall_seconds // self.period_seconds))

    def code(self, step: int) -> str:
        """Return the code of a step."""
        return _Codes(self.key, digits=self.digits, algorithm=self.algorithm).generate_otp(step)


class _Codes(pyotp.OTP):
    """pyotp's codes for a key that is decoded already.

    pyotp refuses secrets below 112 bits since 2.12; most sites have handed out 80 bits, and what a site chose
    isn't ours to judge.
    """

    def __init__(self, key: bytes, *, digits: int, algorithm: str) -> None:
        self._key = key
        super().__init__("", digits=digits, digest=_ALGORITHMS[algorithm])

    def byte_secret(self) -> bytes:
        return self._key


def parse(uri: str) -> OneTimePassword | None:
    """Return what an otpauth URI makes; None unless every part of it is understood."""
    if len(uri) > _MOST_URI_CHARACTERS or _CONTROL.search(uri):
        return None
    try:
        parts = urlsplit(uri)
        pairs = parse_qsl(
            parts.query, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=16
        )
        is_totp = _is_totp(parts)
    except ValueError:
        return None
    parameters = dict(pairs)
    if not is_totp or len(parameters) != len(pairs) or not parameters.keys() <= _UNDERSTOOD:
        return None
    return _understood(parameters)


def _is_totp(parts: SplitResult) -> bool:
    return parts.scheme == "otpauth" and parts.netloc.lower() == "totp" and not parts.fragment


def _understood(parameters: dict[str, str]) -> OneTimePassword | None:
    key = _key(parameters.get("secret", ""))
    algorithm = parameters.get("algorithm", "SHA1").upper()
    digits = _DIGITS.get(parameters.get("digits", "6"))
    period_seconds = _period_seconds(parameters.get("period", _DEFAULT_PERIOD))
    if not key or algorithm not in _ALGORITHMS or digits is None or period_seconds is None:
        return None
    return OneTimePassword(key=key, algorithm=algorithm, digits=digits, period_seconds=period_seconds)


def _period_seconds(text: str) -> int | None:
    seconds = int(text) if _NUMBER.fullmatch(text) else None
    return None if seconds is None or seconds > _MOST_PERIOD_SECONDS else seconds


def _key(secret: str) -> bytes:
    """Decode base32 as people write it: either case, in groups, with or without padding. Empty: it isn't."""
    compact = re.sub("[ -]", "", secret).rstrip("=")
    try:
        return base64.b32decode(compact + "=" * (-len(compact) % 8), casefold=True)
    except ValueError:
        return b""
