"""Vaults, items and files as Connect writes them: key order of its Go structs, empty values absent.

The only thing that depends on the time of day is `totp`, which is why it is made here and stored nowhere.
"""

import base64

from proxy.emulator.file_content import whole
from proxy.emulator.json_documents import JsonObject, JsonValue, timestamp
from proxy.emulator.model import Item, StoredFile, Vault
from proxy.emulator.one_time_password import current_code


def vault_document(vault: Vault) -> JsonObject:
    """Return a vault; `description` is absent when empty."""
    document: JsonObject = {"id": vault.id, "name": vault.name}
    if vault.description:
        document["description"] = vault.description
    document["attributeVersion"] = vault.attribute_version
    document["contentVersion"] = vault.content_version
    document["items"] = sum(item.state is None for item in vault.items.values())
    document["type"] = vault.type.value
    document["createdAt"] = timestamp(vault.created_nanoseconds)
    document["updatedAt"] = timestamp(vault.updated_nanoseconds)
    return document


def item_summary(item: Item) -> JsonObject:
    """Return an item as lists show it: no sections, no fields, no files."""
    document: JsonObject = {"id": item.id, "title": item.title}
    document |= {key: item.document[key] for key in ("urls", "favorite", "tags") if item.document.get(key)}
    document["version"] = item.version
    if item.state is not None:
        document["state"] = item.state.value
    document["vault"] = {"id": item.vault_id}
    document["category"] = item.document["category"]
    document["lastEditedBy"] = item.last_edited_by
    document["createdAt"] = timestamp(item.created_nanoseconds)
    document["updatedAt"] = timestamp(item.updated_nanoseconds)
    return document


def full_item(item: Item, *, unix_seconds: int) -> JsonObject:
    """Return an item with everything in it and the one-time passwords of this moment."""
    summary = item_summary(item)
    tail = {key: summary.pop(key) for key in ("lastEditedBy", "createdAt", "updatedAt")}
    if item.document.get("sections"):
        summary["sections"] = item.document["sections"]
    fields = item.document.get("fields")
    if isinstance(fields, list) and fields:
        summary["fields"] = [_field(field, unix_seconds) for field in fields]
    if item.files:
        summary["files"] = [file_document(item, file) for file in item.files]
    return summary | tail


def file_document(item: Item, file: StoredFile) -> JsonObject:
    """Return a file's metadata.

    `content_path` starts with a slash, as clients that append it to a host need.
    """
    document: JsonObject = {"id": file.id, "name": file.name, "size": file.content.size}
    document["content_path"] = f"/v1/vaults/{item.vault_id}/items/{item.id}/files/{file.id}/content"
    if file.section_id is not None:
        document["section"] = {"id": file.section_id}
    return document


def inlined_file(item: Item, file: StoredFile) -> JsonObject:
    """Return a file's metadata with its content in base64."""
    content = base64.b64encode(whole(file.content)).decode("ascii")
    return {**file_document(item, file), "content": content}


def _field(field: JsonValue, unix_seconds: int) -> JsonValue:
    if not isinstance(field, dict) or field.get("type") != "OTP":
        return field
    value = field.get("value")
    code = current_code(value, unix_seconds=unix_seconds) if isinstance(value, str) else None
    return field if code is None else {**field, "totp": code}
