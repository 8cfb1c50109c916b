"""An origin server that says what a test scripts, octet for octet, and takes note of what it was asked."""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

REASONS = {200: "OK", 304: "Not Modified", 404: "Not Found", 500: "Internal Server Error"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripted:
    """One answer. `early` is what goes before it: 1xx heads; `hangs_up` is a connection closed instead of it."""

    status: int = 200
    reason: str | None = None
    lines: Sequence[str] = ()
    body: bytes = b""
    early: bytes = b""
    hangs_up: bool = False

    def octets(self, *, is_head: bool) -> bytes:
        reason = REASONS.get(self.status, "Scripted") if self.reason is None else self.reason
        lines = list(self.lines)
        if self.status not in {204, 304}:
            lines.append(f"Content-Length: {len(self.body)}")
        head = "\r\n".join([f"HTTP/1.1 {self.status} {reason}", *lines, "", ""]).encode(
            "utf-8", "surrogateescape"
        )
        return self.early + head + (b"" if is_head or self.status in {204, 304} else self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as the origin got it."""

    method: str
    target: str
    lines: tuple[str, ...]

    def values(self, name: str) -> list[str]:
        pairs = (line.partition(":") for line in self.lines)
        return [value.strip() for key, _, value in pairs if key.lower() == name.lower()]


class ScriptedOrigin:
    """Answers every request with the next scripted answer of its path, and 500 when the script is over."""

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        self.url = ""
        self._script: dict[str, deque[Scripted]] = {}
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    def script(self, path: str, *answers: Scripted) -> None:
        """Put answers at the end of a path's script."""
        self._script.setdefault(path, deque()).extend(answers)

    async def __aenter__(self) -> "ScriptedOrigin":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while await self._answer(reader, writer):
                    pass
        finally:
            self._serving.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request_line, *lines = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1").split("\r\n")
        method, target, _ = request_line.split(" ")
        asked = Asked(method=method, target=target, lines=tuple(lines))
        await reader.readexactly(int((asked.values("Content-Length") or ["0"])[0]))
        self.requests.append(asked)
        script = self._script.get(target)
        answer = script.popleft() if script else Scripted(status=500, reason="Off script")
        if answer.hangs_up:
            return False
        writer.write(answer.octets(is_head=method == "HEAD"))
        await writer.drain()
        return True
