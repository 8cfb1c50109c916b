"""Short complete answers of the operator's ports: text or JSON, never cached."""

import json
from collections.abc import Mapping

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.exchange.answer import Answer

_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    503: "Service Unavailable",
}


def small_answer(
    status: int, body: bytes, content_type: str, more: Mapping[str, str] | None = None
) -> Answer:
    """Return an answer that no cache keeps."""
    fields = CIMultiDict({"Content-Type": content_type, "Cache-Control": "no-store"})
    fields.update(more or {})
    return Answer(status=status, reason=_REASONS[status], fields=CIMultiDictProxy(fields), body=body)


def text_answer(status: int, text: str, more: Mapping[str, str] | None = None) -> Answer:
    """Return one line of text."""
    return small_answer(status, f"{text}\n".encode(), "text/plain; charset=utf-8", more)


def json_answer(status: int, value: object) -> Answer:
    """Return a JSON document."""
    return small_answer(status, json.dumps(value).encode(), "application/json")


def json_problem(status: int, message: str) -> Answer:
    """Return a refusal in the same shape as Connect's."""
    return json_answer(status, {"status": status, "message": message})
