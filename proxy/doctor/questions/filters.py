"""Filters: how they may be written, and whether upper and lower case differ. They quote titles and are never said."""

from collections.abc import Callable
from urllib.parse import quote, quote_plus

from proxy.doctor.asker import Reply
from proxy.doctor.ground import VAULTS, Ground, is_plain
from proxy.doctor.question import Asking, NotAskedError, Question
from proxy.doctor.questions.things import a_vault, an_item
from proxy.doctor.wording import document_of

_NOBODY_IS_CALLED = "connect-sidecar doctor asks for nothing 7f3a91"


def _expression(attribute: str, operator: str, value: str) -> str:
    return f'{attribute} {operator} "{value}"'


async def _ids(
    ground: Ground, path: str, expression: str, encode: Callable[[str], str] = quote
) -> list[str] | str:
    reply = await ground.asker.ask(f"{path}?filter={encode(expression)}")
    return _ids_of(reply)


def _ids_of(reply: Reply) -> list[str] | str:
    document = document_of(reply)
    if not reply.is_ok or not isinstance(document, list):
        return reply.outcome
    return [str(each.get("id")) for each in document if isinstance(each, dict)]


def _found(ids: list[str] | str, wanted: str) -> str:
    if isinstance(ids, str):
        return ids
    return "finds it" if wanted in ids else "finds nothing" if not ids else "finds others"


def _plain_title(ground: Ground) -> tuple[str, str, str]:
    vault, item = an_item(ground)
    if not is_plain(item.title):
        raise NotAskedError("no item whose title is plain letters and spaces")
    return vault.items_path, item.id, item.title


async def _encodings(ground: Ground) -> str:
    path, wanted, title = _plain_title(ground)
    told = {}
    for name, encode in (("%20", quote), ("+", quote_plus)):
        told[name] = _found(await _ids(ground, path, _expression("title", "eq", title), encode), wanted)
    return "; ".join(f"{name} {found}" for name, found in told.items())


def _case_of_items(operator: str) -> Asking:
    async def ask(ground: Ground) -> str:
        path, wanted, title = _plain_title(ground)
        as_it_is = _found(await _ids(ground, path, _expression("title", operator, title)), wanted)
        other = _found(await _ids(ground, path, _expression("title", operator, title.swapcase())), wanted)
        return f"{as_it_is}; in another case {other}"

    return ask


async def _case_of_tags(ground: Ground) -> str:
    vault, _ = an_item(ground)
    tagged = [(item, tag) for item in vault.items for tag in item.tags if is_plain(tag)]
    if not tagged:
        raise NotAskedError("no item has a plain tag")
    item, tag = tagged[0]
    as_it_is = _found(await _ids(ground, vault.items_path, _expression("tag", "eq", tag)), item.id)
    other = _found(await _ids(ground, vault.items_path, _expression("tag", "eq", tag.swapcase())), item.id)
    return f"{as_it_is}; in another case {other}"


async def _vaults(ground: Ground) -> str:
    vault = a_vault(ground)
    if not is_plain(vault.name):
        raise NotAskedError("the vault's name is not plain letters and spaces")
    told = []
    for attribute in ("name", "title"):
        found = _found(await _ids(ground, VAULTS, _expression(attribute, "eq", vault.name)), vault.id)
        told.append(f"{attribute} {found}")
    other = _found(await _ids(ground, VAULTS, _expression("name", "eq", vault.name.swapcase())), vault.id)
    return "; ".join([*told, f"in another case {other}"])


async def _nothing(ground: Ground) -> str:
    ids = await _ids(ground, a_vault(ground).items_path, _expression("title", "eq", _NOBODY_IS_CALLED))
    return ids if isinstance(ids, str) else "200 []" if not ids else "200, a list with something in it"


async def _nonsense(ground: Ground) -> str:
    reply = await ground.asker.ask(f"{a_vault(ground).items_path}?filter={quote('title eq nothing quoted')}")
    return reply.outcome if not reply.is_ok else "200, as if there were no filter or no match"


def _about_case(key: str, text: str, ask: Asking) -> Question:
    return Question(
        key=key,
        text=text,
        ask=ask,
        expected="finds it; in another case finds nothing",
        matters="filters are part of the cache key, octet for octet: another case is another response",
        if_different="nothing to set; spellings that find the same are stored once each",
    )


QUESTIONS = (
    Question(
        key="filter_encodings",
        text="a space in a filter as %20 and as +",
        ask=_encodings,
        expected="%20 finds it; + finds it",
        matters="Python and JavaScript write %20, Go, op and Ansible +",
        if_different="both pass unchanged: one kind of client finds nothing, with and without a sidecar",
    ),
    _about_case("filter_title", "items by title eq", _case_of_items("eq")),
    _about_case("filter_contains", "items by title co", _case_of_items("co")),
    _about_case("filter_tag", "items by tag eq", _case_of_tags),
    Question(
        key="filter_vaults",
        text="vaults by name eq and title eq",
        ask=_vaults,
        expected="name finds it; title finds it; in another case finds nothing",
        matters="Python asks by name, the others by title",
        if_different="passed on unchanged, nothing to set",
    ),
    Question(
        key="filter_nothing",
        text="a filter that finds nothing",
        ask=_nothing,
        expected="200 []",
        matters="never kept: clients create what they don't find",
        if_different="an error here is passed on, nothing to set",
    ),
    Question(
        key="filter_nonsense",
        text="a filter without quotes",
        ask=_nonsense,
        expected="400",
        matters="passed on",
        if_different="nothing to set",
    ),
)
