"""An origin that reads as strictly as RFC 9112 allows, and notes every octet that should not have been sent on.

It answers everything with 404, so that nothing is stored, and counts what it was asked.
"""

import asyncio
import re
from contextlib import suppress

_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) (/[\x21\x22\x24-\x7e]*) HTTP/1\.1")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?([\t\x20-\x7e\x80-\xff]*)")
_SIZE = re.compile(rb"[0-9a-fA-F]{1,8}")
_BODY = b'{"status":404,"message":"nothing here"}'
_ANSWER = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(
    _BODY
)


class _UnreadableError(Exception):
    """What was wrong with a request; it may quote it, for whoever reads the test's failure."""


class StrictOrigin:
    """Listens on a free port for the length of a block. `violations` has to stay empty."""

    def __init__(self) -> None:
        self.violations: list[str] = []
        self.targets: list[bytes] = []
        self.url = ""
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "StrictOrigin":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=2**21)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):  # a client may leave in the midst
                while True:
                    is_head = await self._read(reader)
                    writer.write(_ANSWER + (b"" if is_head else _BODY))
                    await writer.drain()
        except _UnreadableError as fault:
            self.violations.append(str(fault))
        finally:
            self._serving.discard(task)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> bool:
        line, *lines = (await reader.readuntil(b"\r\n\r\n"))[:-4].split(b"\r\n")
        asked = _LINE.fullmatch(line)
        fields = [_FIELD.fullmatch(one) for one in lines]
        if asked is None or not all(fields):
            raise _UnreadableError(f"a head that is not well-formed: {line!r} {lines!r}")
        self.targets.append(asked[2])
        held = [(field[1].lower(), field[2]) for field in fields if field is not None]
        await _skip_body(reader, held)
        return asked[1] == b"HEAD"


async def _skip_body(reader: asyncio.StreamReader, held: list[tuple[bytes, bytes]]) -> None:
    lengths = [value for name, value in held if name == b"content-length"]
    codings = [value for name, value in held if name == b"transfer-encoding"]
    for name in (b"host", b"authorization"):
        count = sum(1 for one, _ in held if one == name)
        if count > 1 or (name == b"host" and not count):
            raise _UnreadableError(f"{name!r} occurs {count} times")
    if len(lengths) + len(codings) > 1 or codings not in ([], [b"chunked"]):
        raise _UnreadableError(f"framing: {lengths} {codings}")
    if lengths:
        if not lengths[0].isdigit():
            raise _UnreadableError(f"length: {lengths}")
        await reader.readexactly(int(lengths[0]))
    while codings:
        size = (await reader.readuntil(b"\r\n"))[:-2]
        if not _SIZE.fullmatch(size):
            raise _UnreadableError(f"chunk size: {size!r}")
        if (await reader.readexactly(int(size, 16) + 2))[-2:] != b"\r\n":
            raise _UnreadableError("a chunk without its end")
        if not int(size, 16):
            return
