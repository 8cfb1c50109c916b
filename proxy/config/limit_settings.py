"""The section `limits`: what one access token may ask for."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from proxy.config.ranges import per_second


class LimitMode(StrEnum):
    """What becomes of a request above its token's budget."""

    OFF = "off"
    SHADOW = "shadow"
    ENFORCE = "enforce"


class TokenLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one named token; what is left out is as for all."""

    requests_per_second: Annotated[float, per_second("As for all tokens")] | None = None
    request_burst: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    upstream_per_second: Annotated[float, per_second("As for all tokens")] | None = None
    upstream_burst: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Budgets of each token that Connect has accepted: for all its requests, and for those that reach Connect."""

    mode: Annotated[
        LimitMode,
        Meta(
            description="`shadow`: what would be refused is counted and passes; look at it for a while before"
            " `enforce`, which answers 429 with Retry-After. `off`: nothing is counted"
        ),
    ] = LimitMode.SHADOW
    requests_per_second: Annotated[float, per_second("How fast the budget for all requests refills")] = 100.0
    request_burst: Annotated[
        int,
        Meta(
            ge=1, le=1_000_000, description="How many requests may come at once; deployments start in bursts"
        ),
    ] = 2000
    upstream_per_second: Annotated[
        float, per_second("How fast the budget for requests that reach Connect refills: misses and writes")
    ] = 20.0
    upstream_burst: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="How many may reach Connect at once: a fresh sidecar reads up to 500 secrets without a stop",
        ),
    ] = 500
    named: Annotated[
        Mapping[str, TokenLimits],
        Meta(
            description="Other limits for tokens with these names (`tokens.names`):"
            " `[limits.named.ci]`, then any of the four above. In the environment as TOML:"
            " `{ci = {upstream_burst = 2000}}`"
        ),
    ] = msgspec.field(default_factory=dict)
    unknown_token_slots: Annotated[
        int,
        Meta(
            ge=1,
            le=65_535,
            description="Requests to Connect at one time with tokens that it has not accepted yet, out of"
            " `upstream.max_connections` and at most half of them. The others wait, so that guesses never delay known"
            " tokens",
        ),
    ] = 8
    refusals_per_second: Annotated[
        float,
        per_second(
            "Connect may refuse so many unknown tokens of one client (address, user or certificate), in the long run;"
            " then that client's unknown tokens wait. Accepted tokens cost nothing. Always on, whatever `mode` says"
        ),
    ] = 20.0
    refusal_burst: Annotated[
        int, Meta(ge=1, le=1_000_000, description="How many of them at once: a deployment with a wrong token")
    ] = 100
    all_refusals_per_second: Annotated[
        float, per_second("The same for all clients together, who take turns")
    ] = 100.0
    all_refusal_burst: Annotated[
        int, Meta(ge=1, le=1_000_000, description="How many of all clients' at once")
    ] = 500
    stale_instead_of_429: Annotated[
        bool,
        Meta(
            description="A read above the budget for Connect gets something stale, labelled, if the token was verified"
            " lately; otherwise 429"
        ),
    ] = False
