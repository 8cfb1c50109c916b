"""The account behind the server, as a test or a demo edits it: what happens elsewhere, not through Connect.

Everything done here has synced at once. What goes through the API instead is subject to the sync delay.
"""

from collections.abc import Sequence
from dataclasses import replace

from proxy.emulator.file_content import FileContent, FixedContent
from proxy.emulator.item_input import Category, normalised_item
from proxy.emulator.json_documents import JsonObject
from proxy.emulator.model import (
    Item,
    ItemPut,
    ItemRemoved,
    ItemState,
    StoredFile,
    Vault,
    VaultPut,
    VaultRemoved,
    VaultType,
)
from proxy.emulator.parts import Parts


class Account:
    """Vaults, items and files of one account."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._editor = parts.identifiers.new_upper_id()

    def add_vault(
        self,
        name: str,
        *,
        description: str = "",
        type: VaultType = VaultType.USER_CREATED,  # noqa: A002 - the API's word
        vault_id: str | None = None,
    ) -> Vault:
        """Create a vault."""
        now = self._parts.clock.now_nanoseconds()
        vault = Vault(
            id=vault_id or self._parts.identifiers.new_id(),
            name=name,
            description=description,
            type=type,
            created_nanoseconds=now,
            updated_nanoseconds=now,
        )
        self._parts.replication.change_at_once(VaultPut(vault=vault))
        return vault

    def rename_vault(self, vault_id: str, name: str) -> Vault:
        """Give a vault another name, which raises its attributeVersion."""
        vault = self.vault(vault_id)
        renamed = replace(
            vault,
            name=name,
            attribute_version=vault.attribute_version + 1,
            updated_nanoseconds=self._parts.clock.now_nanoseconds(),
        )
        self._parts.replication.change_at_once(VaultPut(vault=renamed))
        return renamed

    def remove_vault(self, vault_id: str) -> None:
        """Delete a vault with everything in it."""
        self._parts.replication.change_at_once(VaultRemoved(vault_id=vault_id))

    def add_item(
        self,
        vault_id: str,
        *,
        title: str,
        category: Category = Category.LOGIN,
        fields: Sequence[JsonObject] = (),
        sections: Sequence[JsonObject] = (),
        tags: Sequence[str] = (),
        urls: Sequence[str] = (),
        item_id: str | None = None,
    ) -> Item:
        """Create an item; fields are given as in a POST body."""
        now = self._parts.clock.now_nanoseconds()
        body: JsonObject = {
            "title": title,
            "category": category.value,
            "fields": list(fields),
            "sections": list(sections),
            "tags": list(tags),
            "urls": [{"primary": number == 0, "href": url} for number, url in enumerate(urls)],
        }
        return self._put(
            Item(
                id=item_id or self._parts.identifiers.new_id(),
                vault_id=self.vault(vault_id).id,
                version=1,
                document=normalised_item(body, self._parts.identifiers),
                created_nanoseconds=now,
                updated_nanoseconds=now,
                last_edited_by=self._editor,
            )
        )

    def edit_item(
        self,
        vault_id: str,
        item_id: str,
        *,
        title: str | None = None,
        fields: Sequence[JsonObject] | None = None,
        tags: Sequence[str] | None = None,
        state: ItemState | None = None,
    ) -> Item:
        """Give an item a new version; what is None stays as it is."""
        item = self.item(vault_id, item_id)
        changes: JsonObject = {}
        if title is not None:
            changes["title"] = title
        if fields is not None:
            changes["fields"] = list(fields)
        if tags is not None:
            changes["tags"] = list(tags)
        document = normalised_item({**item.document, **changes}, self._parts.identifiers)
        return self._put(replace(self._next_version(item), document=document, state=state or item.state))

    def edit_field(self, vault_id: str, item_id: str, field_id: str, value: str) -> Item:
        """Give one field of an item another value."""
        fields = self.item(vault_id, item_id).document.get("fields")
        edited: list[JsonObject] = [
            {**field, "value": value} if field.get("id") == field_id else field
            for field in (fields if isinstance(fields, list) else [])
            if isinstance(field, dict)
        ]
        return self.edit_item(vault_id, item_id, fields=edited)

    def remove_item(self, vault_id: str, item_id: str) -> None:
        """Delete an item."""
        now = self._parts.clock.now_nanoseconds()
        removal = ItemRemoved(vault_id=vault_id, item_id=item_id, removed_nanoseconds=now)
        self._parts.replication.change_at_once(removal)

    def add_file(
        self,
        vault_id: str,
        item_id: str,
        *,
        name: str,
        content: bytes | FileContent,
        section_id: str | None = None,
    ) -> StoredFile:
        """Attach a file to an item; its content answers 500 until `file_sync_delay_seconds` have passed."""
        file = StoredFile(
            id=self._parts.identifiers.new_id(),
            name=name,
            content=FixedContent(content=content) if isinstance(content, bytes) else content,
            section_id=section_id,
        )
        item = self.item(vault_id, item_id)
        self._parts.replication.delay_file(file.id)
        self._put(replace(self._next_version(item), files=(*item.files, file)))
        return file

    def vault(self, vault_id: str) -> Vault:
        """Return a vault as 1Password.com holds it. Raises KeyError."""
        return self._parts.replication.account[vault_id]

    def item(self, vault_id: str, item_id: str) -> Item:
        """Return an item as 1Password.com holds it. Raises KeyError."""
        return self.vault(vault_id).items[item_id]

    def vault_names(self) -> dict[str, str]:
        """Return the names of all vaults by id."""
        return {vault.id: vault.name for vault in self._parts.replication.account.values()}

    def _put(self, item: Item) -> Item:
        self._parts.replication.change_at_once(ItemPut(item=item))
        return item

    def _next_version(self, item: Item) -> Item:
        now = self._parts.clock.now_nanoseconds()
        return replace(item, version=item.version + 1, updated_nanoseconds=now, last_edited_by=self._editor)
