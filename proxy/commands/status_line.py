"""The status as one line: how it is, since when and why; then the same figures in the same order, always."""

from collections.abc import Iterator
from typing import assert_never

from proxy.commands.plain_words import duration, failure, moment, percent, rate, short_duration
from proxy.exchange.events import Answered
from proxy.status.document import Reason, State, Status

_ERRORS = {
    Answered.FAILED.value: "no answer from Connect",
    Answered.FORWARDED.value: "Connect's own errors",
    Answered.COLLAPSED.value: "Connect's own errors",
    Answered.LIMITED.value: "tokens above their limits",
    Answered.REFUSED.value: "refused by the sidecar",
}


def line_of(status: Status) -> str:
    """Return the line."""
    return " | ".join((headline(status), *_figures(status)))


def headline(status: Status) -> str:
    """Return what comes first: the state, and whatever speaks against an OK."""
    said = [reason_in_words(reason, status) for reason in status.reasons]
    if status.state is State.DRAINING:
        said.insert(0, f"{_counted(status.requests_under_way, 'request')} under way")
    if not said:
        said = [f"in front of {status.upstream}"]
    return f"{status.state.upper()} {mode_note(status)}{'; '.join(said)}"


def mode_note(status: Status) -> str:
    """Return what must not be overlooked while the cache is off, with what joins it to what follows; else nothing."""
    if status.mode == "cache" or Reason.FORWARDING in status.reasons:
        return ""
    return f"in mode {status.mode}, nothing is answered from memory: "


def reason_in_words(reason: Reason, status: Status) -> str:
    """Return one reason in plain words."""
    match reason:
        case Reason.CLIENT_ERRORS:
            return _client_errors(status)
        case Reason.NOTHING_STORED:
            return f"nothing stored: {_away(status)}"
        case Reason.STALE_RAN_OUT:
            return f"stale answers have run out: {_away(status)}"
        case Reason.FORWARDING:
            return f"nothing is served stale in mode {status.mode}: {_away(status)}"
        case Reason.SERVING_STALE:
            left = status.stale_left_seconds
            return f"serving stale: {_away(status)}" + (
                "" if left is None else f", stale lasts {duration(left)}"
            )
        case Reason.AUDIT_LOST:
            return f"{_counted(status.audit_lost, 'audit record')} lost"
        case Reason.RELOAD_REFUSED:
            at = moment(status.reload_refused_unix_seconds or 0.0, status.at_unix_seconds)
            problems = _counted(len(status.reload_problems), "problem")
            return f"settings refused at {at} ({problems}), the old ones go on"
        case _:
            assert_never(reason)


def _away(status: Status) -> str:
    said = f"Connect {status.upstream} {failure(status.connect_failure)}"
    since, seconds = status.connect_away_since_unix_seconds, status.connect_away_seconds
    if since is None or seconds is None:
        return said
    return f"{said} since {moment(since, status.at_unix_seconds)} ({duration(seconds)})"


def _client_errors(status: Status) -> str:
    share = 100.0 * status.recent_errors / max(1, status.recent_requests)
    kinds = status.recent_error_answers
    most = max(kinds, key=lambda kind: kinds[kind], default="")
    mostly = f", mostly {_ERRORS.get(most, most)}" if most else ""
    return f"clients get errors: {share:.1f}% of {_counted(status.recent_requests, 'request')}{mostly}"


def _figures(status: Status) -> Iterator[str]:
    yield f"mode {status.mode}"
    if status.profile == "http":
        yield "profile http"
    yield clients(status)
    yield f"to Connect {rate(status.recent_to_connect_per_second)} (direct {rate(status.recent_direct_per_second)})"
    failing = sum(bool(endpoint.failure) for endpoint in status.endpoints)
    if failing and len(status.endpoints) > 1:
        yield f"upstreams {failing} of {len(status.endpoints)} failing"
    if status.profile != "http":
        yield f"tokens {tokens(status)}"
    oldest = status.oldest_fence_seconds
    yield f"fences {status.open_fences}" + ("" if oldest is None else f" (oldest {duration(oldest)})")
    yield from limits(status)
    yield f"audit lost {status.audit_lost}"


def clients(status: Status) -> str:
    """Return what clients got lately."""
    ok, memory = status.recent_ok_percent, status.recent_from_memory_percent
    if ok is None or memory is None:
        return f"no requests in {duration(status.recent_seconds)}"
    return f"ok {percent(ok)} hit {int(memory)}% p99 {short_duration(status.recent_p99_seconds or 0.0)}"


def tokens(status: Status) -> str:
    """Return how many tokens there are in which state."""
    return (
        f"{status.tokens_verified} ok {status.tokens_unverified} unverified {status.tokens_refused} refused"
    )


def limits(status: Status) -> Iterator[str]:
    """Yield what the limits did lately, or would have done; nothing if nothing."""
    if status.recent_limited:
        yield f"limited {status.recent_limited}"
    if status.recent_would_limit:
        yield f"would have limited {status.recent_would_limit}"


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
