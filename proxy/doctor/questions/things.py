"""What questions need of the account, or the reason why they can't be asked."""

from collections.abc import Callable

from proxy.doctor.ground import Ground, Item, Vault
from proxy.doctor.question import NotAskedError

Where = Callable[[Ground], str]


def a_vault(ground: Ground) -> Vault:
    """Return the vault to ask about. Raises NotAskedError."""
    if ground.vault is None:
        raise NotAskedError("the token sees no vault")
    return ground.vault


def an_item(ground: Ground) -> tuple[Vault, Item]:
    """Return the item to ask about, in its vault. Raises NotAskedError."""
    if ground.vault is None or ground.item is None:
        raise NotAskedError("the token sees no item")
    return ground.vault, ground.item


def item_path(ground: Ground) -> str:
    """Return the path of the item to ask about. Raises NotAskedError."""
    vault, item = an_item(ground)
    return vault.item_path(item.id)
