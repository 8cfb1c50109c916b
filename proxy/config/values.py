"""One value: from what a file or a variable says to what the tree wants, or a line that says why not.

msgspec checks types and ranges; its words are for programmers, so they are put into an operator's here. No
message repeats a value.
"""

import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, get_args, get_origin

import msgspec

from proxy.config.addresses import Address

_PLAIN = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "Address": "an address",
    "int | null": "a whole number",
    "float | null": "a number",
    "Address | null": "an address",
}
_COMPARED = {">": "more than", ">=": "at least", "<": "less than", "<=": "at most"}
_PLACE = re.compile(r" - at `\$(.*)`$")
_OUT_OF_RANGE = re.compile(r"Expected `(?:int|float)` ([<>]=?) ([\d.]+)$")
_WRONG_TYPE = re.compile(r"Expected `([^`]+)`, got `([^`]+)`$")
_NO_MATCH = re.compile(r"Expected `str` matching regex ")


def bare_type(kind: object) -> object:
    """Return a type without its annotations."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def table_of(kind: object) -> type[msgspec.Struct] | None:
    """Return what the values of a table must be, if they are tables themselves."""
    bare = bare_type(kind)
    values = get_args(bare)[1] if get_origin(bare) is Mapping else None
    return values if isinstance(values, type) and issubclass(values, msgspec.Struct) else None


def convert(value: object, kind: object) -> object:
    """Return `value` as the tree's type. Raises ValueError with words for an operator."""
    if Address in get_args(bare_type(kind)):
        value = _with_addresses(value)
    try:
        converted: object = msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ValueError(_in_plain_words(str(error), bare_type(kind))) from None
    return converted


def from_environment(text: str, kind: object) -> object:
    """Return what a variable's text means for a setting of this type, not yet checked.

    Numbers and truth values as in TOML, lists separated by commas, tables as `key=value` separated by commas.
    """
    bare = bare_type(kind)
    if get_origin(bare) is tuple:
        is_numbers = get_args(bare)[0] is int
        return [_number_or_truth(entry) if is_numbers else entry for entry in _comma_list(text)]
    if table_of(kind) is not None:
        return _number_or_truth(text)
    if get_origin(bare) is Mapping:
        return dict(_pair(entry) for entry in _comma_list(text))
    return _number_or_truth(text) if bare in {int, float, bool} else text


def _with_addresses(value: object) -> object:
    """Return `value` with text read as addresses; empty text where one address may stand is none."""
    if isinstance(value, str):
        return Address.parse(value) if value else None
    if not isinstance(value, list):
        return value
    return [_entry(number, entry) for number, entry in enumerate(value, start=1)]


def _entry(number: int, entry: object) -> object:
    try:
        return Address.parse(entry if isinstance(entry, str) else "")
    except ValueError as error:
        raise ValueError(f"entry {number}: {error}") from None


def _comma_list(text: str) -> list[str]:
    return [entry for part in text.split(",") if (entry := part.strip())]


def _pair(entry: str) -> tuple[str, str]:
    name, equals, value = entry.partition("=")
    if not equals:
        raise ValueError("expected NAME=VALUE pairs, separated by commas")
    return name.strip(), value.strip()


def _number_or_truth(text: str) -> object:
    """Return TOML's reading of a scalar; where it has none, the text, which then is of the wrong type."""
    if "\n" in text:
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # also a number of thousands of digits, and deep nesting
        return text


def _in_plain_words(message: str, bare: object) -> str:
    place = _PLACE.search(message)
    words = _without_place(message[: place.start()] if place else message, bare)
    return f"{_place_in_words(place[1])}{words}" if place and place[1] else words


def _without_place(message: str, bare: object) -> str:
    if isinstance(bare, type) and issubclass(bare, StrEnum):
        return f"must be one of {', '.join(bare)}"
    if limit := _OUT_OF_RANGE.match(message):
        return f"must be {_COMPARED[limit[1]]} {limit[2].removesuffix('.0')}"
    if _NO_MATCH.match(message):
        return "is not written as docs/configuration.md says"
    if mismatch := _WRONG_TYPE.match(message):
        wanted, given = (_PLAIN.get(name, name) for name in mismatch.groups())
        return f"expected {wanted}, got {given}"
    return message


def _place_in_words(place: str) -> str:
    if place.startswith("[...]."):
        return f"{place.removeprefix('[...].')}: "
    index = re.fullmatch(r"\[(\d+)\]", place)
    return f"entry {int(index[1]) + 1}: " if index else ""
