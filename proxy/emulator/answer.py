"""What a request is answered with, before any fault spoils it."""

from dataclasses import dataclass

from proxy.emulator.errors import ConnectError
from proxy.emulator.file_content import FileContent, FixedContent
from proxy.emulator.json_documents import JsonValue, encode

JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain"
BINARY_TYPE = "application/octet-stream"

NO_CONTENT = FixedContent(content=b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A complete response. Without a content type it has no body, as 204 has not."""

    status: int = 200
    content: FileContent = NO_CONTENT
    content_type: str | None = None
    fields: tuple[tuple[str, str], ...] = ()


def json_answer(
    document: JsonValue, *, status: int = 200, fields: tuple[tuple[str, str], ...] = ()
) -> Answer:
    """Answer with a JSON document."""
    content = FixedContent(content=encode(document))
    return Answer(status=status, content=content, content_type=JSON_TYPE, fields=fields)


def text_answer(text: str) -> Answer:
    """Answer with plain text."""
    return Answer(content=FixedContent(content=text.encode()), content_type=TEXT_TYPE)


def error_answer(error: ConnectError, *, fields: tuple[tuple[str, str], ...] = ()) -> Answer:
    """Answer with Connect's error body."""
    return json_answer(error.document(), status=error.status, fields=fields)
