"""How long answers take, and whose clock is right."""

import statistics
from collections.abc import Sequence
from email.utils import parsedate_to_datetime

from proxy.doctor.ground import VAULTS, Ground
from proxy.doctor.question import Asking, NotAskedError, Question, Told
from proxy.doctor.questions.things import Where, a_vault, item_path
from proxy.errors import ErrorKind

_TIMES = 5
_SLOW_SECONDS = 1.0
_VERY_SLOW_SECONDS = 6.0
_CLOCK_SECONDS = 5.0
_SLOW = "keep cache.answer_stale_after_seconds at 2 or lower: Python clients give up after 5 s"
_TOO_LATE = "raise upstream.head_seconds (12) above what this takes, and find out why it does"
_ERRORS = "look at Connect first: it answers this with errors"


def _latency(where: Where) -> Asking:
    async def ask(ground: Ground) -> Told:
        path = where(ground)
        replies = [await ground.asker.ask(path) for _ in range(_TIMES)]
        failed = next((reply for reply in replies if not reply.is_ok), None)
        if failed is None:
            return _told([reply.seconds for reply in replies])
        is_late = failed.failure == ErrorKind.HTTP_RESPONSE_TIMEOUT
        return Told(text=failed.outcome, concern=_TOO_LATE if is_late else _ERRORS, is_figure=True)

    return ask


def _told(seconds: Sequence[float]) -> Told:
    middle, most = statistics.median(seconds), max(seconds)
    concern = _TOO_LATE if most > _VERY_SLOW_SECONDS else _SLOW if middle > _SLOW_SECONDS else ""
    text = f"p50 {middle * 1000:.1f} ms, most {most * 1000:.1f} ms"
    return Told(text=text, concern=concern, is_figure=True)


async def _clock(ground: Ground) -> Told:
    reply = await ground.asker.ask_as(None, "/heartbeat")
    try:
        theirs = parsedate_to_datetime(reply.fields["Date"]).timestamp()
    except (KeyError, ValueError):
        raise NotAskedError("no Date") from None
    ahead = theirs + 0.5 - (reply.arrived_unix_seconds - reply.seconds / 2)  # Date has whole seconds
    if abs(ahead) < 1.5:
        return Told(text="the same, as far as whole seconds tell", is_figure=True)
    off = abs(ahead) > _CLOCK_SECONDS
    return Told(
        text=f"theirs is {abs(ahead):.0f} s {'ahead' if ahead > 0 else 'behind'}",
        concern="set the clocks: a token's `exp` counts here, one-time passwords are of the moment"
        if off
        else "",
        is_figure=True,
    )


def _about(key: str, text: str, where: Where) -> Question:
    return Question(
        key=f"latency_{key}",
        text=f"time for {text}",
        ask=_latency(where),
        matters="what a hit saves",
    )


QUESTIONS = (
    _about("heartbeat", "/heartbeat", lambda _: "/heartbeat"),
    _about("vaults", "the list of vaults", lambda _: VAULTS),
    _about("items", "a list of items", lambda ground: a_vault(ground).items_path),
    _about("item", "an item", item_path),
    Question(
        key="clock",
        text="its clock against ours",
        ask=_clock,
        matters="dates in tokens and one-time passwords",
    ),
)
