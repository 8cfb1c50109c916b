"""Who may see and do what: from the ids in a path to the vault or item, or to the error that Connect would
give.

Order of the checks: shape of the ids (400), grant of the token (403), existence (404). Out of scope and
absent look alike to a token without a grant, so nothing leaks about vaults it was not given.
"""

import re

from proxy.emulator import errors
from proxy.emulator.call import AuthenticatedCall
from proxy.emulator.model import Item, State, StoredFile, Vault
from proxy.emulator.routes import Operation
from proxy.emulator.tokens import Access, TokenAuthority

_ID = re.compile(r"[\da-z]{26}", re.ASCII)
_WORD_FOR_WRITE = {
    Operation.CREATE_ITEM: "create",
    Operation.REPLACE_ITEM: "update",
    Operation.PATCH_ITEM: "update",
    Operation.DELETE_ITEM: "delete",
}


class VaultAccess:
    """Resolves what a call names, within its token's grants."""

    def __init__(self, tokens: TokenAuthority) -> None:
        self._tokens = tokens

    def check(self, request: AuthenticatedCall) -> None:
        """Refuse ids that are none and vaults that are not granted. Raises ConnectError (400, 403)."""
        route = request.route
        if route.vault_id and not _ID.fullmatch(route.vault_id):
            raise errors.bad_request("Invalid Vault UUID")
        if route.item_id and not _ID.fullmatch(route.item_id):
            raise errors.bad_request("Invalid Item UUID")
        if route.vault_id:
            self._check_grant(request)

    def listed_vaults(self, request: AuthenticatedCall, state: State) -> list[Vault]:
        """Return the vaults a token knows of, whatever it may do in them."""
        bearer = request.actor.bearer
        return [vault for vault in state.values() if self._tokens.access(bearer, vault.id)]

    def _check_grant(self, request: AuthenticatedCall) -> None:
        route = request.route
        access = self._tokens.access(request.actor.bearer, route.vault_id)
        if not access:
            raise errors.vault_not_in_scope(route.vault_id)
        word = _WORD_FOR_WRITE.get(route.operation)
        if word is not None and not _may(route.operation, access):
            raise errors.not_permitted(word, route.vault_id)
        if word is None and route.operation is not Operation.GET_VAULT and not access.may_read:
            raise errors.not_permitted("read", route.vault_id)


def find_vault(state: State, request: AuthenticatedCall) -> Vault:
    """Return the vault of the path. Raises ConnectError (404)."""
    vault = state.get(request.route.vault_id)
    if vault is None:
        raise errors.not_found("vault", request.route.vault_id)
    return vault


def find_item(state: State, request: AuthenticatedCall) -> Item:
    """Return the item of the path. Raises ConnectError (404)."""
    item = find_vault(state, request).items.get(request.route.item_id)
    if item is None:
        raise errors.not_found("item", request.route.item_id)
    return item


def find_file(item: Item, request: AuthenticatedCall) -> StoredFile:
    """Return the file of the path. Raises ConnectError (404)."""
    for file in item.files:
        if file.id == request.route.file_id:
            return file
    raise errors.not_found("file", request.route.file_id)


def _may(operation: Operation, access: Access) -> bool:
    # A write-only token could read through PATCH until 1.7.1 closed that hole.
    if operation is Operation.PATCH_ITEM:
        return access.may_read and access.may_write
    return access.may_write
