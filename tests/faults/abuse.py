"""What a row of the abuse table is, and how its octets are put together (RFC 9112, RFC 9110).

The rows themselves are data: `abuse_framing`, `abuse_targets`, `abuse_fields`, `abuse_endings`. This module knows
nothing of how they are played; SECRET stands in the target and in Authorization of nearly all of them.
"""

from dataclasses import dataclass
from enum import StrEnum, auto

SECRET = "s3cr3tV4lu3"
S = SECRET.encode()
HOST = b"Host: localhost\r\n"
AUTH = b"Authorization: Bearer " + S + b"\r\n"
CHUNKED = b"Transfer-Encoding: chunked"
CLOSE = b"Connection: close"


class Ending(StrEnum):
    """What the client does once everything is sent."""

    WAITS = auto()
    HALF_CLOSES = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is sent, what comes back, how much of it the upstream may see.

    No status at all means a close without an answer. A row that reaches the upstream is answered by it.
    """

    octets: bytes
    statuses: tuple[int, ...] = (400,)
    upstream_requests: int = 0
    ending: Ending = Ending.WAITS

    @property
    def is_refused_at_once(self) -> bool:
        """Whether one refusal of our own is all that comes back."""
        return self.upstream_requests == 0 and len(self.statuses) == 1 and self.ending is Ending.WAITS


def refused(octets: bytes, status: int = 400) -> Row:
    """Return a row that is refused with nothing sent on."""
    return Row(octets=octets, statuses=(status,))


def passed(octets: bytes, status: int = 401) -> Row:
    """Return a row that is sent on once; junk credentials are a 401 of the upstream."""
    return Row(octets=octets, statuses=(status,), upstream_requests=1)


def cut_short(octets: bytes, *statuses: int) -> Row:
    """Return a row whose client ends its side when all is sent."""
    return Row(octets=octets, statuses=statuses, ending=Ending.HALF_CLOSES)


def head(
    *lines: bytes,
    method: bytes = b"GET",
    target: bytes = b"/v1/vaults?x=" + S,
    version: bytes = b"HTTP/1.1",
    host: bytes = HOST,
    auth: bytes = AUTH,
) -> bytes:
    """Return a whole head; `lines` come last."""
    fields = host + auth + b"".join(line + b"\r\n" for line in lines)
    return method + b" " + target + b" " + version + b"\r\n" + fields + b"\r\n"


def put(*lines: bytes, body: bytes = b"", version: bytes = b"HTTP/1.1") -> bytes:
    """Return a whole request that has a body."""
    return head(*lines, method=b"PUT", target=b"/v1/vaults/v/items/" + S, version=version) + body


def asks_to_close(octets: bytes) -> bytes:
    """Return a request whose answer ends the connection, so that its reader sees the end."""
    return octets.replace(b"\r\n", b"\r\n" + CLOSE + b"\r\n", 1)
