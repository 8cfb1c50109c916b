"""Items as clients send them, checked and brought into the form that is stored.

Lenient where Connect is known to be (camelCase categories since 1.5.4, unknown members ignored, null as
absent) and a 400 where a Go program could not have decoded the body.
"""

import re
from enum import StrEnum

from proxy.emulator.errors import bad_request
from proxy.emulator.identifiers import Identifiers
from proxy.emulator.item_fields import normalised_fields, optional_flag, optional_text
from proxy.emulator.json_documents import JsonObject, JsonValue


class Category(StrEnum):
    """Kinds of items."""

    LOGIN = "LOGIN"
    PASSWORD = "PASSWORD"  # noqa: S105 - a word of the API
    API_CREDENTIAL = "API_CREDENTIAL"
    SERVER = "SERVER"
    DATABASE = "DATABASE"
    CREDIT_CARD = "CREDIT_CARD"
    MEMBERSHIP = "MEMBERSHIP"
    PASSPORT = "PASSPORT"
    SOFTWARE_LICENSE = "SOFTWARE_LICENSE"
    OUTDOOR_LICENSE = "OUTDOOR_LICENSE"
    SECURE_NOTE = "SECURE_NOTE"
    WIRELESS_ROUTER = "WIRELESS_ROUTER"
    BANK_ACCOUNT = "BANK_ACCOUNT"
    DRIVER_LICENSE = "DRIVER_LICENSE"
    IDENTITY = "IDENTITY"
    REWARD_PROGRAM = "REWARD_PROGRAM"
    DOCUMENT = "DOCUMENT"
    EMAIL_ACCOUNT = "EMAIL_ACCOUNT"
    SOCIAL_SECURITY_NUMBER = "SOCIAL_SECURITY_NUMBER"
    MEDICAL_RECORD = "MEDICAL_RECORD"
    SSH_KEY = "SSH_KEY"
    CUSTOM = "CUSTOM"


NOT_CREATABLE = frozenset({Category.CUSTOM, Category.DOCUMENT})
_WORD_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def check_identity(body: JsonObject, *, vault_id: str, item_id: str | None = None) -> None:
    """Refuse a body that names another vault or another item than its path. Raises ConnectError (400)."""
    vault = body.get("vault")
    if not isinstance(vault, dict) or not optional_text(vault, "id"):
        raise bad_request("The item doesn't have a vault field.")
    if vault["id"] != vault_id:
        raise bad_request("The item's vault does not match the vault in the path.")
    named = optional_text(body, "id")
    if named and item_id is not None and named != item_id:
        raise bad_request("The item's id does not match the item in the path.")


def normalised_item(body: JsonObject, identifiers: Identifiers) -> JsonObject:
    """Return what is stored of an item that a client has sent. Raises ConnectError (400)."""
    document: JsonObject = {"title": optional_text(body, "title"), "category": _category(body).value}
    parts: dict[str, JsonValue] = {
        "urls": _urls(body.get("urls")),
        "favorite": optional_flag(body, "favorite"),
        "tags": _tags(body.get("tags")),
        "sections": _sections(body.get("sections"), identifiers),
        "fields": normalised_fields(body.get("fields"), identifiers),
    }
    return document | {name: part for name, part in parts.items() if part}


def category_of(document: JsonObject) -> Category:
    """Return the category of a stored document."""
    return _category(document)


def _category(body: JsonObject) -> Category:
    text = body.get("category")
    if not isinstance(text, str):
        raise bad_request("Invalid item category")
    try:
        return Category(_WORD_BOUNDARY.sub("_", text).upper())
    except ValueError as error:
        raise bad_request("Invalid item category") from error


def _tags(value: JsonValue) -> list[JsonValue]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise bad_request("Invalid item: tags must be a list of text")
    return value


def _urls(value: JsonValue) -> list[JsonValue]:
    return [_url(entry) for entry in _objects(value, "urls")]


def _url(entry: JsonObject) -> JsonValue:
    href = optional_text(entry, "href")
    if "href" not in entry:
        raise bad_request("Invalid item: a url must have a href")
    label, primary = optional_text(entry, "label"), optional_flag(entry, "primary")
    url: JsonObject = {}
    if label:
        url["label"] = label
    if primary:
        url["primary"] = primary
    return {**url, "href": href}


def _sections(value: JsonValue, identifiers: Identifiers) -> list[JsonValue]:
    return [_section(entry, identifiers) for entry in _objects(value, "sections")]


def _section(entry: JsonObject, identifiers: Identifiers) -> JsonValue:
    section: JsonObject = {"id": optional_text(entry, "id") or identifiers.new_id()}
    label = optional_text(entry, "label")
    return {**section, "label": label} if label else section


def _objects(value: JsonValue, name: str) -> list[JsonObject]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise bad_request(f"Invalid item: {name} must be a list")
    entries = [entry for entry in value if isinstance(entry, dict)]
    if len(entries) < len(value):
        raise bad_request(f"Invalid item: {name} must hold objects")
    return entries
