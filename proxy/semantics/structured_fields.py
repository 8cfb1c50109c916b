"""Structured fields (RFC 9651), as far as Cache-Status and CDN-Cache-Control need them.

Members of a dictionary come out as text; parameters are dropped. A field that does not parse is as if absent.
"""

import re

_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*")
_STRING = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_BARE = re.compile(r"-?\d{1,15}(?:\.\d{1,3})?|\?[01]|[A-Za-z*][\w!#$%&'*+.^`|~:/-]*", re.ASCII)
_GAP = re.compile(r"[ \t]*")
_TOKEN = re.compile(r"[A-Za-z*][\w!#$%&'*+.^`|~:/-]*", re.ASCII)


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
        item = _item(value, position + 1)
        if item is None:
            return None
        member, position = item
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
    return key[0], member, position


def _item(value: str, position: int) -> tuple[str, int] | None:
    quoted = _STRING.match(value, position)
    if quoted is not None:
        return re.sub(r"\\(.)", r"\1", quoted[1]), quoted.end()
    bare = _BARE.match(value, position)
    return None if bare is None else (bare[0], bare.end())


def _skip(value: str, position: int) -> int:
    gap = _GAP.match(value, position)
    return position if gap is None else gap.end()
