"""Values that Connect makes up for fields with `"generate": true`, after their recipe.

Length 1 to 64 (default 32), character sets LETTERS, DIGITS, SYMBOLS (default all three), minus excluded
characters.
"""

import math
import string
from dataclasses import dataclass
from enum import StrEnum

from proxy.emulator.errors import bad_request
from proxy.emulator.identifiers import Identifiers
from proxy.emulator.json_documents import JsonObject, JsonValue

MIN_LENGTH = 1
DEFAULT_LENGTH = 32
MAX_LENGTH = 64


class CharacterSet(StrEnum):
    """Sets a recipe may name."""

    LETTERS = "LETTERS"
    DIGITS = "DIGITS"
    SYMBOLS = "SYMBOLS"


_CHARACTERS = {
    CharacterSet.LETTERS: string.ascii_letters,
    CharacterSet.DIGITS: string.digits,
    CharacterSet.SYMBOLS: "!#%)*+,-.:=>?@]^_}~",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a value is to be made."""

    length: int = DEFAULT_LENGTH
    character_sets: tuple[CharacterSet, ...] = tuple(CharacterSet)
    exclude_characters: str = ""


def recipe_of(value: JsonValue) -> Recipe:
    """Read the recipe of a field. Raises ConnectError (400) where it asks for the impossible."""
    if value is None:
        return Recipe()
    if not isinstance(value, dict):
        raise bad_request("Invalid generator recipe")
    return Recipe(
        length=_length(value), character_sets=_character_sets(value), exclude_characters=_excluded(value)
    )


def generate(recipe: Recipe, identifiers: Identifiers) -> str:
    """Return a new value. Raises ConnectError (400) when the recipe leaves no character."""
    alphabet = "".join(_CHARACTERS[name] for name in recipe.character_sets)
    alphabet = "".join(character for character in alphabet if character not in recipe.exclude_characters)
    if not alphabet:
        raise bad_request("Invalid generator recipe: no characters left")
    return identifiers.new_secret(alphabet=alphabet, length=recipe.length)


def entropy_bits(value: str) -> float:
    """Estimate the entropy of a password from the sets its characters come from."""
    alphabet = sum(
        len(characters)
        for characters in _CHARACTERS.values()
        if any(character in characters for character in value)
    )
    return len(value) * math.log2(alphabet) if alphabet else 0.0


def _length(recipe: JsonObject) -> int:
    length = recipe.get("length")
    if length is None:
        return DEFAULT_LENGTH
    if isinstance(length, float) and length.is_integer():
        length = int(length)
    if not isinstance(length, int) or isinstance(length, bool) or not MIN_LENGTH <= length <= MAX_LENGTH:
        raise bad_request("Invalid generator recipe: length must be between 1 and 64")
    return length


def _character_sets(recipe: JsonObject) -> tuple[CharacterSet, ...]:
    names = recipe.get("characterSets")
    if names is None or names == []:
        return tuple(CharacterSet)
    if not isinstance(names, list) or len(names) > len(CharacterSet):
        raise bad_request("Invalid generator recipe: characterSets must be a list of at most 3")
    try:
        chosen = tuple(CharacterSet(name.upper() if isinstance(name, str) else str(name)) for name in names)
    except ValueError as error:
        raise bad_request("Invalid generator recipe: unknown character set") from error
    if len(set(chosen)) < len(chosen):
        raise bad_request("Invalid generator recipe: repeated character set")
    return chosen


def _excluded(recipe: JsonObject) -> str:
    excluded = recipe.get("excludeCharacters")
    if excluded is None:
        return ""
    if not isinstance(excluded, str):
        raise bad_request("Invalid generator recipe: excludeCharacters must be text")
    return excluded
