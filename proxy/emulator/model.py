"""Vaults, items and files as values, and the changes that lead from one state to the next.

A state is immutable: what 1Password.com holds, what Connect has synced and what a lagging replica still
shows are three states of one history. Nothing here knows of time, HTTP or delays.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias, assert_never

from proxy.emulator.file_content import FileContent
from proxy.emulator.json_documents import JsonObject


class VaultType(StrEnum):
    """Kinds of vaults."""

    USER_CREATED = "USER_CREATED"
    PERSONAL = "PERSONAL"
    EVERYONE = "EVERYONE"
    TRANSFER = "TRANSFER"


class ItemState(StrEnum):
    """States that an item names; an active one names none."""

    ARCHIVED = "ARCHIVED"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file of an item."""

    id: str
    name: str
    content: FileContent
    section_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One version of an item. `document` holds what clients write: title, category, tags, sections, fields.

    The document is never changed in place, since versions share parts of it.
    """

    id: str
    vault_id: str
    version: int
    document: JsonObject
    created_nanoseconds: int
    updated_nanoseconds: int
    last_edited_by: str
    files: tuple[StoredFile, ...] = ()
    state: ItemState | None = None

    @property
    def title(self) -> str:
        """The item's title, empty when it has none."""
        title = self.document.get("title")
        return title if isinstance(title, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """One state of a vault with everything in it."""

    id: str
    name: str
    created_nanoseconds: int
    updated_nanoseconds: int
    description: str = ""
    type: VaultType = VaultType.USER_CREATED
    attribute_version: int = 1
    content_version: int = 1
    items: Mapping[str, Item] = field(default_factory=dict)


State: TypeAlias = Mapping[str, Vault]


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultPut:
    """A vault was created or its attributes were edited."""

    vault: Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultRemoved:
    """A vault is gone."""

    vault_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPut:
    """An item was created or has a new version."""

    item: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRemoved:
    """An item is gone."""

    vault_id: str
    item_id: str
    removed_nanoseconds: int


Change: TypeAlias = VaultPut | VaultRemoved | ItemPut | ItemRemoved


def apply(state: State, change: Change) -> State:
    """Return the state after `change`. Each item change raises the vault's contentVersion by one."""
    match change:
        case VaultPut():
            return _with_vault(state, change.vault)
        case VaultRemoved():
            return {key: vault for key, vault in state.items() if key != change.vault_id}
        case ItemPut():
            return _with_item(state, change.item)
        case ItemRemoved():
            return _without_item(state, change)
    assert_never(change)


def _with_vault(state: State, vault: Vault) -> State:
    present = state.get(vault.id)
    if present is not None:
        vault = replace(vault, items=present.items, content_version=present.content_version)
    return {**state, vault.id: vault}


def _with_item(state: State, item: Item) -> State:
    vault = state.get(item.vault_id)
    if vault is None:
        return state
    present = vault.items.get(item.id)
    # A change that syncs late must not undo a newer one that was visible at once.
    items = vault.items if present and present.version > item.version else {**vault.items, item.id: item}
    return {**state, vault.id: _touched(vault, items, item.updated_nanoseconds)}


def _without_item(state: State, change: ItemRemoved) -> State:
    vault = state.get(change.vault_id)
    if vault is None or change.item_id not in vault.items:
        return state
    items = {key: item for key, item in vault.items.items() if key != change.item_id}
    return {**state, vault.id: _touched(vault, items, change.removed_nanoseconds)}


def _touched(vault: Vault, items: Mapping[str, Item], nanoseconds: int) -> Vault:
    return replace(
        vault, items=items, content_version=vault.content_version + 1, updated_nanoseconds=nanoseconds
    )
