"""Answer -> octets (RFC 9112 sections 4 to 7): head, framing, body, back-pressure.

Heads are written here and not by aiohttp, so that names, order, repeats and any octet stay as they are and no
Server, Date or Content-Type appears. A body that fails midway resets the connection: an answer cut short must
never look complete.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Protocol

from multidict import CIMultiDict, CIMultiDictProxy, istr

from proxy.exchange.answer import Answer, BodyStream
from proxy.semantics.message import Fields

PIECE_BYTES = 65_536  # bodies go out in pieces, so that a slow reader never makes the transport hold a copy

_CONTENT_LENGTH = istr("Content-Length")
_OUR_FIELDS = (istr("Connection"), istr("Transfer-Encoding"), istr("Keep-Alive"))
_BODILESS_STATUS = frozenset({204, 304})


class Client(Protocol):
    """The connection, as far as writing needs it. Both raise ConnectionError once the client has left."""

    def write(self, data: bytes | memoryview) -> None: ...

    async def drain(self) -> None: ...


class Framing(StrEnum):
    """How the end of an answer's body is marked."""

    NONE = auto()  # no body follows, whatever the fields say
    LENGTH = auto()
    CHUNKED = auto()
    CLOSE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the request decides about the form of its answer."""

    is_head: bool
    minor_version: int
    may_persist: bool


class TruncatedAnswerError(Exception):
    """The body did not keep what the head promised; the connection must be reset."""


def framing_of(answer: Answer, asked: Asked) -> Framing:
    """Decide how the end of the body is marked (RFC 9112 section 6.3)."""
    if asked.is_head or answer.status in _BODILESS_STATUS or answer.status < 200:
        return Framing.NONE
    if isinstance(answer.body, bytes) or _CONTENT_LENGTH in answer.fields:
        return Framing.LENGTH
    return Framing.CHUNKED if asked.minor_version >= 1 else Framing.CLOSE


def persists(framing: Framing, asked: Asked) -> bool:
    """Tell whether the connection may serve another request after this answer."""
    return asked.may_persist and framing is not Framing.CLOSE


def head_octets(answer: Answer, framing: Framing, asked: Asked) -> bytes:
    """Return status line and fields, with the framing and connection fields that are ours to state."""
    fields = _end_to_end(answer, framing)
    lines = [f"HTTP/1.1 {answer.status} {answer.reason}"]
    lines += map(": ".join, fields.items())  # to format an istr costs three times as much
    if framing is Framing.LENGTH and _CONTENT_LENGTH not in fields:
        lines.append(f"Content-Length: {_length_of(answer.body)}")
    elif framing is Framing.CHUNKED:
        lines.append("Transfer-Encoding: chunked")
    if not persists(framing, asked):
        lines.append("Connection: close")
    elif asked.minor_version == 0:
        lines.append("Connection: keep-alive")
    lines += ("", "")
    text = "\r\n".join(lines)
    is_whole = text.count("\n") == text.count("\r") == len(lines) - 1  # response splitting ends here
    if not is_whole or not 100 <= answer.status <= 999:
        raise ValueError("an answer's head would not be well-formed")
    return text.encode("utf-8", "surrogateescape")


async def write_answer(client: Client, answer: Answer, asked: Asked) -> bool:
    """Write a whole answer; tell whether the connection may serve another request.

    Raises ConnectionError if the client left, TruncatedAnswerError if the body failed midway, and ValueError,
    before anything was written, if the answer can't be stated as HTTP. A stream is closed in any case.
    """
    framing = framing_of(answer, asked)
    body = answer.body
    if isinstance(body, bytes):
        head = head_octets(answer, framing, asked)
        await _write_complete(client, head, b"" if framing is Framing.NONE else body)
        return persists(framing, asked)
    async with aclosing(body):
        stated_bytes = _stated_length(answer.fields)
        client.write(head_octets(answer, framing, asked))
        if framing is not Framing.NONE:
            await _write_stream(client, body, framing, stated_bytes)
    return persists(framing, asked)


async def _write_complete(client: Client, head: bytes, body: bytes) -> None:
    if len(body) <= PIECE_BYTES:
        client.write(head + body)
        await client.drain()
        return
    client.write(head)
    view = memoryview(body)
    for start in range(0, len(body), PIECE_BYTES):
        client.write(view[start : start + PIECE_BYTES])
        await client.drain()


async def _write_stream(client: Client, body: BodyStream, framing: Framing, stated_bytes: int) -> None:
    chunks = aiter(body)
    written = 0
    while (chunk := await _next_chunk(chunks)) is not None:
        if not chunk:
            continue  # an empty chunk would end a chunked body
        written += len(chunk)
        if framing is Framing.LENGTH and written > stated_bytes:
            raise TruncatedAnswerError
        client.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if framing is Framing.CHUNKED else chunk)
        await client.drain()
    if framing is Framing.LENGTH and written != stated_bytes:
        raise TruncatedAnswerError
    if framing is Framing.CHUNKED:
        client.write(b"0\r\n\r\n")
        await client.drain()


async def _next_chunk(chunks: AsyncIterator[bytes]) -> bytes | None:
    """Tell a body that fails (even with ConnectionError) from a client that left."""
    try:
        return await anext(chunks, None)
    except Exception as fault:
        raise TruncatedAnswerError from fault


def _length_of(body: bytes | BodyStream) -> int:
    return len(body) if isinstance(body, bytes) else 0


def _stated_length(fields: Fields) -> int:
    value = fields.get(_CONTENT_LENGTH, "0")
    if not (value.isascii() and value.isdigit()):
        raise ValueError("an answer's Content-Length is no number")
    return int(value)


def _end_to_end(answer: Answer, framing: Framing) -> Fields:
    """Return the fields without those that only this hop may state."""
    fields = answer.fields
    ours = [name for name in _OUR_FIELDS if name in fields]
    if _CONTENT_LENGTH in fields:
        if isinstance(answer.body, bytes) and framing is Framing.LENGTH:
            if _stated_length(fields) != len(answer.body):
                raise ValueError("an answer's Content-Length is not its body's length")
        elif answer.status == 204 or answer.status < 200:
            ours.append(_CONTENT_LENGTH)  # RFC 9110 section 8.6
    if not ours:
        return fields
    kept = CIMultiDict(fields)
    for name in ours:
        del kept[name]
    return CIMultiDictProxy(kept)
