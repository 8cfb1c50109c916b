"""Bodies that depend on the time of day: since Connect 1.4.0 an item shows its current one-time password.

The type is `OTP` in practice and `TOTP` in the published spec (facts.md 1 and 4.6). Either, or a `totp` key
anywhere, means that the body is wrong within 30 seconds.
"""

import re

ONE_TIME_PASSWORD_TYPES = frozenset({"OTP", "TOTP"})

_KEY = re.compile(rb'"totp"\s*:')


def shows_code(body: bytes) -> bool:
    """Tell whether a JSON body has a `totp` key at any depth, spelt without escapes."""
    return _KEY.search(body) is not None
