"""Fields of responses, conditional requests, ranges, coding."""

from proxy.doctor.asker import Reply
from proxy.doctor.ground import VAULTS, Ground
from proxy.doctor.question import Asking, NotAskedError, Question, Told
from proxy.doctor.questions.things import a_vault, item_path
from proxy.doctor.wording import content_type, field_text

_VERSION = "1Password-Connect-Version"


async def _version(ground: Ground) -> str | Told:
    replies = {
        "lists": await ground.asker.look(VAULTS),
        "errors": await ground.asker.ask_as(None, VAULTS),
        "/heartbeat": await ground.asker.ask_as(None, "/heartbeat"),
    }
    there = [name for name, reply in replies.items() if _VERSION in reply.fields]
    if not there:
        return "absent"
    return f"on {', '.join(there)}"


async def _which_version(ground: Ground) -> Told:
    return Told(text=field_text(await ground.asker.look(VAULTS), _VERSION), is_figure=True)


def _field(name: str) -> Asking:
    async def ask(ground: Ground) -> str:
        places = (VAULTS, item_path(ground))
        told = [field_text(await ground.asker.look(place), name) for place in places]
        return told[0] if told[0] == told[1] else f"list: {told[0]}; item: {told[1]}"

    return ask


async def _entity_tag(ground: Ground) -> str:
    kinds = set()
    for place in (VAULTS, item_path(ground)):
        tag = (await ground.asker.look(place)).fields.get("ETag")
        kinds.add("absent" if tag is None else "weak" if tag.startswith("W/") else "strong")
    return " or ".join(sorted(kinds))


async def _content_types(ground: Ground) -> str:
    places = (VAULTS, a_vault(ground).items_path, item_path(ground))
    return ", ".join(sorted({content_type(await ground.asker.look(place)) for place in places}))


async def _framing(ground: Ground) -> str:
    replies = [
        await ground.asker.look(place) for place in (VAULTS, a_vault(ground).items_path, item_path(ground))
    ]
    stated = {reply.states_length for reply in replies}
    if len(stated) == 2:
        return "some state their length, some are chunked"
    return "every length is stated" if stated == {True} else "chunked"


async def _coding(ground: Ground) -> str:
    reply = await ground.asker.ask(VAULTS, fields={"Accept-Encoding": "gzip, deflate, br"})
    return field_text(reply, "Content-Encoding")


async def _if_none_match(ground: Ground) -> str:
    path = item_path(ground)
    tag = (await ground.asker.look(path)).fields.get("ETag")
    if tag is None:
        return _honoured(await ground.asker.ask(path, fields={"If-None-Match": "*"}), "no ETag; * is")
    return _honoured(await ground.asker.ask(path, fields={"If-None-Match": tag}), "its ETag is")


async def _if_modified_since(ground: Ground) -> str:
    date = (await ground.asker.look(VAULTS)).fields.get("Date")
    if date is None:
        raise NotAskedError("no Date to ask with")
    reply = await ground.asker.ask(item_path(ground), fields={"If-Modified-Since": date})
    return _honoured(reply, "it is")


async def _range(ground: Ground) -> str:
    reply = await ground.asker.ask(item_path(ground), fields={"Range": "bytes=0-0"})
    return "honoured (206)" if reply.status == 206 else "ignored" if reply.is_ok else reply.outcome


def _honoured(reply: Reply, what: str) -> str:
    if reply.status == 304:
        return f"{what} honoured (304)"
    return f"{what} ignored" if reply.is_ok else f"{what} answered with {reply.outcome}"


def _about_field(name: str, expected: str, matters: str, if_different: str) -> Question:
    return Question(
        key=name.lower().replace("-", "_"),
        text=f"field {name}",
        ask=_field(name),
        expected=expected,
        matters=matters,
        if_different=if_different,
    )


QUESTIONS = (
    Question(
        key="version_field",
        text=f"where {_VERSION} is sent",
        ask=_version,
        expected="on lists, errors, /heartbeat",
        matters="the Go SDK's file calls and `op` need it",
        if_different="hits carry what the stored response had; answers of our own never carry it",
    ),
    Question(
        key="version",
        text="version of Connect",
        ask=_which_version,
        matters="before 1.7.2 the first request may be 401; before 1.3.0 there are no files",
    ),
    Question(
        key="etag",
        text="field ETag",
        ask=_entity_tag,
        expected="absent",
        matters="with it a stored response can be validated without its body",
        if_different="used as it is, nothing to set: validation gets cheaper",
    ),
    _about_field(
        "Last-Modified",
        "absent",
        "a weak validator",
        "used as it is; nothing is kept longer for it, since freshness is set by cache.item_freshness_seconds",
    ),
    _about_field(
        "Cache-Control",
        "absent",
        "it is obeyed: no-store, private and max-age say what may be kept, and how long",
        "obeyed: with no-store nothing is ever kept; of max-age and our freshness the shorter counts",
    ),
    _about_field(
        "Vary",
        "absent",
        "a stored response is used for requests with the same nominated fields only",
        "obeyed: fewer hits if clients differ in what it names; a `*` means none",
    ),
    _about_field("Server", "absent", "passed on", "nothing to set"),
    Question(
        key="media_types",
        text="media types of lists and items",
        ask=_content_types,
        expected="application/json",
        matters="passed on; what can't be read as JSON is never kept, whatever it says it is",
        if_different="nothing to set; some clients refuse another type",
    ),
    Question(
        key="framing",
        text="length of bodies",
        ask=_framing,
        expected="every length is stated",
        matters="a body that states no length is collected up to cache.response_bytes",
        if_different="nothing to set",
    ),
    Question(
        key="coding",
        text="Content-Encoding, with gzip asked for",
        ask=_coding,
        expected="absent",
        matters="a coding must not reach a client that doesn't know it",
        if_different="nothing to set: what is stored in a coding is given only to clients that accept it",
    ),
    Question(
        key="if_none_match",
        text="If-None-Match",
        ask=_if_none_match,
        expected="no ETag; * is ignored",
        matters="clients' conditional requests are answered by us from what is stored",
        if_different="used for validation, nothing to set",
    ),
    Question(
        key="if_modified_since",
        text="If-Modified-Since",
        ask=_if_modified_since,
        expected="it is ignored",
        matters="the same, for the weak validator",
        if_different="used for validation where Last-Modified is sent, nothing to set",
    ),
    Question(
        key="range",
        text="Range",
        ask=_range,
        expected="ignored",
        matters="we answer ranges from what is stored",
        if_different="nothing to set",
    ),
)
