"""The live view's screen: the state in one big line, then small tables. Made for 80 by 24, uses what there is."""

from collections.abc import Sequence
from itertools import zip_longest
from textwrap import wrap

from proxy.commands.plain_words import duration, failure, mebibytes, moment, percent, rate, short_duration
from proxy.commands.screen import Line, Looks, Span, Style, bar, padded, sparkline
from proxy.commands.status_line import mode_note, reason_in_words, tokens
from proxy.status.document import ChangeStatus, State, Status, TokenStatus

_STATE_STYLES = {
    State.OK: Style.GOOD,
    State.DEGRADED: Style.DOUBTFUL,
    State.FAILING: Style.BAD,
    State.STARTING: Style.DOUBTFUL,
    State.DRAINING: Style.DOUBTFUL,
}
_ROWS = (
    ("from memory", ("hit",)),
    ("stale", ("stale",)),
    ("shared", ("collapsed",)),
    ("by Connect", ("forwarded",)),
    ("turned away", ("refused", "limited")),
    ("no answer", ("failed",)),
)
_TO_CONNECT = "to Connect"
_TROUBLES = frozenset({"stale", "turned away", "no answer"})
_LABEL, _NUMBER = 13, 9
_WIDE = 110
_MOST_REASON_LINES = 3
_NOW_SLOTS = 2  # ten seconds
_TOKEN_STYLES = {"refused": Style.ALARM, "unverified": Style.WARNING}
_SOON_SECONDS = 14 * 86_400
_CHANGES = {
    "upstream.down": "Connect is down: {}",
    "upstream.recovered": "Connect is back after {}",
    "upstream.switched": "upstream number {} is asked now",
    "mode.changed": "mode {}",
    "settings.reloaded": "settings reloaded, {} changed",
    "settings.refused": "settings refused, {} wrong",
    "responses.purged": "purged, {} dropped",
}


