"""What a client must show before anybody looks at its request: the required field, against SSRF.

A server that fetches URLs for strangers can be made to ask a sidecar on its loopback; it can't be made to add a field,
and a proxy in between betrays itself by X-Forwarded-For. The field ends here: Connect has no use for it.
"""

import hmac
from collections.abc import Callable

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.connect.error_response import Message
from proxy.exchange.answer import Answer, Handler, ReadyAnswer
from proxy.exchange.ports import RequestBody
from proxy.semantics.message import Fields, Request
from proxy.server.problems import problem_answer

_FORWARDED = ("X-Forwarded-For", "Forwarded")


class RequiredField:
    """A `Handler` in front of another; `expected` returns the field's value, which may change while we run."""

    def __init__(self, handler: Handler, *, name: str, expected: Callable[[], str]) -> None:
        self._handler = handler
        self._name = name
        self._expected = expected

    async def handle(self, request: Request, body: RequestBody | None) -> Answer | ReadyAnswer:
        """Pass a request on that shows the field."""
        if not self._is_shown(request.fields):
            return problem_answer(Message.NOT_FOR_YOU)
        kept = CIMultiDict(request.fields)
        del kept[self._name]
        passed = Request(
            method=request.method,
            target=request.target,
            fields=CIMultiDictProxy(kept),
            minor_version=request.minor_version,
            peer=request.peer,
        )
        return await self._handler.handle(passed, body)

    def _is_shown(self, fields: Fields) -> bool:
        values = fields.getall(self._name, ())
        if len(values) != 1 or any(name in fields for name in _FORWARDED):
            return False
        expected = self._expected().encode("utf-8", "surrogateescape")
        return bool(expected) and hmac.compare_digest(values[0].encode("utf-8", "surrogateescape"), expected)
