"""Cache-Control, parsed once into typed directives (RFC 9111 sections 5.2.1 and 5.2.2).

Seconds are capped at 2^31, as the RFC advises. A number that can't be read counts as 0: to be stale too soon
is safe. Of a directive's repeats the most restrictive counts.
"""

from dataclasses import dataclass

from multidict import istr

from proxy.semantics.lists import elements, split_list, unquote
from proxy.semantics.message import Fields
from proxy.semantics.structured_fields import FALSE, parse_dictionary

MOST_SECONDS = 2**31

_CACHE_CONTROL = istr("Cache-Control")  # names that multidict need not fold again for every request
_PRAGMA = istr("Pragma")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDirectives:
    """What a client asks of caches."""

    no_store: bool = False
    no_cache: bool = False
    only_if_cached: bool = False
    max_age_seconds: int | None = None
    min_fresh_seconds: int | None = None
    max_stale_seconds: int | None = None  # without a value: any staleness
    stale_if_error_seconds: int | None = None


NO_REQUEST_DIRECTIVES = RequestDirectives()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseDirectives:
    """What an origin allows caches. `no_cache_fields` and `private_fields` are the qualified forms.

    `is_targeted`: from CDN-Cache-Control, so that Cache-Control and Expires don't count (RFC 9213 section 2.2).
    """

    no_store: bool = False
    no_cache: bool = False
    private: bool = False
    public: bool = False
    must_revalidate: bool = False
    proxy_revalidate: bool = False
    must_understand: bool = False
    max_age_seconds: int | None = None
    s_maxage_seconds: int | None = None
    stale_while_revalidate_seconds: int | None = None
    stale_if_error_seconds: int | None = None
    no_cache_fields: frozenset[str] = frozenset()
    private_fields: frozenset[str] = frozenset()
    is_targeted: bool = False


NO_RESPONSE_DIRECTIVES = ResponseDirectives()


def request_directives(fields: Fields) -> RequestDirectives:
    """Read a request's Cache-Control, or Pragma where there is none."""
    if _CACHE_CONTROL not in fields:
        if _PRAGMA in fields and "no-cache" in {element.lower() for element in elements(fields, "Pragma")}:
            return RequestDirectives(no_cache=True)
        return NO_REQUEST_DIRECTIVES
    named = _named(elements(fields, "Cache-Control"))
    return RequestDirectives(
        no_store="no-store" in named,
        no_cache="no-cache" in named,
        only_if_cached="only-if-cached" in named,
        max_age_seconds=_seconds(named, "max-age"),
        min_fresh_seconds=_seconds(named, "min-fresh"),
        max_stale_seconds=_most_staleness(named.get("max-stale", [])),
        stale_if_error_seconds=_seconds(named, "stale-if-error"),
    )


def response_directives(fields: Fields) -> ResponseDirectives:
    """Read a response's Cache-Control."""
    if "Cache-Control" not in fields:
        return NO_RESPONSE_DIRECTIVES
    return _response(_named(elements(fields, "Cache-Control")), is_targeted=False)


def targeted_directives(fields: Fields) -> ResponseDirectives | None:
    """Read CDN-Cache-Control (RFC 9213); None where it is absent, empty or malformed."""
    if "CDN-Cache-Control" not in fields:
        return None
    members = parse_dictionary(",".join(fields.getall("CDN-Cache-Control")))
    if not members:
        return None
    named = {name: [value] for name, value in members.items() if value != FALSE}
    return _response(named, is_targeted=True)


def origin_directives(fields: Fields, *, shared: bool) -> ResponseDirectives:
    """Read what counts for a cache: to a shared one CDN-Cache-Control comes first."""
    targeted = targeted_directives(fields) if shared else None
    return response_directives(fields) if targeted is None else targeted


def _response(named: dict[str, list[str | None]], *, is_targeted: bool) -> ResponseDirectives:
    no_cache, private = named.get("no-cache", []), named.get("private", [])
    return ResponseDirectives(
        no_store="no-store" in named,
        no_cache=not all(map(_names_fields, no_cache)),
        private=not all(map(_names_fields, private)),
        public="public" in named,
        must_revalidate="must-revalidate" in named,
        proxy_revalidate="proxy-revalidate" in named,
        must_understand="must-understand" in named,
        max_age_seconds=_seconds(named, "max-age"),
        s_maxage_seconds=_seconds(named, "s-maxage"),
        stale_while_revalidate_seconds=_seconds(named, "stale-while-revalidate"),
        stale_if_error_seconds=_seconds(named, "stale-if-error"),
        no_cache_fields=_field_names(no_cache),
        private_fields=_field_names(private),
        is_targeted=is_targeted,
    )


def _named(directives: list[str]) -> dict[str, list[str | None]]:
    named: dict[str, list[str | None]] = {}
    for directive in directives:
        name, equals, value = directive.partition("=")
        argument = unquote(value.strip(" \t")) if equals else None
        named.setdefault(name.strip(" \t").lower(), []).append(argument)
    return named


def _seconds(named: dict[str, list[str | None]], name: str) -> int | None:
    values = named.get(name)
    return min(delta_seconds(value) for value in values) if values else None


def _most_staleness(values: list[str | None]) -> int | None:
    bounds = (MOST_SECONDS if value is None else delta_seconds(value) for value in values)
    return min(bounds, default=None)


def delta_seconds(text: str | None) -> int:
    """Return a delta-seconds value, at most 2^31; 0 for what isn't one."""
    if text is None or not (text.isascii() and text.isdigit()):
        return 0
    digits = text.lstrip("0") or "0"  # int() refuses thousands of digits
    return MOST_SECONDS if len(digits) > 10 else min(int(digits), MOST_SECONDS)


def _names_fields(value: str | None) -> bool:
    """Tell whether no-cache or private is qualified; a list of nothing is no qualification."""
    return value is not None and any(split_list(value))


def _field_names(values: list[str | None]) -> frozenset[str]:
    return frozenset(name.lower() for value in values if value is not None for name in split_list(value))
