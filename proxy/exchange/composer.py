"""Answers, worded: end-to-end fields of what was received, and what a proxy adds (Via, Age, Cache-Status, Date).

Errors of our own have Connect's shape, `{"status", "message"}`, from a closed list: SDKs parse them.
"""

from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus
from math import ceil

from multidict import CIMultiDict, CIMultiDictProxy, istr

from proxy.admission.rate_limiter import Balance
from proxy.caching import cache_status, reuse, validation
from proxy.caching.cache_status import CACHE_NAME, Forwarded
from proxy.caching.profile import RefusedBefore
from proxy.caching.reasons import ForwardReason
from proxy.caching.stored_response import StoredResponse
from proxy.clock import Clock, Instant
from proxy.connect.error_response import STATUS_OF, Message, error_body
from proxy.errors import ErrorKind
from proxy.exchange.answer import Answer
from proxy.exchange.events import Cause
from proxy.exchange.landing import Landed
from proxy.exchange.ports import RequestBody, UpstreamRequest
from proxy.exchange.reasons import OwnReason
from proxy.exchange.relay import RelayedBody
from proxy.semantics import forwarding
from proxy.semantics.dates import format_date
from proxy.semantics.message import Fields, Request, ResponseHead

_TIMEOUTS = frozenset(
    {
        ErrorKind.DNS_TIMEOUT,
        ErrorKind.CONNECTION_TIMEOUT,
        ErrorKind.CONNECTION_READ_TIMEOUT,
        ErrorKind.CONNECTION_WRITE_TIMEOUT,
        ErrorKind.HTTP_RESPONSE_TIMEOUT,
    }
)

# Names that multidict need not fold again for every answer.
_VIA = istr("Via")
_CACHE_STATUS = istr("Cache-Status")
_DATE = istr("Date")

_GARBAGE = frozenset({ErrorKind.HTTP_PROTOCOL_ERROR, ErrorKind.HTTP_RESPONSE_INCOMPLETE})


