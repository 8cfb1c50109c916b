"""What an operator may have purged, as effects: everything, a vault, an item, all that one token was given."""

from collections.abc import Iterable

from proxy.caching.key import ROOT
from proxy.caching.profile import Effects
from proxy.connect.resources import Mark, tag

EVERYTHING = Effects(advance=(ROOT,), remove=((),))


def vault(vault_id: str) -> Effects:
    """Return what removes all that was read in a vault, for every token."""
    return Effects(
        advance=(tag(Mark.VAULT, vault=vault_id), tag(Mark.VAULTS)),
        remove=((tag(Mark.VAULT, vault=vault_id),), (tag(Mark.VAULTS),)),
    )


def item(vault_id: str, item_id: str) -> Effects:
    """Return what removes an item, its files and the lists it stands in, for every token."""
    return Effects(
        advance=(tag(Mark.ITEM, vault=vault_id, item=item_id), tag(Mark.VIEWS, vault=vault_id)),
        remove=(
            (tag(Mark.ITEM, vault=vault_id, item=item_id),),
            (tag(Mark.ITEMS, vault=vault_id),),
        ),
    )


def partitions(digests: Iterable[bytes]) -> Effects:
    """Return what removes all that some tokens were given."""
    marks = tuple(tag(Mark.PARTITION, partition=digest) for digest in digests)
    return Effects(advance=marks, remove=tuple((mark,) for mark in marks))
