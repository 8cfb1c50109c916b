"""List-based field values (RFC 9110 section 5.6.1): split at commas, but not inside quoted strings.

Everything here takes time linear in the field's length, whatever it holds: fields may be 64 KiB of quotes.
"""

import re
from collections.abc import Iterator

from proxy.semantics.message import Fields

# Possessive throughout: a pattern that can't go back can't be made to go back a million times.
_ELEMENT = re.compile(r'((?:[^,"]++|"(?:[^"\\]|\\.|\\\Z)*+(?:"|\Z))*+)(?:,|\Z)', re.DOTALL)


def split_list(value: str) -> Iterator[str]:
    """Yield the elements of a list, trimmed; empty ones are left out. An unclosed quote runs to the end."""
    if '"' not in value:
        yield from (element for part in value.split(",") if (element := part.strip(" \t")))
        return
    position = 0
    while position < len(value):
        match = _ELEMENT.match(value, position)
        assert match is not None  # the pattern matches anything
        position = match.end()
        element = match[1].strip(" \t")
        if element:
            yield element


def elements(fields: Fields, name: str) -> list[str]:
    """Return all elements of a list-based field, over all its lines, in order."""
    return [element for value in fields.getall(name, ()) for element in split_list(value)]


def unquote(text: str) -> str:
    """Return a token as it is, a quoted string without its quotes and escapes."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
    return text
