"""HTTP/1.1 by hand: the bytes a test wants, and the bytes that came back, with nothing in between."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WireAnswer:
    """One answer as it came: fields in order, body with the chunked coding removed."""

    status: int
    reason: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def values(self, name: str) -> list[str]:
        wanted = name.lower().encode()
        return [value.decode("latin-1") for key, value in self.fields if key.lower() == wanted]

    def value(self, name: str) -> str | None:
        return next(iter(self.values(name)), None)


class WireClient:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, address: str) -> "WireClient":
        """Connect to host:port or [host]:port."""
        host, _, port = address.removeprefix("http://").rpartition(":")
        return cls(*await asyncio.open_connection(host.strip("[]"), int(port), limit=2**20))

    async def __aenter__(self) -> "WireClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()

    async def ask(self, head: str | bytes, body: bytes = b"") -> WireAnswer:
        """Send a request and return its answer; `head` may be lines without the final empty one."""
        raw = head if isinstance(head, bytes) else head.encode("latin-1")
        self.writer.write(raw.rstrip(b"\r\n") + b"\r\n\r\n" + body)
        await self.writer.drain()
        return await self.answer(is_head=raw.startswith(b"HEAD "))

    async def answer(self, *, is_head: bool = False) -> WireAnswer:
        """Read one final answer."""
        while True:
            head = await self.reader.readuntil(b"\r\n\r\n")
            status_line, *lines = head[:-4].split(b"\r\n")
            _, code, reason = (status_line + b" ").split(b" ", 2)
            status = int(code)
            if status >= 200:
                break
        fields = tuple((name, value.strip()) for name, _, value in (line.partition(b":") for line in lines))
        answer = WireAnswer(status=status, reason=reason.rstrip(b" "), fields=fields, body=b"")
        body = b"" if is_head or status in {204, 304} else await self._body(answer)
        return WireAnswer(status=status, reason=answer.reason, fields=fields, body=body)

    async def _body(self, answer: WireAnswer) -> bytes:
        if "chunked" in (answer.value("Transfer-Encoding") or ""):
            return await self._chunks()
        length = answer.value("Content-Length")
        if length is None:
            return await self.reader.read()
        return await self.reader.readexactly(int(length))

    async def _chunks(self) -> bytes:
        body = b""
        while size := int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16):
            body += (await self.reader.readexactly(size + 2))[:-2]
        while await self.reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return body


def request_head(method: str, path: str, token: str, *fields: str) -> str:
    """Return the lines of a request with a bearer token, the final empty one left out."""
    return "\r\n".join(
        [f"{method} {path} HTTP/1.1", "Host: connect", f"Authorization: Bearer {token}", *fields]
    )
