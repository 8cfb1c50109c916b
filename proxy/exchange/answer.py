"""What an exchange hands to the server: the only words between the two."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from proxy.exchange.ports import RequestBody
from proxy.semantics.message import Fields, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A final answer to a client: end-to-end fields (Via, Age, Cache-Status and Date included) and a body.

    A generator body is read to its end or closed with `aclose()`; if it raises, the answer must be cut short
    visibly. Framing (Content-Length of a `bytes` body, chunked coding) and Connection are the server's.
    """

    status: int
    reason: str
    fields: Fields
    body: bytes | AsyncGenerator[bytes, None]


class Handler(Protocol):
    """Whatever answers requests."""

    async def handle(self, request: Request, body: RequestBody | None) -> Answer:
        """Answer one request. Raises nothing but RequestBodyError (the client's body failed) and cancellation."""
        ...
