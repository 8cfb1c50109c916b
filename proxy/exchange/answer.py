"""What an exchange hands to the server: the only words between the two."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import ClassVar, Protocol

from proxy.exchange.ports import RequestBody
from proxy.semantics.message import Fields, Request


class BodyStream(Protocol):
    """A body that is still arriving. It must be read to its end or closed, even if reading never began."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None:
        """Let go. Idempotent."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A final answer to a client: end-to-end fields (Via, Age, Cache-Status and Date included) and a body.

    A streamed body is read to its end or closed; if it raises, the answer must be cut short visibly. Framing
    (Content-Length of a `bytes` body, chunked coding) and Connection are the server's.
    """

    status: int
    reason: str
    fields: Fields = field(repr=False)
    body: bytes | BodyStream = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReadyAnswer:
    """A final answer as the octets that go to the client, head and body, after which its connection goes on."""

    octets: bytes = field(repr=False)
    status: ClassVar[int] = HTTPStatus.OK


class Handler(Protocol):
    """Whatever answers requests."""

    async def handle(self, request: Request, body: RequestBody | None) -> Answer | ReadyAnswer:
        """Answer one request. Raises nothing but RequestBodyError (the client's body failed) and cancellation."""
        ...
