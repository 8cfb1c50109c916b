"""An explanation in an operator's words: what is known, line by line, and at the end one sentence that says it all."""

from collections.abc import Iterator

from proxy.commands.plain_words import duration
from proxy.exchange.explanation import Because, Explanation, FenceState, LimitState, StoredState, Verdict

_LABEL = 10
_HANDLING = {
    "cache": "answered from memory where that is allowed",
    "pass": "passed on, never stored",
    "write": "passed on once; what it touches is dropped",
}

SENTENCES = {
    Verdict.FRESH: "It would be answered from memory: fresh for {fresh_left} more.",
    Verdict.REVALIDATING: "It would be answered from memory, stale, while Connect is asked behind it.",
    Verdict.STALE: "Connect is down: it would be answered from memory, stale, for {stale_left} more.",
    Verdict.STALE_INSTEAD_OF_429: "It would be answered from memory, stale, because {budget}.",
    Verdict.SHARED: "It would share a request to Connect that is under way already; it was sent because {because}.",
    Verdict.ASKED: "Connect would be asked, because {because}.",
    Verdict.FAILED: "It would fail: Connect is down, and must be asked because {because}.",
    Verdict.LIMITED: "It would be refused with 429: {budget}.",
    Verdict.REFUSED_BEFORE: "It would get Connect's last refusal again, without asking, for {refused_left} more.",
    Verdict.ROUTE_DENIED: "It would be refused with 403: the routes in the settings do not let it pass.",
    Verdict.BUSY: "It would be refused with 503: too many requests wait already.",
}
BECAUSE = {
    Because.NOT_STORED: "nothing is stored for it",
    Because.NEVER_STORED: "answers to this are never stored",
    Because.METHOD: "only GET is answered from memory",
    Because.WRITE: "it is a write",
    Because.MODE: "the mode is {mode}",
    Because.NOT_FRESH: "what is stored is no longer fresh",
    Because.UNVERIFIED: "the token's access to this {access}",
    Because.SUSPENDED: "Connect has refused the token",
    Because.EXPIRED: "the token says of itself that it has ended",
    Because.OUTSIDE_GRANTS: "the token says of itself that it is for other vaults",
    Because.FENCE: "a write of {written} ago may not show yet",
    Because.ABSENT: "a list of this token no longer shows the item",
    Because.NEWER_VERSION: "version {version} is stored and version {highest} exists",
    Because.OUTDATED: "something has happened since that may have changed what is stored",
    Because.ORIGIN: "Connect wants to be asked every time",
}


def lines_of(explained: Explanation) -> list[str]:
    """Return everything, the sentence last."""
    return [*(f"{label:<{_LABEL}}{said}" for label, said in _facts(explained)), "", sentence_of(explained)]


def sentence_of(explained: Explanation) -> str:
    """Return what would become of the request, in one sentence."""
    stored, fence, age = explained.stored, explained.fence, explained.access_age_seconds
    words = {
        "mode": explained.mode,
        "fresh_left": _time(0.0 if stored is None else stored.fresh_left_seconds),
        "stale_left": _time(0.0 if stored is None else stored.stale_left_seconds or 0.0),
        "refused_left": _time(explained.refused_again_seconds),
        "budget": _used_up(explained),
        "written": _time(0.0 if fence is None else fence.age_seconds),
        "version": "none" if stored is None else stored.version,
        "highest": explained.highest_version,
        "access": "is not proved" if age is None else f"was last proved {_time(age)} ago",
    }
    because = "" if explained.because is None else BECAUSE[explained.because].format_map(words)
    return SENTENCES[explained.verdict].format_map({**words, "because": because})


def _facts(explained: Explanation) -> Iterator[tuple[str, str]]:
    ids = " ".join(f"{word} {identifier}" for word, identifier in explained.about.items())
    filtered = "filtered" if explained.filtered else ""
    yield "request", " ".join(part for part in (explained.method, explained.resource, ids, filtered) if part)
    yield "token", explained.token + _token_end(explained)
    yield "mode", explained.mode
    yield "route", "permitted" if explained.route_permitted else "denied"
    yield "handling", _HANDLING.get(explained.handling, explained.handling)
    if explained.handling == "cache":
        yield "stored", "no" if explained.stored is None else _stored(explained.stored)
        yield "version", _versions(explained)
    if explained.token_is_refused:
        yield "access", "Connect has refused the token"
    elif explained.access_age_seconds is not None:
        yield "access", _access(explained.access_age_seconds, explained.access_left_seconds or 0.0)
    elif explained.about.get("vault"):
        yield "access", "not proved for this vault"
    yield "fence", "none" if explained.fence is None else _fence(explained.fence)
    yield "limits", _limits(explained)
    if explained.refused_again_seconds:
        yield "refused", f"the last refusal is repeated for {_time(explained.refused_again_seconds)} more"
    yield "breaker", ", ".join(state.replace("_", " ") for state in explained.breakers) or "no upstream known"


def _token_end(explained: Explanation) -> str:
    left = explained.token_left_seconds
    if left is None:
        return ""
    return f", ends in {duration(left)}" if left > 0 else ", has ended"


def _stored(stored: StoredState) -> str:
    fresh = f"fresh for {_time(stored.fresh_left_seconds)} more" if stored.fresh_left_seconds > 0 else "stale"
    left = stored.stale_left_seconds
    outage = "no use in an outage" if left is None else f"good for {_time(left)} more in an outage"
    variants = f", the latest of {stored.variants}" if stored.variants > 1 else ""
    return f"yes, {_time(stored.age_seconds)} old, {fresh}, {outage}{variants}"


def _versions(explained: Explanation) -> str:
    stored = None if explained.stored is None else explained.stored.version
    shown = "none" if stored is None else str(stored)
    highest = "none" if explained.highest_version is None else str(explained.highest_version)
    return f"{shown} stored, {highest} is the highest known"


def _access(age_seconds: float, left_seconds: float) -> str:
    until = f"good for {_time(left_seconds)} more" if left_seconds > 0 else "must be proved again"
    return f"proved {_time(age_seconds)} ago, {until}"


def _fence(fence: FenceState) -> str:
    awaited = {
        "version": f"version {fence.version} is awaited",
        "absence": "the item is awaited to be gone",
        "time": "it is unknown what the write has led to",
    }
    said = awaited.get(fence.waits_for, fence.waits_for)
    return f"written {_time(fence.age_seconds)} ago, {said}, for {_time(fence.left_seconds)} at most"


def _limits(explained: Explanation) -> str:
    if not explained.limits:
        return f"{explained.limit_mode}, none for this token"
    each = ", ".join(
        f"{_budget(limit)} {limit.remaining} of {limit.burst} left" for limit in explained.limits
    )
    return f"{explained.limit_mode}, {each}"


def _budget(limit: LimitState) -> str:
    return {"upstream": "to Connect", "requests": "requests"}.get(limit.budget, limit.budget)


def _used_up(explained: Explanation) -> str:
    used_up = next((limit for limit in explained.limits if not limit.remaining), None)
    if used_up is None:
        return "the token's budget is used up"
    what = "requests to Connect" if used_up.budget == "upstream" else "requests"
    return f"the token's budget for {what} is used up for {_time(used_up.retry_after_seconds)} more"


def _time(seconds: float) -> str:
    """Return a duration, with a space where it is only seconds: it stands in a sentence."""
    return f"{int(seconds)} s" if seconds < 60 else duration(seconds)
