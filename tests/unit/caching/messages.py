"""Short spellings for messages in tables of tests."""

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.caching import freshness
from proxy.caching.http_profile import PRIVATE_RULES, SHARED_RULES
from proxy.caching.kept_fields import blanked
from proxy.caching.key import ROOT, CacheKey
from proxy.caching.profile import CacheRules, Handling, Sent, Subject
from proxy.caching.receipt import Receipt
from proxy.caching.stored_response import ReuseTerms, StoredResponse
from proxy.clock import Instant
from proxy.semantics.dates import format_date
from proxy.semantics.message import Fields, Request, Response, ResponseHead

WALL = 1_700_000_000.0
BOOT = 5_000.0

Lines = list[tuple[str, str]]


def fields(*lines: str) -> Fields:
    """Return fields from lines such as `Name: value`."""
    pairs = (line.partition(":") for line in lines)
    return CIMultiDictProxy(CIMultiDict((name, value.strip(" ")) for name, _, value in pairs))


def get(*lines: str, method: str = "GET", target: str = "/a") -> Request:
    return Request(method=method, target=target, fields=fields(*lines))


def head(*lines: str, status: int = 200) -> ResponseHead:
    return ResponseHead(status=status, reason="", fields=fields(*lines))


def answer(*lines: str, status: int = 200, body: bytes = b"0123456789") -> Response:
    return Response(status=status, reason="OK", fields=fields(*lines), body=body)


def at(seconds: float = 0.0) -> Instant:
    """Return the moment `seconds` after the beginning, on both clocks."""
    return Instant(wall_seconds=WALL + seconds, boot_seconds=BOOT + seconds)


def date(seconds: float = 0.0) -> str:
    return format_date(WALL + seconds)


def receipt(
    head: ResponseHead,
    received: float = 0.0,
    *,
    asked: float | None = None,
    rules: CacheRules = PRIVATE_RULES,
) -> Receipt:
    """Return the receipt of an answer; unless it is said when it was asked for, it took no time."""
    return freshness.receipt(head, rules, at(received if asked is None else asked), at(received))


def subject(*, shared: bool = False) -> Subject:
    return Subject(
        resource="other",
        handling=Handling.CACHE,
        key=CacheKey(b"p", "GET", "/a"),
        partition_label="p",
        scopes=(ROOT,),
        tags=(("target", "/a"),),
        rules=SHARED_RULES if shared else PRIVATE_RULES,
    )


def sent(seconds: float = 0.0, generation: int = 0) -> Sent:
    return Sent(at=at(seconds), generation=generation, latest=generation)


def stored(
    *lines: str,
    age: float = 0.0,
    lifetime: float = 60.0,
    stale_while_revalidate: float = 0.0,
    stale_if_error: float | None = 0.0,
    must_validate: bool = False,
    must_revalidate: bool = False,
    entity_tag: str | None = None,
    nominated: tuple[tuple[str, str | None], ...] = (),
    status: int = 200,
    body: bytes = b"0123456789",
) -> StoredResponse:
    """Return a response stored at `at(0)`."""
    response = answer(*lines, status=status, body=body)
    return StoredResponse(
        key=CacheKey(b"p", "GET", "/a"),
        nominated=nominated,
        response=blanked(response),
        receipt=Receipt(
            request_sent_boot_seconds=at().boot_seconds,
            received_wall_seconds=at().wall_seconds,
            received_boot_seconds=at().boot_seconds,
            age_zero_boot_seconds=at().boot_seconds - age,
            date=response.fields.get("Date", date()),
        ),
        terms=ReuseTerms(
            freshness_lifetime_seconds=lifetime,
            stale_while_revalidate_seconds=stale_while_revalidate,
            stale_if_error_seconds=stale_if_error,
            must_validate=must_validate,
            must_revalidate=must_revalidate,
        ),
        entity_tag=entity_tag or response.fields.get("ETag"),
        tags=(("target", "/a"),),
        generation=0,
    )
