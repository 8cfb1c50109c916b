"""Questions as data: what is asked, what the embedded server answers, why it matters and what follows."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from proxy.doctor.ground import Ground


class Verdict(StrEnum):
    """What an answer comes to."""

    SAME = "same"
    DIFFERENT = "different"
    MEASURED = "measured"
    CONCERN = "concern"
    """A figure that asks for another setting."""
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer in our own words. `concern` is the setting that follows; a figure is compared with no other."""

    text: str
    concern: str = ""
    is_figure: bool = False


Asking = Callable[[Ground], Awaitable[str | Told]]


class NotAskedError(Exception):
    """There is nothing in the account to ask about; the text says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question. `expected` is what the embedded server answers; None for a figure, which nobody foretells."""

    key: str
    text: str
    ask: Asking
    expected: str | None = None
    matters: str
    if_different: str = ""
    """What follows when the answer is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A question with its answer."""

    key: str
    question: str
    answer: str
    expected: str
    verdict: Verdict
    matters: str
    follows: str = ""


async def put(question: Question, ground: Ground, expected: Mapping[str, str]) -> Finding:
    """Ask one question; `expected` has answers of an embedded server that was asked. Raises DoctorError."""
    if question.key in expected and question.expected is not None:
        question = replace(question, expected=expected[question.key])
    try:
        told = await question.ask(ground)
    except NotAskedError as missing:
        return finding_of(question, Told(text=str(missing)), Verdict.NOT_ASKED)
    if isinstance(told, str):
        told = Told(text=told)
    if told.text != question.expected and ground.would_tell(told.text):
        told = replace(told, text="(withheld: it quotes something of the account)")
    return finding_of(question, told, _verdict(question, told))


def finding_of(question: Question, told: Told, verdict: Verdict) -> Finding:
    """Return what a question came to."""
    follows = told.concern or (question.if_different if verdict is Verdict.DIFFERENT else "")
    return Finding(
        key=question.key,
        question=question.text,
        answer=told.text,
        expected=question.expected or "",
        verdict=verdict,
        matters=question.matters,
        follows=follows,
    )


def _verdict(question: Question, told: Told) -> Verdict:
    if told.concern:
        return Verdict.CONCERN
    if question.expected is None or told.is_figure:
        return Verdict.MEASURED
    return Verdict.SAME if told.text == question.expected else Verdict.DIFFERENT


def are_worth_reading(findings: Iterable[Finding]) -> bool:
    """Tell whether any answer is not what is expected."""
    return any(each.verdict in {Verdict.DIFFERENT, Verdict.CONCERN} for each in findings)
