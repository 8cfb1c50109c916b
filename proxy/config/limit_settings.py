"""The section `limits`: what one access token may ask for."""

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
    stale_instead_of_429: Annotated[
        bool,
        Meta(
            description="A read above the budget for Connect gets something stale, labelled, if the token was verified"
            " lately; otherwise 429"
        ),
    ] = False
