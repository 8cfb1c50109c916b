"""Answers on the wire, whole or spoilt: late, in drips, cut short, with fields added or removed."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import assert_never

from aiohttp import web
from multidict import CIMultiDict

from proxy.emulator.answer import Answer
from proxy.emulator.clock import Clock
from proxy.emulator.effects import BodyEffect, ChangedFields, EntityTags, FieldEffect, SlowBody, TruncatedBody
from proxy.emulator.file_content import FixedContent, whole
from proxy.emulator.holds import Hold
from proxy.emulator.recorder import RecordedRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoiling:
    """What is to happen to the body on its way."""

    body: BodyEffect | None = None
    hold: Hold | None = None


def with_changed_fields(answer: Answer, effect: FieldEffect | None, if_none_match: str | None) -> Answer:
    """Return `answer` with the fields that a fault gives it."""
    match effect:
        case None:
            return answer
        case ChangedFields():
            removed = {name.lower() for name in effect.remove}
            kept = tuple(entry for entry in answer.fields if entry[0].lower() not in removed)
            return _replaced(answer, (*kept, *effect.add))
        case EntityTags():
            return _tagged(answer, if_none_match)
    assert_never(effect)


async def deliver(
    request: web.BaseRequest,
    answer: Answer,
    *,
    spoiling: Spoiling,
    clock: Clock,
    record: RecordedRequest,
) -> web.StreamResponse:
    """Send `answer` and return the response that carried it."""
    headers = CIMultiDict(answer.fields)
    if answer.content_type is not None:
        headers["Content-Type"] = answer.content_type
    if isinstance(answer.content, FixedContent) and spoiling.body is None and spoiling.hold is None:
        body = answer.content.content if answer.content_type is not None else None
        return web.Response(status=answer.status, headers=headers, body=body)
    response = web.StreamResponse(status=answer.status, headers=headers)
    if answer.content_type is not None:
        response.content_length = answer.content.size
    await response.prepare(request)
    if request.method != "HEAD":
        await _send_body(response, answer, spoiling=spoiling, clock=clock, record=record)
    if isinstance(spoiling.body, TruncatedBody):
        response.force_close()
        if request.transport is not None:
            request.transport.close()
    return response


async def _send_body(
    response: web.StreamResponse,
    answer: Answer,
    *,
    spoiling: Spoiling,
    clock: Clock,
    record: RecordedRequest,
) -> None:
    half = answer.content.size // 2
    chunks: Iterable[bytes] = answer.content.chunks()
    match spoiling.body:
        case TruncatedBody():
            announced = half if spoiling.body.sent_bytes is None else spoiling.body.sent_bytes
            chunks = _first_bytes(chunks, announced)
        case SlowBody():
            chunks = _pieces(chunks, spoiling.body.chunk_bytes)
        case None:
            pass
    if spoiling.hold is not None:
        chunks = list(chunks)
        await response.write(b"".join(_first_bytes(chunks, half)))
        await spoiling.hold.stand_still(record)
        chunks = [b"".join(chunks)[half:]]
    for chunk in chunks:
        await response.write(chunk)
        if isinstance(spoiling.body, SlowBody):
            await clock.sleep(spoiling.body.interval_seconds)


def _first_bytes(chunks: Iterable[bytes], count: int) -> Iterator[bytes]:
    for chunk in chunks:
        if count <= 0:
            return
        yield chunk[:count]
        count -= len(chunk)


def _pieces(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), size):
            yield chunk[start : start + size]


def _tagged(answer: Answer, if_none_match: str | None) -> Answer:
    if answer.status != 200:
        return answer
    tag = f'"{hashlib.sha256(whole(answer.content)).hexdigest()[:16]}"'
    fields = (*answer.fields, ("ETag", tag))
    if if_none_match is not None and tag in if_none_match:
        return Answer(status=304, fields=fields)
    return _replaced(answer, fields)


def _replaced(answer: Answer, fields: tuple[tuple[str, str], ...]) -> Answer:
    return Answer(
        status=answer.status, content=answer.content, content_type=answer.content_type, fields=fields
    )
