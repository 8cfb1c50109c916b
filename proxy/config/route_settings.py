"""The section `routes`: which requests may pass at all."""

import re
from collections.abc import Callable, Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

KINDS = (
    "vaults",
    "vault",
    "items",
    "item",
    "files",
    "file",
    "file_content",
    "activity",
    "heartbeat",
    "health",
    "metrics",
    "other",
)
"""Kinds of resources, as metrics and logs call them; a contract test compares them with the table of resources."""

_RULE = re.compile(rf"(?:\*|[A-Z]+) (?:\*|{'|'.join(KINDS)})")


class RouteSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that are refused with 403 whoever sends them, by method and kind of resource."""

    allow: Annotated[
        tuple[str, ...],
        Meta(
            description="Rules like `GET *` (read only), `GET item`; a rule for GET is one for HEAD. With any, what"
            " none of them names is refused. Kinds: vaults, vault, items, item, files, file, file_content, activity,"
            " heartbeat, health, metrics, other"
        ),
    ] = ()
    deny: Annotated[
        tuple[str, ...],
        Meta(description="Rules that win over `allow`, for example `* activity` and `* metrics`"),
    ] = ()


def route_problems(routes: RouteSettings, called: Callable[[str], str]) -> Iterator[str]:
    """Yield every rule that can't be understood."""
    for path, rules in (("routes.allow", routes.allow), ("routes.deny", routes.deny)):
        for number, rule in enumerate(rules, start=1):
            if not _RULE.fullmatch(rule):
                yield f"{called(path)}: entry {number}: expected METHOD KIND, for example GET item; * for any"
