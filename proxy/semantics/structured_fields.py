"""Structured fields (RFC 9651), as far as Cache-Status and CDN-Cache-Control need them.

Members of a dictionary come out as text; parameters are dropped. A field that does not parse is as if absent.
"""

import re

_WORD = r"[A-Za-z*][\w!#$%&'*+.^`|~:/-]*"
_BARE_ITEMS = (
    r"@-?\d{1,15}",  # date
    r"-?\d{1,12}\.\d{1,3}",
    r"-?\d{1,15}",
    r"\?[01]",
    r":[A-Za-z0-9+/]*=*:",  # octets
    r'%"(?:[\x20\x21\x23\x24\x26-\x7e]|%[0-9a-f]{2})*"',  # display string
    _WORD,
)
_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*")
_STRING = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_BARE = re.compile("|".join(_BARE_ITEMS), re.ASCII)
_GAP = re.compile(r"[ \t]*")
_TOKEN = re.compile(_WORD, re.ASCII)

FALSE = "?0"
"""The text of a false member; a true one has none."""


def parse_dictionary(value: str) -> dict[str, str | None] | None:
    """Return a dictionary's members (None: true without a value); None if the field is malformed."""
    members: dict[str, str | None] = {}
    position = _skip(value, 0)
    while position < len(value):
        parsed = _member(value, position)
        if parsed is None:
            return None
        name, member, position = parsed
        members.pop(name, None)
        members[name] = member
        position = _skip(value, position)
        if position == len(value):
            return members
        if value[position] != ",":
            return None
        position = _skip(value, position + 1)
        if position == len(value):
            return None
    return members


def serialize_string(text: str) -> str:
    """Return a token as it is where it is one, else a quoted string; what neither can hold becomes `?`."""
    if _TOKEN.fullmatch(text):
        return text
    safe = "".join(char if " " <= char <= "~" else "?" for char in text)
    return '"' + safe.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _member(value: str, position: int) -> tuple[str, str | None, int] | None:
    key = _KEY.match(value, position)
    if key is None:
        return None
    position, member = key.end(), None
    if value[position : position + 1] == "=":
        item = _item_or_list(value, position + 1)
        if item is None:
            return None
        member, position = item
    end = _skip_parameters(value, position)
    return None if end is None else (key[0], None if member == "?1" else member, end)


def _skip_parameters(value: str, position: int) -> int | None:
    while value[position : position + 1] == ";":
        parameter = _KEY.match(value, _skip(value, position + 1))
        if parameter is None:
            return None
        position = parameter.end()
        if value[position : position + 1] == "=":
            item = _item(value, position + 1)
            if item is None:
                return None
            position = item[1]
    return position


def _item_or_list(value: str, position: int) -> tuple[str, int] | None:
    if value[position : position + 1] != "(":
        return _item(value, position)
    start, position = position, _skip(value, position + 1)
    while value[position : position + 1] != ")":
        item = _item(value, position)
        end = None if item is None else _skip_parameters(value, item[1])
        if end is None or value[end : end + 1] not in {" ", ")"}:
            return None
        position = _skip(value, end)
    return value[start : position + 1], position + 1


def _item(value: str, position: int) -> tuple[str, int] | None:
    quoted = _STRING.match(value, position)
    if quoted is not None:
        return re.sub(r"\\(.)", r"\1", quoted[1]), quoted.end()
    bare = _BARE.match(value, position)
    return None if bare is None else (bare[0], bare.end())


def _skip(value: str, position: int) -> int:
    gap = _GAP.match(value, position)
    return position if gap is None else gap.end()
