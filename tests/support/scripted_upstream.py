"""An `Upstream` that does what a test says, in order, and remembers when it was asked."""

import asyncio
from collections import deque

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.errors import ErrorKind, UpstreamError
from proxy.exchange.ports import UpstreamRequest
from proxy.semantics.message import ResponseHead

NO_FIELDS = CIMultiDictProxy(CIMultiDict())


def get(target="/v1/vaults", partition=b"a", **more):
    return UpstreamRequest(method="GET", target=target, fields=NO_FIELDS, partition=partition, **more)


class ScriptedAnswer:
    """An answer in one piece; `breaks_with` cuts its body, `hangs` never lets it end."""

    def __init__(self, status=200, *, breaks_with=None, hangs=False, body=b"body", **fields):
        pairs = CIMultiDict({name.replace("_", "-"): value for name, value in fields.items()})
        self.head = ResponseHead(status=status, reason="", fields=CIMultiDictProxy(pairs))
        self.content_length_bytes = len(body)
        self.closed = False
        self._body, self._breaks_with, self._hangs = body, breaks_with, hangs

    async def read_complete(self, limit_bytes):
        return b"".join([octets async for octets in self])

    async def __aiter__(self):
        if self._hangs:
            await asyncio.Event().wait()
        if self._breaks_with is not None:
            raise UpstreamError(self._breaks_with, sent=True)
        yield self._body

    def close(self):
        self.closed = True


class ScriptedUpstream:
    """Plays its script, then `always`. A step is a status, an answer, an ErrorKind, an exception or a wait."""

    def __init__(self, *script, always=200):
        self._script = deque(script)
        self.always = always
        self.closed = False
        self.requests: list[UpstreamRequest] = []
        self.asked_at: list[float] = []
        self.answers: list[ScriptedAnswer] = []

    async def send(self, request):
        self.requests.append(request)
        self.asked_at.append(asyncio.get_running_loop().time())
        step = self._script.popleft() if self._script else self.always
        if isinstance(step, tuple):
            seconds, step = step
            await asyncio.sleep(seconds)
        if isinstance(step, asyncio.Event):
            await step.wait()
            step = 200
        if isinstance(step, ErrorKind):
            raise UpstreamError(step, sent=True)
        if isinstance(step, BaseException):
            raise step
        answer = ScriptedAnswer(step) if isinstance(step, int) else step
        self.answers.append(answer)
        return answer

    async def close(self):
        self.closed = True


class Notes:
    """An observer that keeps every event."""

    def __init__(self):
        self.events = []

    def notify(self, event):
        self.events.append(event)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]
