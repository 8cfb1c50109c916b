"""Freshness lifetime and age (RFC 9111 section 4.2).

The origin's word comes first; where it is silent, the profile's assigned lifetime or a heuristic. An assigned
lifetime is also an upper bound: Connect's own shorter one wins, a longer one doesn't.
"""

from proxy.caching.directives import ResponseDirectives, delta_seconds
from proxy.caching.profile import CacheRules
from proxy.caching.receipt import Receipt
from proxy.clock import Instant
from proxy.semantics.dates import format_date, parse_date
from proxy.semantics.lists import elements
from proxy.semantics.message import ResponseHead

HEURISTIC_STATUSES = frozenset({200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501})
_HEURISTIC_FRACTION = 0.1
_HEURISTIC_MOST_SECONDS = 86_400.0


def explicit_lifetime_seconds(
    head: ResponseHead, directives: ResponseDirectives, rules: CacheRules, received_wall_seconds: float
) -> float | None:
    """Return the lifetime that the origin states; None if it is silent."""
    if rules.shared and directives.s_maxage_seconds is not None:
        return float(directives.s_maxage_seconds)
    if directives.max_age_seconds is not None:
        return float(directives.max_age_seconds)
    if "Expires" not in head.fields or directives.is_targeted:
        return None
    lines = head.fields.getall("Expires")
    expires = parse_date(lines[0], received_wall_seconds) if len(lines) == 1 else None
    return 0.0 if expires is None else max(0.0, expires - date_seconds(head, received_wall_seconds))


def lifetime_seconds(
    head: ResponseHead, directives: ResponseDirectives, rules: CacheRules, received_wall_seconds: float
) -> float | None:
    """Return the freshness lifetime; None if there is no way to one."""
    explicit = explicit_lifetime_seconds(head, directives, rules, received_wall_seconds)
    assigned = rules.assigned_freshness_seconds
    if explicit is not None:
        return explicit if assigned is None else min(explicit, assigned)
    if assigned is not None:
        return assigned
    return _heuristic(head, directives, received_wall_seconds) if rules.heuristics else None


def corrected_initial_age_seconds(
    head: ResponseHead, rules: CacheRules, sent: Instant, received: Instant
) -> float:
    """Return the age that the response had when it arrived (section 4.2.3)."""
    delay = max(0.0, received.boot_seconds - sent.boot_seconds)
    age = _age_value(head) + delay
    if not rules.ages_by_date:
        return age
    return max(age, received.wall_seconds - date_seconds(head, received.wall_seconds))


def receipt(head: ResponseHead, rules: CacheRules, sent: Instant, received: Instant) -> Receipt:
    """Return the receipt of an answer that has just arrived."""
    date = head.fields.get("Date")
    return Receipt(
        request_sent_boot_seconds=sent.boot_seconds,
        received_wall_seconds=received.wall_seconds,
        received_boot_seconds=received.boot_seconds,
        age_zero_boot_seconds=received.boot_seconds
        - corrected_initial_age_seconds(head, rules, sent, received),
        date=format_date(received.wall_seconds) if date is None else date,
    )


def date_seconds(head: ResponseHead, received_wall_seconds: float) -> float:
    """Return the response's Date as Unix time; the time of arrival where it has none that is valid."""
    date = parse_date(head.fields.get("Date", ""), received_wall_seconds)
    return received_wall_seconds if date is None else date


def _age_value(head: ResponseHead) -> float:
    # Several values are a broken upstream's: the first counts (section 5.1), rubbish doesn't.
    ages = elements(head.fields, "Age")
    return float(delta_seconds(ages[0])) if ages else 0.0


def _heuristic(
    head: ResponseHead, directives: ResponseDirectives, received_wall_seconds: float
) -> float | None:
    if head.status not in HEURISTIC_STATUSES and not directives.public:
        return None
    modified = parse_date(head.fields.get("Last-Modified", ""), received_wall_seconds)
    if modified is None:
        return None
    since = max(0.0, date_seconds(head, received_wall_seconds) - modified)
    return min(since * _HEURISTIC_FRACTION, _HEURISTIC_MOST_SECONDS)
