"""Trailing slashes, and methods other than GET."""

from proxy.doctor.ground import VAULTS, Ground
from proxy.doctor.question import Asking, Question
from proxy.doctor.questions.things import Where, a_vault, item_path

_JS = "the JavaScript SDK asks like that"


def _with_slash(where: Where) -> Asking:
    async def ask(ground: Ground) -> str:
        path = where(ground)
        reply = await ground.asker.ask(f"{path}/")
        if 300 <= reply.status < 400:
            target = reply.fields.get("Location", "")
            place = "to the path without it" if target == path else "to somewhere else"
            return f"redirected ({reply.status}) {place}"
        if not reply.is_ok:
            return reply.outcome
        plain = await ground.asker.look(path)
        return "answered" if plain.body == reply.body else "answered with another body"

    return ask


def _by_head(where: Where) -> Asking:
    async def ask(ground: Ground) -> str:
        reply = await ground.asker.ask(where(ground), "HEAD")
        if not reply.is_ok:
            return reply.outcome
        return f"200, {'states' if 'Content-Length' in reply.fields else 'states no'} length"

    return ask


async def _options(ground: Ground) -> str:
    reply = await ground.asker.ask(VAULTS, "OPTIONS")
    named = reply.fields.get("Allow", "").replace(" ", "").split(",")
    methods = sorted(each for each in named if each.isalpha() and each.isascii() and len(each) < 10)
    return f"{reply.outcome}, allows {' '.join(methods)}" if methods else reply.outcome


def _slash(key: str, what: str, where: Where) -> Question:
    return Question(
        key=f"slash_{key}",
        text=f"{what} with a trailing slash",
        ask=_with_slash(where),
        expected="answered",
        matters=_JS,
        if_different="nothing to set: a redirect is passed on, and costs such a client a second request each time",
    )


def _head(key: str, what: str, where: Where) -> Question:
    return Question(
        key=f"head_{key}",
        text=f"HEAD of {what}",
        ask=_by_head(where),
        expected="200, states length",
        matters="always passed on, since nobody knew this answer; no client is known to ask",
        if_different="nothing to set",
    )


QUESTIONS = (
    _slash("vaults", "the list of vaults", lambda _: VAULTS),
    _slash("items", "a list of items", lambda ground: a_vault(ground).items_path),
    _slash("files", "the files of an item", lambda ground: f"{item_path(ground)}/files"),
    _head("vaults", "the list of vaults", lambda _: VAULTS),
    _head("item", "an item", item_path),
    Question(
        key="options",
        text="OPTIONS of the list of vaults",
        ask=_options,
        expected="405, allows GET HEAD",
        matters="passed on unchanged; a browser would ask it",
        if_different="nothing to set",
    ),
)
