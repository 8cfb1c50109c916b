"""RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10): quotas by name, and what is left of them.

A quota `q` counts per window `w`, what remains `r` resets in `t`; times are whole seconds, rounded up, so that nobody
comes too early. Names are words of ours.
"""

from collections.abc import Iterable

from multidict import istr

POLICY_FIELD = istr("RateLimit-Policy")
STATE_FIELD = istr("RateLimit")


def policy(quotas: Iterable[tuple[str, int, int]]) -> str:
    """Return the value that states quotas: name, quota, window in seconds of each."""
    return ", ".join(f'"{name}";q={quota};w={window_seconds}' for name, quota, window_seconds in quotas)


def state(name: str, remaining: int, reset_seconds: int) -> str:
    """Return the member that tells how one quota stands."""
    return f'"{name}";r={remaining};t={reset_seconds}'
