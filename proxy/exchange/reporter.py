"""How an exchange that is over becomes a fact: in the audit first, where the origin never hears of it.

What may not be answered without a record is refused here, after all else has been decided.
"""

from proxy.caching.profile import Subject
from proxy.clock import Instant
from proxy.exchange.composer import Composer
from proxy.exchange.conclusion import Conclusion
from proxy.exchange.events import WITHOUT_ORIGIN, Answered, ExchangeFinished
from proxy.exchange.ports import AuditTrail, Observer
from proxy.exchange.reasons import OwnReason
from proxy.exchange.spans import Span, Tracing, attributes_of
from proxy.semantics.message import Request


class Reporter:
    """Tells the audit and the observer."""

    def __init__(
        self,
        *,
        audit: AuditTrail,
        observer: Observer,
        composer: Composer,
        tracing: Tracing,
    ) -> None:
        self._tracing = tracing
        self._audit = audit
        self._observer = observer
        self._compose = composer

    def span(self, subject: Subject, request: Request) -> Span:
        """Begin the span of an exchange, as a part of the client's trace if it has one."""
        return self._tracing.server(request.method, subject.route, request.fields)

    async def report(
        self,
        subject: Subject,
        request: Request,
        conclusion: Conclusion,
        span: Span,
        arrived: Instant,
        ended: Instant,
    ) -> Conclusion:
        """Report how an exchange ended; return how it ends, should the audit not admit that."""
        finished = _finished(subject, request, conclusion, arrived, ended)
        if finished.cache in WITHOUT_ORIGIN:
            admitted = self._audit.admits(finished)
            if not (admitted if isinstance(admitted, bool) else await admitted):
                conclusion = Conclusion.of_refusal(self._compose.not_audited(), OwnReason.NOT_AUDITED)
                finished = _finished(subject, request, conclusion, arrived, ended)
        self._observer.notify(finished)
        if span.context is not None:
            _describe(span, subject, finished)
        return conclusion


def _finished(
    subject: Subject, request: Request, conclusion: Conclusion, arrived: Instant, ended: Instant
) -> ExchangeFinished:
    effort = conclusion.effort
    return ExchangeFinished(
        method=request.method,
        resource=subject.resource,
        token=subject.partition_label,
        token_id=subject.credential_id,
        peer=request.peer.party,
        about=subject.about,
        version=conclusion.version,
        status=conclusion.answer.status,
        cache=conclusion.cache,
        why=conclusion.why,
        not_stored=conclusion.not_stored,
        age_seconds=conclusion.age_seconds,
        stale_left_seconds=conclusion.stale_left_seconds,
        attempts=0 if effort is None else effort.attempts,
        upstream_seconds=0.0 if effort is None else effort.seconds,
        duration_seconds=ended.boot_seconds - arrived.boot_seconds,
        at=ended,
        trace_id="" if request.trace is None else request.trace.trace_id_digits,
    )


def _describe(span: Span, subject: Subject, finished: ExchangeFinished) -> None:
    """Say of a span what the line of its exchange says; neither path nor query: they may hold a title."""
    span.note(
        {
            "http.request.method": finished.method,
            "http.response.status_code": finished.status,
            "connect_sidecar.cache": finished.cache,
            "connect_sidecar.why": finished.why,
            "connect_sidecar.resource": finished.resource,
            "connect_sidecar.token": finished.token,
        }
    )
    if subject.route:
        span.note({"http.route": subject.route})
    span.note(attributes_of(finished.about))
    if finished.version is not None:
        span.note({"connect_sidecar.version": finished.version})
    if finished.age_seconds is not None:
        span.note({"connect_sidecar.age_seconds": round(finished.age_seconds, 3)})
    if finished.status >= 500:  # a server's span fails with these only (HTTP semantic conventions)
        span.fail(finished.why if finished.cache is Answered.FAILED else str(finished.status))
