"""The writing operations of /v1: each acts on the account, and reads see it once it has synced (facts 4.2).

A PUT or PATCH answers the new content under the old version; a vault takes one write at a time, and whoever
comes meanwhile gets 409, or 500 in the case of DELETE.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from proxy.emulator import errors
from proxy.emulator.answer import Answer, json_answer
from proxy.emulator.call import AuthenticatedCall
from proxy.emulator.clock import NANOSECONDS_PER_SECOND
from proxy.emulator.item_input import NOT_CREATABLE, category_of, check_identity, normalised_item
from proxy.emulator.json_documents import JsonObject, JsonValue, decode
from proxy.emulator.model import Item, ItemPut, ItemRemoved
from proxy.emulator.parts import Parts
from proxy.emulator.patch import apply_patch
from proxy.emulator.rendering import full_item
from proxy.emulator.routes import Operation
from proxy.emulator.vault_access import find_item, find_vault

_FIRST_VERSION = 1


class Writes:
    """Answers requests that change items."""

    def __init__(self, parts: Parts) -> None:
        self._settings = parts.settings
        self._clock = parts.clock
        self._identifiers = parts.identifiers
        self._replication = parts.replication
        self._editor = parts.identifiers.new_upper_id()

    async def create(self, request: AuthenticatedCall) -> Answer:
        """POST /vaults/{vault}/items."""
        body = _object(_body(request))
        find_vault(self._replication.account, request)
        check_identity(body, vault_id=request.route.vault_id)
        document = normalised_item(body, self._identifiers)
        if category_of(document) in NOT_CREATABLE:
            raise errors.bad_request("Invalid item category")
        async with self._writing(request):
            now = self._clock.now_nanoseconds()
            item = Item(
                id=self._identifiers.new_id(),
                vault_id=request.route.vault_id,
                version=_FIRST_VERSION,
                document=document,
                created_nanoseconds=now,
                updated_nanoseconds=now,
                last_edited_by=self._editor,
            )
            self._replication.write(ItemPut(item=item))
        return self._answer(item)

    async def replace(self, request: AuthenticatedCall) -> Answer:
        """PUT /vaults/{vault}/items/{item}."""
        body = _object(_body(request))
        find_item(self._replication.account, request)
        check_identity(body, vault_id=request.route.vault_id, item_id=request.route.item_id)
        document = normalised_item(body, self._identifiers)
        async with self._writing(request):
            return self._update(find_item(self._replication.account, request), document)

    async def patch(self, request: AuthenticatedCall) -> Answer:
        """PATCH /vaults/{vault}/items/{item}."""
        operations = _body(request)
        unpatched = find_item(self._replication.account, request)
        if operations == []:
            return self._answer(unpatched)
        self._patched(unpatched, operations)
        async with self._writing(request):
            item = find_item(self._replication.account, request)
            return self._update(item, self._patched(item, operations))

    async def delete(self, request: AuthenticatedCall) -> Answer:
        """DELETE /vaults/{vault}/items/{item}."""
        find_item(self._replication.account, request)
        async with self._writing(request):
            item = find_item(self._replication.account, request)
            self._replication.write(
                ItemRemoved(
                    vault_id=item.vault_id,
                    item_id=item.id,
                    removed_nanoseconds=self._clock.now_nanoseconds(),
                )
            )
        return Answer(status=204)

    @asynccontextmanager
    async def _writing(self, request: AuthenticatedCall) -> AsyncIterator[None]:
        deleting = request.route.operation is Operation.DELETE_ITEM
        conflict = errors.something_went_wrong() if deleting else errors.write_conflict()
        with self._replication.writing(request.route.vault_id, conflict=conflict):
            await request.call.while_writing()
            if self._settings.write_duration_seconds > 0:
                await self._clock.sleep(self._settings.write_duration_seconds)
            yield

    def _update(self, item: Item, document: JsonObject) -> Answer:
        updated = replace(
            item,
            version=item.version + 1,
            document=document,
            updated_nanoseconds=self._clock.now_nanoseconds(),
            last_edited_by=self._editor,
        )
        self._replication.write(ItemPut(item=updated))
        return self._answer(replace(updated, version=item.version))

    def _patched(self, item: Item, operations: JsonValue) -> JsonObject:
        identity: JsonObject = {"id": item.id, "vault": {"id": item.vault_id}}
        patched = apply_patch({**identity, **item.document}, operations)
        check_identity(patched, vault_id=item.vault_id, item_id=item.id)
        return normalised_item(patched, self._identifiers)

    def _answer(self, item: Item) -> Answer:
        return json_answer(
            full_item(item, unix_seconds=self._clock.now_nanoseconds() // NANOSECONDS_PER_SECOND)
        )


def _body(request: AuthenticatedCall) -> JsonValue:
    try:
        return decode(request.call.body)
    except ValueError as error:
        raise errors.bad_request("Invalid JSON body") from error


def _object(body: JsonValue) -> JsonObject:
    if not isinstance(body, dict):
        raise errors.bad_request("Invalid JSON body")
    return body