def screen(status: Status, looks: Looks, width: int, height: int) -> list[Line]:
    """Return the lines of the whole screen."""
    upper = [
        *_top(status, width),
        *_answers(status, looks, width),
        [],
        *_summary(status, looks, width),
        [],
    ]
    room = max(0, height - len(upper))
    if width >= _WIDE:
        token_lines, change_lines = _tokens(status, room), _changes(status, room)
        half = width // 2
        nothing: Line = ()
        sides = zip_longest(token_lines, change_lines, fillvalue=nothing)
        return [*upper, *([*padded(left, half), *right] for left, right in sides)]
    change_room = min(len(status.changes) + 1, max(2, room // 3)) if status.changes else 0
    return [*upper, *_tokens(status, room - change_room), *_changes(status, change_room)]


def gone(problem: str, last: Status) -> list[Line]:
    """Return the screen of a sidecar that does not answer."""
    seen = (
        ""
        if not last.version
        else f"It was last seen {last.state.upper()}, up {duration(last.uptime_seconds)}."
    )
    return [[Span(" GONE ", Style.BAD), Span(f" {problem}")], [], [Span(seen, Style.QUIET)]]


def _top(status: Status, width: int) -> list[Line]:
    style = _STATE_STYLES[status.state]
    left = f" {status.state.upper()} "
    now = moment(status.at_unix_seconds, status.at_unix_seconds)
    right = f" mode {status.mode}  up {duration(status.uptime_seconds)}  {now} "
    middle = f"in front of {status.upstream}"
    room = max(0, width - len(left) - len(right))
    reasons = [reason_in_words(reason, status) for reason in status.reasons]
    note = mode_note(status).removesuffix(": ")
    said = "; ".join([*([note] if note else []), *reasons])
    lines = wrap(
        said, max(20, width - 2), max_lines=_MOST_REASON_LINES, placeholder=" ...", break_on_hyphens=False
    )
    emphasis = Style.ALARM if status.state is State.FAILING else Style.WARNING
    return [
        [Span(left, style), Span(f" {middle}"[:room].ljust(room)), Span(right, Style.STRONG)],
        *([Span(f" {line}", emphasis)] for line in lines),
    ]


def _answers(status: Status, looks: Looks, width: int) -> list[Line]:
    columns = max(0, width - _LABEL - _NUMBER - 3)
    minutes = duration(status.history_slot_seconds * min(columns, _slots(status)))
    explained = f"the last {minutes}, {status.history_slot_seconds}s a column"
    head = f" {'answers':<{_LABEL}}{'now':>{_NUMBER}}  {explained}"
    lines: list[Line] = [[Span(head, Style.QUIET)]]
    for label, kinds in _ROWS:
        counts = [sum(each) for each in zip(*(status.history.get(kind, ()) for kind in kinds), strict=False)]
        lines.append(_row(label, counts, columns, looks, status))
    lines.append(_row(_TO_CONNECT, status.history.get("to_connect", ()), columns, looks, status))
    return lines


def _row(label: str, counts: Sequence[int], columns: int, looks: Looks, status: Status) -> list[Span]:
    whole = counts[-1 - _NOW_SLOTS : -1]  # the last slot is still filling
    per_second = rate(sum(whole) / max(1, len(whole) * status.history_slot_seconds))
    style = Style.WARNING if label in _TROUBLES and any(whole) else Style.PLAIN
    return [
        Span(f" {label:<{_LABEL}}{per_second:>{_NUMBER}}  ", style),
        Span(sparkline(counts, columns, looks), style),
    ]


def _summary(status: Status, looks: Looks, width: int) -> list[Line]:
    share = status.stored_bytes / status.store_limit_bytes if status.store_limit_bytes else 0.0
    gauge = bar(share, max(5, min(30, width - 60)), looks)
    oldest = status.oldest_fence_seconds
    fences = f"fences {status.open_fences}" + ("" if oldest is None else f" (oldest {duration(oldest)})")
    lost = Style.ALARM if status.audit_lost else Style.PLAIN
    return [
        _labelled("clients", Span(_clients(status))),
        _labelled("Connect", *_connect(status)),
        _labelled(
            "store",
            Span(gauge),
            Span(f" {mebibytes(status.stored_bytes)} of {mebibytes(status.store_limit_bytes)} MiB"),
            Span(f"  {status.stored_responses:,} stored  {status.evictions:,} evicted"),
        ),
        _labelled("writes", Span(f"{fences}  waiting {status.writes_waiting}")),
        _labelled("limits", Span(_limits(status)), Span(f"    audit lost {status.audit_lost}", lost)),
    ]


def _clients(status: Status) -> str:
    ok, memory = status.recent_ok_percent, status.recent_from_memory_percent
    held = f"{status.client_connections} connected  {status.requests_under_way} under way"
    if ok is None or memory is None:
        return f"no requests in {duration(status.recent_seconds)}  {held}"
    p50, p99 = (
        short_duration(each or 0.0) for each in (status.recent_p50_seconds, status.recent_p99_seconds)
    )
    return f"ok {percent(ok)}  hit {int(memory)}%  p50 {p50}  p99 {p99}  {held}"


def _connect(status: Status) -> list[Span]:
    saved = f"direct {rate(status.recent_direct_per_second)}"
    if not status.endpoints:
        return [Span(f"no address yet  {saved}", Style.WARNING)]
    spans = []
    for each in status.endpoints:
        name = f"number {each.number} " if len(status.endpoints) > 1 else ""
        pinned = "*" if each.is_pinned and len(status.endpoints) > 1 else ""
        doing = failure(each.failure) if each.failure else "answers"
        style = Style.WARNING if each.failure else Style.PLAIN
        spans.append(Span(f"{pinned}{name}{doing}, breaker {each.breaker.replace('_', ' ')}  ", style))
    return [*spans, Span(saved)]


def _limits(status: Status) -> str:
    if status.recent_limited:
        return f"{status.limit_mode}, {status.recent_limited} limited"
    would = f", {status.recent_would_limit} would be limited" if status.limit_mode == "shadow" else ""
    return f"{status.limit_mode}{would}"


def _tokens(status: Status, room: int) -> list[Line]:
    if room < 1 or status.profile == "http":
        return []
    lines: list[Line] = [[Span(f" {'tokens':<{_LABEL}}{tokens(status)}", Style.QUIET)]]
    rows = room - 1
    shown = status.tokens if len(status.tokens) <= rows else status.tokens[: max(0, rows - 1)]
    lines += [_token(token, status.at_unix_seconds) for token in shown]
    hidden = len(status.tokens) - len(shown)
    if hidden and rows:
        lines.append([Span(f"   and {hidden} more", Style.QUIET)])
    return lines


def _token(token: TokenStatus, now: float) -> list[Span]:
    said = {"verified": "ok"}.get(token.state, token.state)
    expires = token.expires_unix_seconds
    style = Style.PLAIN
    ends = "no end"
    if expires is not None:
        style = Style.WARNING if expires - now < _SOON_SECONDS else Style.PLAIN
        ends = f"ends in {duration(expires - now)}" if expires > now else "has ended"
    return [
        Span(f"   {token.name:<20.20} "),
        Span(f"{said:<11}", _TOKEN_STYLES.get(token.state, Style.PLAIN)),
        Span(f"proved {duration(token.verified_age_seconds) + ' ago':<12}"),
        Span(ends, style),
    ]


def _changes(status: Status, room: int) -> list[Line]:
    if room < 2:
        return []
    lines: list[Line] = [[Span(" changes", Style.QUIET)]]
    lines += [[Span(f"   {_change(each, status.at_unix_seconds)}")] for each in status.changes[: room - 1]]
    return lines


def _change(change: ChangeStatus, now: float) -> str:
    detail = change.detail
    if change.event == "upstream.down":
        detail = failure(detail)
    elif change.event == "upstream.recovered":
        detail = duration(float(detail))
    said = _CHANGES.get(change.event, change.event + " {}").format(detail)
    return f"{moment(change.at_unix_seconds, now)} {said}"


def _labelled(label: str, *spans: Span) -> list[Span]:
    return [Span(f" {label:<{_LABEL}}", Style.QUIET), *spans]


def _slots(status: Status) -> int:
    return max((len(counts) for counts in status.history.values()), default=0)
