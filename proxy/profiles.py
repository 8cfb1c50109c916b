"""The part of the composition root that makes policy of settings: the profile, and the budgets of tokens."""

import hashlib
import secrets
from urllib.parse import urlsplit

from proxy.admission.rate_limiter import Budget, Limits, RateLimiter
from proxy.admission.route_policy import RoutePolicy, RouteRule
from proxy.admission.token_bucket import Limit
from proxy.caching.http_profile import HttpProfile
from proxy.clock import Clock
from proxy.config import LimitSettings, ProfileName, Settings, TokenLimits
from proxy.connect.profile import ConnectProfile, ConnectRules, UnverifiedTokens
from proxy.connect.rules import OneTimePasswords

_LEAST_SUBJECTS, _MOST_SUBJECTS = 2048, 16_384
_BYTES_PER_SUBJECT = 8192
"""Of the store: what a request that memory has answered was about is kept for about as many as can be stored. Twice
`most_subjects` are, at some 0.7 KB each, and hardly a response counts for less than 4 KiB."""


def make_profile(settings: Settings, clock: Clock) -> ConnectProfile | HttpProfile:
    """Return what decides about storing; its key is made here and lives as long as we do."""
    key = secrets.token_bytes(32)
    if settings.profile is ProfileName.HTTP:
        authority = urlsplit(settings.upstream.url).netloc
        return HttpProfile(
            lambda octets: hashlib.blake2b(octets, key=key, digest_size=16).digest(), authority=authority
        )
    return ConnectProfile(rules=connect_rules(settings), key=key, started_at=clock.now())


def connect_rules(settings: Settings) -> ConnectRules:
    """Return the numbers and words by which the profile decides."""
    cache = settings.cache
    return ConnectRules(
        item_freshness_seconds=cache.item_freshness_seconds,
        list_freshness_seconds=cache.list_freshness_seconds,
        token_verification_seconds=cache.token_verification_seconds,
        stale_if_error_seconds=cache.stale_if_error_seconds,
        write_fence_seconds=cache.write_fence_seconds,
        read_your_writes_hold_seconds=cache.read_your_writes_hold_seconds,
        trust_content_version=cache.trust_content_version,
        answer_stale_after_seconds=cache.answer_stale_after_seconds,
        change_check_interval_seconds=cache.change_check_interval_seconds,
        active_seconds=cache.active_seconds,
        unverified_tokens=UnverifiedTokens(cache.unverified_tokens.value),
        one_time_passwords=OneTimePasswords(cache.one_time_passwords.value),
        token_names=settings.tokens.names,
        most_subjects=max(_LEAST_SUBJECTS, min(cache.store_bytes // _BYTES_PER_SUBJECT, _MOST_SUBJECTS)),
    )


def make_route_policy(settings: Settings) -> RoutePolicy:
    """Return which requests may pass."""
    return RoutePolicy(
        allow=tuple(RouteRule.parse(rule) for rule in settings.routes.allow),
        deny=tuple(RouteRule.parse(rule) for rule in settings.routes.deny),
    )


def make_limiter(settings: Settings) -> RateLimiter:
    """Return the budgets of all tokens."""
    return RateLimiter(
        limits=token_limits(settings.limits),
        named=named_limits(settings.limits),
        verification_seconds=settings.cache.token_verification_seconds,
    )


def token_limits(limits: LimitSettings) -> Limits:
    """Return the limits of tokens that have none of their own."""
    return _limits_of(TokenLimits(), limits)


def named_limits(limits: LimitSettings) -> dict[str, Limits]:
    """Return the limits of tokens by their names."""
    return {name: _limits_of(own, limits) for name, own in limits.named.items()}


def _limits_of(own: TokenLimits, limits: LimitSettings) -> Limits:
    return {
        Budget.REQUESTS: Limit.of(
            own.requests_per_second or limits.requests_per_second, own.request_burst or limits.request_burst
        ),
        Budget.UPSTREAM: Limit.of(
            own.upstream_per_second or limits.upstream_per_second, own.upstream_burst or limits.upstream_burst
        ),
    }
