"""SCIM filters as Connect understands them: one comparison, `title eq "x"`, `title co "x"`, `tag eq "x"`.

Vaults go by `name` or `title` (SDKs differ), items by `title` or `tag`; `eq` and `co` both know upper from
lower case (connect#73). A single quote is a 400 since 1.5.2, and so is everything else that does not parse.
"""

import json
import re
from dataclasses import dataclass
from enum import StrEnum

from proxy.emulator.errors import bad_request
from proxy.emulator.model import Item, Vault


class Attribute(StrEnum):
    """What a filter may compare."""

    TITLE = "title"
    NAME = "name"
    TAG = "tag"


class Operator(StrEnum):
    """How it may compare."""

    EQUALS = "eq"
    CONTAINS = "co"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One parsed comparison."""

    attribute: Attribute
    operator: Operator
    value: str

    def accepts(self, text: str) -> bool:
        """Compare `text` with the value."""
        match self.operator:
            case Operator.EQUALS:
                return text == self.value
            case Operator.CONTAINS:
                return self.value in text


_COMPARISON = re.compile(r'\s*(\w+)\s+(\w+)\s+("(?:[^"\\]|\\.)*")\s*', re.DOTALL)
_VAULT_ATTRIBUTES = (Attribute.NAME, Attribute.TITLE)


def parse_filter(text: str) -> Filter:
    """Parse a filter. Raises ConnectError (400)."""
    match = _COMPARISON.fullmatch(text)
    if match is None:
        raise _invalid()
    attribute, operator, quoted = match.groups()
    try:
        value = json.loads(quoted, strict=False)
        return Filter(
            attribute=Attribute(attribute.lower()), operator=Operator(operator.lower()), value=str(value)
        )
    except ValueError as error:
        raise _invalid() from error


def vault_filter(text: str) -> Filter:
    """Parse a filter over vaults. Raises ConnectError (400)."""
    parsed = parse_filter(text)
    if parsed.attribute not in _VAULT_ATTRIBUTES:
        raise _invalid()
    return parsed


def vault_matches(vault: Vault, chosen: Filter) -> bool:
    """Tell whether `vault` passes."""
    return chosen.accepts(vault.name)


def item_matches(item: Item, chosen: Filter) -> bool:
    """Tell whether `item` passes."""
    if chosen.attribute is not Attribute.TAG:
        return chosen.accepts(item.title)
    tags = item.document.get("tags")
    return isinstance(tags, list) and any(isinstance(tag, str) and chosen.accepts(tag) for tag in tags)


def _invalid() -> Exception:
    return bad_request("Invalid filter")
