"""The driver of RFC 9111: what to do with a request, an answer and a failure, as closed unions.

Each function reads top to bottom in the RFC's order; the rules themselves are in the modules beside. Nothing
is performed here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from proxy.caching import staleness, storability, validation
from proxy.caching.directives import (
    NO_REQUEST_DIRECTIVES,
    RequestDirectives,
    origin_directives,
    request_directives,
)
from proxy.caching.kept_fields import blanked
from proxy.caching.profile import CacheRules, Finding, Sent, Servability, Subject
from proxy.caching.reasons import ForwardReason, NotStoredReason
from proxy.caching.receipt import Receipt
from proxy.caching.reuse_terms import assigned_terms, reuse_terms
from proxy.caching.selection import nominated
from proxy.caching.stored_response import ReuseTerms, StoredResponse
from proxy.clock import Instant
from proxy.errors import OURS, ErrorKind
from proxy.semantics.message import Request, Response, ResponseHead


def is_failure(status: int) -> bool:
    """Tell whether a status means that the origin could not answer: 408 or 5xx (design rule 9)."""
    return status == 408 or 500 <= status < 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Reuse:
    """Answer from the store. `refresh` asks for a request in the background (stale-while-revalidate)."""

    stored: StoredResponse
    refresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """Ask upstream. `stored` may be validated; `collapse` allows joining a flight."""

    reason: ForwardReason
    stored: StoredResponse | None
    collapse: bool


@dataclass(frozen=True, slots=True)
class Unsatisfiable:
    """only-if-cached, and nothing stored will do: 504 (RFC 9111 section 5.2.1.7)."""


RequestDecision = Reuse | Forward | Unsatisfiable


@dataclass(frozen=True, slots=True, kw_only=True)
class NotStored:
    """An answer that is not kept, and why."""

    reason: NotStoredReason


@dataclass(frozen=True, slots=True, kw_only=True)
class ReuseOnError:
    """A stale response stands in for an error."""

    stored: StoredResponse


def on_request(
    request: Request,
    stored: StoredResponse | None,
    missing: ForwardReason,
    servability: Servability,
    now: Instant,
) -> RequestDecision:
    """Decide what to do with a GET or HEAD; `missing` says why `stored` is None."""
    directives = request_directives(request.fields)
    if stored is None:
        return _forward(missing, None, directives)
    if directives.no_cache or directives.no_store:
        return _forward(ForwardReason.REQUEST, stored, directives)
    if servability is not Servability.SERVABLE or stored.terms.must_validate:
        can_validate = servability not in {Servability.FENCED, Servability.REFUSED}
        return _forward(ForwardReason.STALE, stored if can_validate else None, directives)
    if directives is not NO_REQUEST_DIRECTIVES and not _is_young_enough(stored, directives, now):
        return _forward(ForwardReason.REQUEST, stored, directives)
    if stored.ttl_seconds(now) > 0 or staleness.client_accepts(stored, directives, now):
        return Reuse(stored=stored)
    if staleness.may_refresh_behind(stored, directives, now):
        return Reuse(stored=stored, refresh=True)
    return _forward(ForwardReason.STALE, stored, directives)


def on_response_head(request: Request, head: ResponseHead, rules: CacheRules) -> NotStored | None:
    """Say from its head alone that an answer will not be stored; None if it may be."""
    if head.status == 304:
        return None
    directives = origin_directives(head.fields, shared=rules.shared)
    refusal = storability.refusal(request, request_directives(request.fields), head, directives, rules)
    return None if refusal is None else NotStored(reason=refusal)


def on_response(
    request: Request,
    response: Response,
    subject: Subject,
    rules: CacheRules,
    sent: Sent,
    receipt: Receipt,
    finding: Finding,
    *,
    own_tag: Callable[[bytes], str],
) -> StoredResponse | NotStored:
    """Decide whether a complete answer is stored, as the RFC has it; the profile's refusals come on top.

    `own_tag` makes an entity tag of a body that the origin gave none, unless the body varies: a tag is of one body.
    """
    directives = origin_directives(response.fields, shared=rules.shared)
    refusal = storability.refusal(request, request_directives(request.fields), response, directives, rules)
    if refusal is not None:
        return NotStored(reason=refusal)
    terms = reuse_terms(response, directives, rules, receipt.received_wall_seconds)
    if terms is None:
        return NotStored(reason=NotStoredReason.NO_FRESHNESS)
    entity_tag = response.fields.get("ETag")
    if entity_tag is None and finding.variation is None:
        entity_tag = own_tag(response.body)
    return StoredResponse(
        key=subject.key,
        nominated=nominated(response, request),
        response=blanked(response),
        receipt=receipt,
        terms=terms,
        entity_tag=entity_tag,
        tags=subject.tags,
        generation=sent.generation,
        scopes=subject.scopes,
        version=finding.version,
        evidence=finding.evidence,
        variation=finding.variation,
    )


def on_not_modified(
    stored: StoredResponse, head: ResponseHead, rules: CacheRules, sent: Sent, receipt: Receipt
) -> StoredResponse | NotStored:
    """Freshen a stored response with a 304 (RFC 9111 section 4.3.4).

    NotStored: it answers this one request as it is, and goes: the 304 is about something else, or forbids to
    keep it any longer.
    """
    if not validation.is_about(stored, head):
        return NotStored(reason=NotStoredReason.NOT_VALIDATED)
    response = validation.freshened(stored.response, head)
    directives = origin_directives(response.fields, shared=rules.shared)
    refusal = storability.refusal_to_keep(response, directives, rules)
    if refusal is not None:
        return NotStored(reason=refusal)
    terms = reuse_terms(response, directives, rules, receipt.received_wall_seconds)
    if terms is None:
        return NotStored(reason=NotStoredReason.NO_FRESHNESS)
    return _renewed(stored, blanked(response), terms, sent, receipt)


def on_confirmed(
    stored: StoredResponse, head: ResponseHead, rules: CacheRules, sent: Sent, receipt: Receipt
) -> StoredResponse | None:
    """Freshen a stored response that an answer about something else (`head`) shows to be unchanged.

    `sent.generation` is that of the stored response's own scopes. None: there is nothing that could be fresher. What
    says nothing of its own age but its Date goes by that answer's `receipt` from now on, renewed or not; what says more
    has one of its own, because its lifetime is of that moment.
    """
    if stored.request_sent_boot_seconds >= sent.at.boot_seconds:
        return None
    response, terms = stored.response, None
    if "Date" in head.fields and "Age" not in head.fields and stored.variation is None:
        terms = assigned_terms(rules) if validation.says_only_its_date(response) else None
    if terms is None:
        response, receipt = validation.redated(response, head), replace(receipt, complete_as_of=None)
        directives = origin_directives(response.fields, shared=rules.shared)
        terms = reuse_terms(response, directives, rules, receipt.received_wall_seconds)
        response = blanked(response)
    if terms is None:
        return None
    return _renewed(stored, response, terms, sent, receipt, is_confirmed=True)


def _renewed(
    stored: StoredResponse,
    response: Response,
    terms: ReuseTerms,
    sent: Sent,
    receipt: Receipt,
    *,
    is_confirmed: bool = False,
) -> StoredResponse:
    return StoredResponse(  # not replace(), which takes half as long again: a list renews a thousand
        key=stored.key,
        nominated=stored.nominated,
        response=response,
        receipt=receipt,
        terms=terms,
        entity_tag=response.fields.get("ETag", stored.entity_tag),
        tags=stored.tags,
        generation=sent.generation,
        scopes=stored.scopes,
        version=stored.version,
        evidence=stored.evidence,
        is_confirmed=is_confirmed,
        variation=stored.variation,
    )


def on_failure(
    request: Request,
    stored: StoredResponse | None,
    servability: Servability,
    failure: ErrorKind | int,
    rules: CacheRules,
    now: Instant,
) -> ReuseOnError | None:
    """Decide whether a stored response stands in for an error: transport errors, 408, 5xx; nothing else (rule 9).

    What a client asked for holds in an outage too: no-cache, no-store; its max-age and min-fresh, unless it
    says stale-if-error itself.
    """
    if stored is None or failure in OURS or (isinstance(failure, int) and not is_failure(failure)):
        return None
    if servability in {Servability.FENCED, Servability.REFUSED}:
        return None
    directives = request_directives(request.fields)
    if directives.no_cache or directives.no_store:
        return None
    if directives.stale_if_error_seconds is None and not _is_young_enough(stored, directives, now):
        return None
    if not staleness.may_replace_error(stored, directives, rules, now):
        return None
    return ReuseOnError(stored=stored)


def _forward(
    reason: ForwardReason, stored: StoredResponse | None, directives: RequestDirectives
) -> Forward | Unsatisfiable:
    if directives.only_if_cached:
        return Unsatisfiable()
    insists = directives.no_cache or directives.no_store or directives.max_age_seconds == 0
    return Forward(reason=reason, stored=stored, collapse=not insists)


def _is_young_enough(stored: StoredResponse, directives: RequestDirectives, now: Instant) -> bool:
    least = directives.min_fresh_seconds
    if least is not None and stored.ttl_seconds(now) < least:
        return False
    most = directives.max_age_seconds
    if most is None:
        return True
    return most > 0 and stored.current_age_seconds(now) <= most  # 0 asks for the origin's word
