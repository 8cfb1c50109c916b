"""RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10): quotas by name, and what is left of them.

A quota `q` counts per window `w`, what remains `r` resets in `t`; times are whole seconds, rounded up, so that nobody
comes too early.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """One named quota; the name is a word of ours."""

    name: str
    quota: int
    window_seconds: int
    remaining: int
    reset_seconds: float


def rate_limit_fields(quotas: Iterable[Quota]) -> tuple[tuple[str, str], ...]:
    """Return both fields for an answer."""
    quotas = tuple(quotas)
    policy = ", ".join(f'"{each.name}";q={each.quota};w={each.window_seconds}' for each in quotas)
    state = ", ".join(f'"{each.name}";r={each.remaining};t={ceil(each.reset_seconds)}' for each in quotas)
    return (("RateLimit-Policy", policy), ("RateLimit", state))
