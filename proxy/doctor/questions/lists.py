"""Lists: complete or not, in which order, and whether their versions can stand for what they list."""

from proxy.doctor.ground import VAULTS, Ground
from proxy.doctor.question import Question, Told
from proxy.doctor.questions.things import a_vault, an_item, item_path
from proxy.doctor.wording import document_of

_USUAL_RESPONSE_BYTES = 1024 * 1024


async def _completeness(ground: Ground) -> str:
    vault, _ = an_item(ground)
    if vault.item_count is None:
        return "the vault says no number"
    if vault.item_count == len(vault.items):
        return "as many as the vault says"
    return f"{len(vault.items)}, the vault says {vault.item_count}"


async def _sizes(ground: Ground) -> Told:
    vault, _ = an_item(ground)
    longest = max(each.list_bytes for each in ground.vaults)
    too_large = longest > _USUAL_RESPONSE_BYTES
    return Told(
        text=f"{len(ground.vaults)} vaults; a list of {len(vault.items)} items is {vault.list_bytes} bytes",
        concern="a list is larger than cache.response_bytes (1 MiB) and never kept: raise it"
        if too_large
        else "",
        is_figure=True,
    )


async def _versions(ground: Ground) -> str:
    vault, listed = an_item(ground)
    document = document_of(await ground.asker.look(item_path(ground)))
    version = document.get("version") if isinstance(document, dict) else None
    if any(item.version is None for item in vault.items):
        return "not every listed item has a version"
    return "the item's own" if version == listed.version else "another one than the item's own"


async def _content_version(ground: Ground) -> str:
    vault = a_vault(ground)
    document = document_of(await ground.asker.ask(vault.path))
    version = document.get("contentVersion") if isinstance(document, dict) else None
    if version is None or vault.content_version is None:
        return "missing"
    return "in the list and in the vault" if version == vault.content_version else "they differ"


async def _same_bytes(ground: Ground) -> str:
    for path in (VAULTS, a_vault(ground).items_path):
        first, second = await ground.asker.look(path), await ground.asker.ask(path)
        if first.body != second.body:
            return "other bytes"
    return "the same bytes"


QUESTIONS = (
    Question(
        key="list_complete",
        text="is a list of items complete",
        ask=_completeness,
        expected="as many as the vault says",
        matters="a list that ends early would make items look deleted",
        if_different="archived items may count; if lists are cut, set cache.change_check_interval_seconds = 0",
    ),
    Question(
        key="list_sizes",
        text="sizes of lists",
        ask=_sizes,
        matters="change checks read a list per interval; larger than cache.response_bytes is never kept",
    ),
    Question(
        key="listed_version",
        text="the version that a list gives for an item",
        ask=_versions,
        expected="the item's own",
        matters="one list validates everything stored of a vault",
        if_different="a list that shows another version drops the item: set cache.change_check_interval_seconds"
        " = 0, and expect fewer hits",
    ),
    Question(
        key="content_version",
        text="contentVersion of a vault",
        ask=_content_version,
        expected="in the list and in the vault",
        matters="a cheap hint that something changed",
        if_different="leave cache.trust_content_version = false",
    ),
    Question(
        key="list_twice",
        text="a list asked for twice",
        ask=_same_bytes,
        expected="the same bytes",
        matters="an order that changes would look like a change to clients that compare",
        if_different="nothing to set",
    ),
)
