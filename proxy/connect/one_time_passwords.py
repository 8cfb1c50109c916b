"""Bodies that depend on the time of day: since Connect 1.4.0 an item shows its current one-time password.

The type is `OTP` in practice and `TOTP` in the published spec (facts.md 1 and 4.6). Either, or a `totp` key
anywhere, means that the body is wrong within 30 seconds. What is done then is for the rules to say.
"""

import re
from typing import TYPE_CHECKING, assert_never

from proxy.connect.rules import ConnectRules, OneTimePasswords

if TYPE_CHECKING:
    from collections.abc import Callable

    from proxy.connect.recomputation import Recomputation
    from proxy.semantics.message import Response

ONE_TIME_PASSWORD_TYPES = frozenset({"OTP", "TOTP"})

_KEY = re.compile(rb'"totp"\s*:')


def shows_code(body: bytes) -> bool:
    """Tell whether a JSON body has a `totp` key at any depth, spelt without escapes."""
    return _KEY.search(body) is not None


def recomputing(rules: ConnectRules) -> "Callable[[Response], Recomputation | None]":
    """Return what tells how the codes in an item are recomputed; None for an item that must not be stored."""
    match rules.one_time_passwords:
        case OneTimePasswords.NEVER:
            return lambda _: None
        case OneTimePasswords.RECOMPUTE:
            from proxy.connect.recomputation import recomputation_of  # noqa: PLC0415  (pyotp, for this mode only)

            return recomputation_of
        case _:
            assert_never(rules.one_time_passwords)
