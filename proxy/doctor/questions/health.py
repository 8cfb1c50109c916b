"""The three routes beside /v1: who may ask them, and what they show."""

import re
from collections.abc import Sequence

from proxy.doctor.asker import Reply
from proxy.doctor.ground import Ground
from proxy.doctor.question import Question, Told
from proxy.doctor.wording import content_type, document_of

_PLAIN = re.compile(r"[A-Za-z0-9_ -]{1,40}")
_METRIC = re.compile(rb"^([a-zA-Z_:][a-zA-Z0-9_:]{0,80})[ {]", re.MULTILINE)
_OF_THE_RUNTIME = (b"go_", b"process_", b"promhttp_")
_MOST_NAMES = 8


async def _health(ground: Ground) -> str:
    anyone, known = await ground.asker.ask_as(None, "/health"), await ground.asker.look("/health")
    told = f"{anyone.outcome} {_members(anyone)}"
    same = (anyone.status, _members(anyone)) == (known.status, _members(known))
    return f"{told}; with token {'the same' if same else f'{known.outcome} {_members(known)}'}"


async def _dependencies(ground: Ground) -> Told:
    document = document_of(await ground.asker.look("/health"))
    listed = document.get("dependencies") if isinstance(document, dict) else None
    states = [_state(each) for each in listed] if isinstance(listed, list) else []
    waits = any(
        "TOKEN_NEEDED" in state or "UNINITIALIZED" in state or "NOT_SYNCED" in state for state in states
    )
    return Told(
        text=", ".join(states) or "none",
        concern="Connect is not synced: ask again once it is" if waits else "",
        is_figure=True,
    )


def _state(dependency: object) -> str:
    if not isinstance(dependency, dict):
        return "(odd)"
    named = [dependency.get(key) for key in ("service", "status")]
    return " ".join(part if isinstance(part, str) and _PLAIN.fullmatch(part) else "(odd)" for part in named)


def _members(reply: Reply) -> str:
    document = document_of(reply)
    if not isinstance(document, dict):
        return "no JSON"
    known = [key for key in ("name", "version", "dependencies") if key in document]
    others = len(document) - len(known)
    return " ".join([*known, *([f"and {others} other members"] if others else [])])


async def _heartbeat(ground: Ground) -> str:
    reply = await ground.asker.ask_as(None, "/heartbeat")
    is_dot = reply.body.strip() == b"."
    return f"{reply.outcome} {content_type(reply)}{', a dot' if is_dot else ''}"


async def _metrics(ground: Ground) -> str:
    reply = await ground.asker.ask_as(None, "/metrics")
    return f"public ({content_type(reply)})" if reply.is_ok else reply.outcome


async def _metric_names(ground: Ground) -> Told:
    reply = await ground.asker.ask("/metrics")
    names = sorted(set(_METRIC.findall(reply.body))) if reply.is_ok else []
    others = [name.decode() for name in names if not name.startswith(_OF_THE_RUNTIME)]
    return Told(text=_listed(others, len(names)), is_figure=True)


def _listed(others: Sequence[str], total: int) -> str:
    if not others:
        return f"{total} names, all of Go's runtime"
    more = len(others) - _MOST_NAMES
    shown = ", ".join(others[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
    return f"{total} names; beyond Go's runtime: {shown}"


QUESTIONS = (
    Question(
        key="health",
        text="/health without a token",
        ask=_health,
        expected="200 name version dependencies; with token the same",
        matters="after a refusal it tells an outage from a revoked token",
        if_different="if it needs a token or says less: a restart of Connect may look like a refused token",
    ),
    Question(
        key="dependencies",
        text="what /health says of its parts",
        ask=_dependencies,
        matters="unsynced parts make refusals count as an outage",
    ),
    Question(
        key="heartbeat",
        text="/heartbeat without a token",
        ask=_heartbeat,
        expected="200 text/plain, a dot",
        matters="probes of Connect's own chart; passed on, never stored",
        if_different="nothing to set",
    ),
    Question(
        key="metrics",
        text="/metrics without a token",
        ask=_metrics,
        expected="public (text/plain)",
        matters='anyone who reaches the traffic port reads it: routes.deny = ["* metrics"]',
        if_different="nothing to deny then",
    ),
    Question(
        key="metric_names",
        text="names in /metrics",
        ask=_metric_names,
        matters="what Connect tells of itself besides ours",
    ),
)
