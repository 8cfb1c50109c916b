"""PATCH as Connect does it: RFC 6902 with add, remove and replace, and with three habits of its own.

The path `/` means the whole item; `/fields/{id}` names a field by its id, not by position; adding to
`/fields` appends. Each operation is translated to plain RFC 6902 and left to the jsonpatch library.
"""

from enum import StrEnum

import jsonpatch
from jsonpointer import JsonPointerException

from proxy.emulator.errors import bad_request
from proxy.emulator.json_documents import JsonObject, JsonValue

_LISTS_BY_ID = ("fields", "sections")
_KEPT_WITH_WHOLE_ITEM = ("id", "vault", "category")


class PatchOperation(StrEnum):
    """Operations that Connect supports."""

    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


def apply_patch(document: JsonObject, operations: JsonValue) -> JsonObject:
    """Return `document` after all operations, which is left alone. Raises ConnectError (400)."""
    if not isinstance(operations, list):
        raise bad_request("Invalid patch: must be a list of operations")
    document = {**{key: [] for key in _LISTS_BY_ID}, **document}
    for operation in operations:
        if not isinstance(operation, dict):
            raise bad_request("Invalid patch: an operation must be an object")
        document = _applied(document, operation)
    return document


def _applied(document: JsonObject, operation: JsonObject) -> JsonObject:
    path = operation.get("path")
    if not isinstance(path, str) or not path.startswith("/"):
        raise bad_request("Invalid patch: path must begin with a slash")
    kind = _kind(operation)
    if path == "/":
        return _whole_item(document, kind, operation)
    pointer = _by_position(document, path, kind)
    if kind is PatchOperation.REPLACE and not pointer.rpartition("/")[2].isdecimal():
        # Empty members are absent from our documents but not from Go's structs, so replace creates them.
        kind = PatchOperation.ADD
    translated = {**operation, "op": kind.value, "path": pointer}
    value = _with_field_id(path, operation.get("value"))
    if value is not None:
        translated["value"] = value
    try:
        patched = jsonpatch.apply_patch(document, [translated])
    except (jsonpatch.JsonPatchException, JsonPointerException, TypeError, ValueError) as error:
        raise bad_request(f"Invalid patch: cannot {kind.value} {path}") from error
    if not isinstance(patched, dict):
        raise bad_request("Invalid patch: the result is no item")
    return patched


def _kind(operation: JsonObject) -> PatchOperation:
    try:
        return PatchOperation(str(operation.get("op")))
    except ValueError as error:
        raise bad_request("Invalid patch: op must be add, remove or replace") from error


def _whole_item(document: JsonObject, kind: PatchOperation, operation: JsonObject) -> JsonObject:
    value = operation.get("value")
    if kind is PatchOperation.REMOVE or not isinstance(value, dict):
        raise bad_request("Invalid patch: / takes a whole item")
    kept: JsonObject = {key: document[key] for key in _KEPT_WITH_WHOLE_ITEM if key in document}
    return {**kept, **value}


def _by_position(document: JsonObject, path: str, kind: PatchOperation) -> str:
    name, *rest = path.removeprefix("/").split("/")
    entries = document.get(name)
    if name not in _LISTS_BY_ID or not isinstance(entries, list):
        return path
    if not rest:
        return f"/{name}/-" if kind is PatchOperation.ADD else path
    wanted = rest[0].replace("~1", "/").replace("~0", "~")
    for position, entry in enumerate(entries):
        if isinstance(entry, dict) and entry.get("id") == wanted:
            if len(rest) == 1 and kind is PatchOperation.ADD:
                raise bad_request(f"Invalid patch: {path} exists already")
            return "/".join(("", name, str(position), *rest[1:]))
    if len(rest) == 1 and (kind is PatchOperation.ADD or wanted == "-"):
        return f"/{name}/-"
    raise bad_request(f"The item doesn't have a {wanted} field.")


def _with_field_id(path: str, value: JsonValue) -> JsonValue:
    name, *rest = path.removeprefix("/").split("/")
    if name in _LISTS_BY_ID and len(rest) == 1 and rest[0] != "-" and isinstance(value, dict):
        return {"id": rest[0].replace("~1", "/").replace("~0", "~"), **value}
    return value
