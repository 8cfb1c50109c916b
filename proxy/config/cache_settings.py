"""Settings of the cache and of collapsed requests: what is kept, for how long, and what is asked for ahead of time."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from proxy.config.ranges import MEBIBYTE, above_zero, from_zero, size_bytes


class UnverifiedTokens(StrEnum):
    """What a token gets that could not be verified in time because Connect is away."""

    SERVE_STALE = "serve-stale"
    REFUSE = "refuse"


class OneTimePasswords(StrEnum):
    """What becomes of an item that shows a one-time password."""

    NEVER = "never"
    RECOMPUTE = "recompute"


class CacheSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept, how much of it and for how long. Everything is in memory only."""

    store_bytes: Annotated[
        int,
        size_bytes(
            "Bodies, fields, keys and overhead of all stored responses. Some 5,000 items of 2 KB;"
            " standalone: 64 MiB"
        ),
    ] = 16 * MEBIBYTE
    response_bytes: Annotated[
        int,
        size_bytes("Largest response that is stored; larger ones (file contents) are passed on as they come"),
    ] = MEBIBYTE
    generation: Annotated[
        int,
        Meta(
            ge=0,
            description="Raise it to have everything dropped: a purge of a whole fleet by its configuration, without"
            " calling a pod",
        ),
    ] = 0
    item_freshness_seconds: Annotated[
        float, from_zero("Items, their files and file contents. Clients poll every 60 to 600 s anyway")
    ] = 60.0
    list_freshness_seconds: Annotated[
        float, from_zero("Lists, vaults: shorter, because they show what is new")
    ] = 30.0
    stale_if_error_seconds: Annotated[
        float,
        from_zero(
            "While Connect is away a stored response may be this much older than fresh, labelled stale, and"
            " never more. External Secrets refreshes hourly: one hour would be a coin toss. 0: never"
        ),
    ] = 14_400.0
    answer_stale_after_seconds: Annotated[
        float,
        from_zero(
            "When Connect takes longer than this, a token that was verified lately gets what is stored, labelled stale,"
            " and the request to Connect goes on. Python clients give up at 5 s. 0: wait"
        ),
    ] = 2.0
    token_verification_seconds: Annotated[
        float,
        above_zero(
            "How long one successful answer of Connect proves that a token may read a vault. It bounds how"
            " long a revoked token still reads while Connect is up"
        ),
    ] = 60.0
    change_check_interval_seconds: Annotated[
        float,
        from_zero(
            "How often a vault in use is looked at in the background: one list validates all that is stored of it,"
            " so that reads don't wait and a change made elsewhere shows within this. Only while it saves requests:"
            " background requests never outnumber the reads answered without Connect. Standalone: 15. 0: never"
        ),
    ] = 60.0
    active_seconds: Annotated[
        float,
        above_zero(
            "A vault that a token has not asked for in so long is not looked at: idle vaults cost nothing"
        ),
    ] = 120.0
    write_fence_seconds: Annotated[
        float,
        above_zero(
            "A write is visible in Connect only some time after its answer; until the new version is seen, and"
            " at most this long, reads of what was written are passed on. It usually ends within 3 s"
        ),
    ] = 30.0
    read_your_writes_hold_seconds: Annotated[
        float,
        from_zero(
            "A read of an item just written through this sidecar waits up to this long for the new version, asking"
            " Connect again and again, for clients that can't cope with the old one. 0: it gets what Connect has"
        ),
    ] = 0.0
    trust_content_version: Annotated[
        bool,
        Meta(
            description="Connect shows a `contentVersion` of every vault that seems to move with every change inside;"
            " nobody has promised that. `false`: one that has moved only has the vault's list looked at. `true`: one"
            " that has not moved validates all that is stored of the vault, and change checks ask for it instead of"
            " the list"
        ),
    ] = False
    unverified_tokens: Annotated[
        UnverifiedTokens,
        Meta(
            description="`serve-stale`: while Connect is away, a token that read something before still reads it, up to"
            " `stale_if_error_seconds`. `refuse`: only while its last verification holds"
        ),
    ] = UnverifiedTokens.SERVE_STALE
    one_time_passwords: Annotated[
        OneTimePasswords,
        Meta(
            description="`never`: an item that shows a one-time password is not stored, because its code changes"
            " every 30 s. `recompute`: it is, if the current code can be computed from what the item shows, for"
            " every answer; needs a right clock"
        ),
    ] = OneTimePasswords.NEVER


class FlightSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Collapsed requests: many clients, one request to Connect."""

    buffered_bytes: Annotated[
        int,
        size_bytes("All bodies that are being collected at one time; beyond it they are passed on unshared"),
    ] = 64 * MEBIBYTE
    large_response_concurrency: Annotated[
        int,
        Meta(
            ge=1, le=65_535, description="Requests to Connect at one time for one target too large to share"
        ),
    ] = 4
