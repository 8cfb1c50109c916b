"""What of the account the questions are about: found by a few reads, kept in memory, never said.

Titles, names and tags are needed to ask for filters; they stay here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from proxy.doctor.asker import Asker, Reply
from proxy.doctor.errors import DoctorError
from proxy.doctor.wording import document_of

VAULTS = "/v1/vaults"
_MOST_LISTS = 5
"""Lists read in search of a vault with something in it."""
_SHORTEST_SECRET = 4
"""Shorter texts stand anywhere by chance."""
UNKNOWN_ID = "q" * 26
"""Looks like an id; that one of 26 random characters is this has no chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item as its list shows it."""

    id: str
    title: str = field(repr=False)
    version: int | None
    tags: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """One vault as the list of vaults shows it, and what the list of its items showed."""

    id: str
    name: str = field(repr=False)
    item_count: int | None
    content_version: int | None
    items: Sequence[Item] = ()
    list_bytes: int = 0

    @property
    def path(self) -> str:
        """Where it is."""
        return f"{VAULTS}/{quote(self.id, safe='')}"

    @property
    def items_path(self) -> str:
        """Where its items are."""
        return f"{self.path}/items"

    def item_path(self, item_id: str) -> str:
        """Where one of its items is."""
        return f"{self.items_path}/{quote(item_id, safe='')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What can be asked about. `foreign` is a vault outside the token's scope, if its owner named one."""

    asker: Asker
    vaults: Sequence[Vault]
    vault: Vault | None = None
    item: Item | None = None
    foreign: str = ""

    def would_tell(self, text: str) -> bool:
        """Tell whether a text quotes what must not be said: an answer of the server may echo anything."""
        return self.asker.would_tell(text) or any(
            len(secret) >= _SHORTEST_SECRET and secret in text for secret in self._texts()
        )

    def _texts(self) -> Iterator[str]:
        for vault in self.vaults:
            yield from (vault.name, vault.id)
            for item in vault.items:
                yield from (item.title, item.id, *item.tags)


async def survey(asker: Asker, *, foreign: str = "") -> Ground:
    """Find what to ask about. Raises DoctorError if the server can't be reached or refuses the token."""
    vaults = [_vault(each) for each in _listed(await asker.look(VAULTS), "the list of vaults")]
    for number, vault in enumerate(vaults[:_MOST_LISTS]):
        reply = await asker.look(vault.items_path)
        if not reply.is_ok:
            continue  # a token may write without reading
        items = [_item(each) for each in _listed(reply, "a list of items")]
        vaults[number] = replace(vault, items=items, list_bytes=len(reply.body))
        if items:
            break
    chosen = max(vaults, key=lambda vault: len(vault.items), default=None)
    item = _plainest(chosen.items) if chosen is not None and chosen.items else None
    return Ground(asker=asker, vaults=vaults, vault=chosen, item=item, foreign=foreign)


def _listed(reply: Reply, what: str) -> list[dict[str, object]]:
    if reply.failure:
        raise DoctorError(f"no answer from there: {reply.failure.replace('_', ' ')}")
    if reply.status in {401, 403}:
        raise DoctorError(
            f"{what} is refused ({reply.status}): is this a token of this server, and not expired?"
        )
    document = document_of(reply)
    if not reply.is_ok or not isinstance(document, list):
        raise DoctorError(f"{what} is answered with {reply.status} and no list: is this a Connect server?")
    return [each for each in document if isinstance(each, dict) and isinstance(each.get("id"), str)]


def _vault(document: dict[str, object]) -> Vault:
    return Vault(
        id=str(document["id"]),
        name=_text(document, "name"),
        item_count=_number(document, "items"),
        content_version=_number(document, "contentVersion"),
    )


def _item(document: dict[str, object]) -> Item:
    tags = document.get("tags")
    return Item(
        id=str(document["id"]),
        title=_text(document, "title"),
        version=_number(document, "version"),
        tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
    )


def _plainest(items: Sequence[Item]) -> Item:
    """Return an item whose title says most about filters: two words, one of a kind, nothing to escape."""
    titles = [item.title for item in items]
    return max(
        items, key=lambda item: (is_plain(item.title), titles.count(item.title) == 1, " " in item.title)
    )


def is_plain(text: str) -> bool:
    """Tell whether a text has letters, digits and spaces only, and can be written in another case."""
    return text.isascii() and text.replace(" ", "").isalnum() and text.swapcase() != text


def _text(document: dict[str, object], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""


def _number(document: dict[str, object], name: str) -> int | None:
    value = document.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