class Composer:
    """Words answers and upstream requests for one sidecar; `pseudonym` is its name in Via."""

    def __init__(self, *, pseudonym: str, clock: Clock) -> None:
        self._pseudonym = pseudonym
        self._via = forwarding.via_value(1, pseudonym)
        self._clock = clock

    def is_loop(self, request: Request) -> bool:
        """Tell whether a request has been here before."""
        return forwarding.has_passed(request.fields, self._pseudonym)

    def upstream_fields(self, request: Request) -> Fields:
        """Return the fields of a request as they go upstream."""
        fields = forwarding.forwarded(request.fields)
        fields.add("Via", forwarding.via_value(request.minor_version, self._pseudonym))
        return CIMultiDictProxy(fields)

    def upstream_request(
        self,
        request: Request,
        partition: bytes,
        body: RequestBody | None = None,
        cause: Cause = Cause.PASS,
    ) -> UpstreamRequest:
        """Return a request as it goes upstream when nothing but forwarding is done to it."""
        return UpstreamRequest(
            method=request.method,
            target=request.target,
            fields=self.upstream_fields(request),
            body=body,
            partition=partition,
            peer=request.peer.party,
            cause=cause,
            trace=request.trace,
        )

    def hit(
        self, request: Request, stored: StoredResponse, now: Instant, detail: str | None = None
    ) -> Answer:
        """Return an answer from the store; `detail` says why a stale one."""
        return self._presented(request, stored, now, cache_status.hit(stored.shown_ttl_seconds(now), detail))

    def landed(
        self, request: Request, landed: Landed, reason: ForwardReason, now: Instant, *, is_collapsed: bool
    ) -> Answer:
        """Return the answer that a flight brought."""
        member = cache_status.forwarded(
            Forwarded(
                reason=reason,
                status=landed.upstream_status,
                is_stored=landed.stored is not None,
                is_collapsed=is_collapsed,
                detail=landed.not_stored,
            )
        )
        is_plain = request.method == "GET" and not validation.shapes_answer(request)
        if landed.stored is None or (is_plain and not landed.validated):
            body = b"" if request.method == "HEAD" else landed.response.body
            return self._passed_on(landed.response, body, member)
        return self._presented(request, landed.stored, now, member)

    def forwarded(self, head: ResponseHead, body: bytes | RelayedBody, reason: ForwardReason) -> Answer:
        """Return the upstream's answer to this very request."""
        member = cache_status.forwarded(Forwarded(reason=reason, status=head.status))
        return self._passed_on(head, body, member)

    def failed(self, error: ErrorKind, reason: ForwardReason) -> Answer:
        """Return the error for an upstream that gave no answer."""
        if error is ErrorKind.CONNECTION_LIMIT_REACHED:
            return self.busy(reason)
        message = Message.UPSTREAM_UNREACHABLE
        if error in _TIMEOUTS:
            message = Message.UPSTREAM_TIMEOUT
        elif error in _GARBAGE:
            message = Message.UPSTREAM_GARBAGE
        member = cache_status.forwarded(Forwarded(reason=reason, detail=error))
        return self._problem(message, member, error)

    def refused_again(self, request: Request, refused: RefusedBefore) -> Answer:
        """Return a refusal once more, with the time after which the origin will be asked again."""
        fields = forwarding.forwarded(refused.response.fields)
        fields["Retry-After"] = str(ceil(refused.retry_after_seconds))
        response = replace(refused.response, fields=CIMultiDictProxy(fields))
        body = b"" if request.method == "HEAD" else response.body
        return self._passed_on(response, body, f"{CACHE_NAME}; detail={OwnReason.REFUSED_BEFORE}")

    def denied(self) -> Answer:
        """Return the error for a request that may not pass."""
        return self._problem(Message.ROUTE_DENIED, f"{CACHE_NAME}; detail={OwnReason.ROUTE_DENIED}")

    def limited(self, balance: Balance) -> Answer:
        """Return the error for a request above its token's budget."""
        label = f"{CACHE_NAME}; detail={OwnReason.RATE_LIMITED}"
        return self._retry_later(Message.RATE_LIMITED, label, balance.retry_after_seconds)

    def with_fields(self, answer: Answer, fields: Iterable[tuple[str, str]]) -> Answer:
        """Return an answer with more fields."""
        extended = CIMultiDict(answer.fields)
        extended.extend(fields)
        return Answer(
            status=answer.status, reason=answer.reason, fields=CIMultiDictProxy(extended), body=answer.body
        )

    def loop(self) -> Answer:
        """Return the error for a request that has come full circle."""
        member = cache_status.forwarded(Forwarded(reason=ForwardReason.BYPASS))
        return self._problem(Message.LOOP_DETECTED, member, ErrorKind.PROXY_LOOP_DETECTED)

    def unsatisfiable(self) -> Answer:
        """Return the error for only-if-cached when nothing stored will do."""
        label = f"{CACHE_NAME}; fwd=request; detail={OwnReason.ONLY_IF_CACHED}"
        return self._problem(Message.ONLY_IF_CACHED, label)

    def busy(self, reason: ForwardReason) -> Answer:
        """Return the error for a request whose turn did not come in time."""
        return self._retry_later(
            Message.OVERLOADED, cache_status.forwarded(Forwarded(reason=reason, detail=OwnReason.BUSY))
        )

    def not_audited(self) -> Answer:
        """Return the error for a read that must not be answered without a record of it."""
        return self._retry_later(Message.NOT_AUDITED, f"{CACHE_NAME}; detail={OwnReason.NOT_AUDITED}")

    def no_turn(self) -> Answer:
        """Return the error for a write whose turn in its vault did not come in time: nothing was sent."""
        forwarded = Forwarded(reason=ForwardReason.METHOD, detail=OwnReason.WRITE_QUEUE)
        return self._retry_later(Message.WRITE_QUEUE_FULL, cache_status.forwarded(forwarded))

    def _retry_later(self, message: Message, member: str, seconds: float = 1.0) -> Answer:
        retry_after = ("Retry-After", str(max(1, ceil(seconds))))
        return self.with_fields(self._problem(message, member), [retry_after])

    def _presented(self, request: Request, stored: StoredResponse, now: Instant, member: str) -> Answer:
        presented = reuse.present(stored, request, now)
        fields, body = presented.fields, presented.body
        if presented.is_problem:
            message = Message.PRECONDITION if presented.status == 412 else Message.RANGE
            body = error_body(presented.status, message)
            fields["Content-Type"] = "application/json"
        self._add_ours(fields, member)
        return Answer(
            status=presented.status, reason=presented.reason, fields=CIMultiDictProxy(fields), body=body
        )

    def _passed_on(self, head: ResponseHead, body: bytes | RelayedBody, member: str) -> Answer:
        fields = forwarding.forwarded(head.fields)
        self._add_ours(fields, member)
        return Answer(status=head.status, reason=head.reason, fields=CIMultiDictProxy(fields), body=body)

    def _add_ours(self, fields: CIMultiDict[str], member: str) -> None:
        fields.add(_VIA, self._via)
        fields.add(_CACHE_STATUS, member)
        if _DATE not in fields:
            fields[_DATE] = format_date(self._clock.now().wall_seconds)

    def _problem(self, message: Message, member: str, error: ErrorKind | None = None) -> Answer:
        fields = CIMultiDict({"Content-Type": "application/json"})
        self._add_ours(fields, member)
        if error is not None:
            fields.add("Proxy-Status", f"{CACHE_NAME}; error={error}")
        status = HTTPStatus(STATUS_OF[message])
        return Answer(
            status=status.value,
            reason=status.phrase,
            fields=CIMultiDictProxy(fields),
            body=error_body(status.value, message),
        )
