"""Fields of an item on their way in: types, purposes, defaults and generated values.

`OTP` is the type of one-time passwords; the `TOTP` of the published spec is refused, as Connect does
(connect PR 26).
"""

from enum import StrEnum

from proxy.emulator.errors import bad_request, invalid_item
from proxy.emulator.generator import entropy_bits, generate, recipe_of
from proxy.emulator.identifiers import Identifiers
from proxy.emulator.json_documents import JsonObject, JsonValue


class FieldType(StrEnum):
    """Types that Connect accepts: the spec's without TOTP, and those only its Go SDK names."""

    STRING = "STRING"
    EMAIL = "EMAIL"
    CONCEALED = "CONCEALED"
    URL = "URL"
    OTP = "OTP"
    DATE = "DATE"
    MONTH_YEAR = "MONTH_YEAR"
    MENU = "MENU"
    ADDRESS = "ADDRESS"
    CREDIT_CARD_NUMBER = "CREDIT_CARD_NUMBER"
    CREDIT_CARD_TYPE = "CREDIT_CARD_TYPE"
    GENDER = "GENDER"
    PHONE = "PHONE"
    REFERENCE = "REFERENCE"
    FILE = "FILE"
    SSHKEY = "SSHKEY"


class Purpose(StrEnum):
    """What autofill uses a field for."""

    NONE = ""
    USERNAME = "USERNAME"
    PASSWORD = "PASSWORD"  # noqa: S105 - a word of the API
    NOTES = "NOTES"


_DEFAULT_NAME = {Purpose.USERNAME: "username", Purpose.PASSWORD: "password", Purpose.NOTES: "notesPlain"}
_DEFAULT_TYPE = {Purpose.PASSWORD: FieldType.CONCEALED}


def normalised_fields(value: JsonValue, identifiers: Identifiers) -> list[JsonValue]:
    """Return the fields of an item as they are stored. Raises ConnectError (400)."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise bad_request("Invalid item: fields must be a list")
    return [_normalised(field, index, identifiers) for index, field in enumerate(value)]


def optional_text(document: JsonObject, key: str) -> str:
    """Return a text member, empty when absent. Raises ConnectError (400) when it is something else."""
    value = document.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise bad_request(f"Invalid item: {key} must be text")
    return value


def optional_flag(document: JsonObject, key: str) -> bool:
    """Return a true-or-false member, false when absent.

    Raises ConnectError (400) when it is something else.
    """
    value = document.get(key)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise bad_request(f"Invalid item: {key} must be true or false")
    return value


def section_reference(value: JsonValue) -> JsonObject | None:
    """Return the section a field or file names, if any. Raises ConnectError (400)."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise bad_request("Invalid item: section must be an object")
    section_id = optional_text(value, "id")
    return {"id": section_id} if section_id else None


def _normalised(value: JsonValue, index: int, identifiers: Identifiers) -> JsonValue:
    if not isinstance(value, dict):
        raise bad_request("Invalid item: a field must be an object")
    purpose = _purpose(value)
    name = _DEFAULT_NAME.get(purpose)
    field: JsonObject = {"id": optional_text(value, "id") or name or identifiers.new_id()}
    section = section_reference(value.get("section"))
    if section is not None:
        field["section"] = section
    field["type"] = _type(value, purpose, index).value
    if purpose:
        field["purpose"] = purpose.value
    label = optional_text(value, "label") or name
    if label:
        field["label"] = label
    content = _content(value, identifiers)
    if content:
        field["value"] = content
        if purpose is Purpose.PASSWORD:
            field["entropy"] = entropy_bits(content)
    return field


def _content(field: JsonObject, identifiers: Identifiers) -> str:
    recipe = recipe_of(field.get("recipe"))
    content = optional_text(field, "value")
    if optional_flag(field, "generate") and not content:
        return generate(recipe, identifiers)
    return content


def _purpose(field: JsonObject) -> Purpose:
    text = optional_text(field, "purpose")
    try:
        return Purpose(text.upper())
    except ValueError as error:
        raise bad_request(f"Invalid field purpose: {text}") from error


def _type(field: JsonObject, purpose: Purpose, index: int) -> FieldType:
    text = optional_text(field, "type")
    if not text:
        return _DEFAULT_TYPE.get(purpose, FieldType.STRING)
    try:
        return FieldType(text.upper())
    except ValueError as error:
        place = f"details.sections[0].fields[{index}]"
        raise invalid_item(f"{place} has unsupported field type: {text.lower()}") from error
