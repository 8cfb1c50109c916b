"""Validators and preconditions (RFC 9110 sections 8.8 and 13).

Evaluates what a client asks under conditions against what we hold; it knows nothing of caching.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from proxy.semantics.dates import parse_date
from proxy.semantics.message import Fields, Request

_TAG_TEXT = r'(?:W/)?"[\x21\x23-\x7e\x80-\U0010ffff]*"'
_ENTITY_TAG = re.compile(_TAG_TEXT)
_LISTED = re.compile(rf"(?:^|,)[ \t]*({_TAG_TEXT})[ \t]*(?=,|$)")

PRECONDITION_FIELDS = ("If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range")


class Precondition(StrEnum):
    """What follows from a request's conditions."""

    PROCEED = "proceed"
    NOT_MODIFIED = "not_modified"  # 304
    FAILED = "failed"  # 412


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """The entity tag, Last-Modified and Date of what would be answered, as field values."""

    entity_tag: str | None
    last_modified: str | None
    date: str | None = None


def is_entity_tag(text: str) -> bool:
    """Tell whether a text is an entity tag, strong or weak."""
    return _ENTITY_TAG.fullmatch(text) is not None


def entity_tags(fields: Fields, name: str) -> list[str]:
    """Return the entity tags listed in a field; what isn't one is left out."""
    return [tag for value in fields.getall(name, ()) for tag in _LISTED.findall(value)]


def matches_strongly(one: str, other: str) -> bool:
    """Compare two entity tags strongly (RFC 9110 section 8.8.3.2)."""
    return one == other and not one.startswith("W/")


def matches_weakly(one: str, other: str) -> bool:
    """Compare two entity tags weakly."""
    return one.removeprefix("W/") == other.removeprefix("W/")


def evaluate(request: Request, validators: Validators, now_wall_seconds: float) -> Precondition:
    """Evaluate a GET's or HEAD's conditions in the order of RFC 9110 section 13.2.2."""
    fields = request.fields
    if "If-Match" in fields:
        if not _if_match(fields, validators):
            return Precondition.FAILED
    elif _is_later(validators.last_modified, fields.get("If-Unmodified-Since"), now_wall_seconds):
        return Precondition.FAILED
    if "If-None-Match" in fields:
        return Precondition.NOT_MODIFIED if _if_none_match(fields, validators) else Precondition.PROCEED
    since = fields.get("If-Modified-Since")
    if _is_not_later(validators.last_modified, since, now_wall_seconds):
        return Precondition.NOT_MODIFIED
    return Precondition.PROCEED


def if_range_holds(request: Request, validators: Validators, now_wall_seconds: float) -> bool:
    """Tell whether a Range field may be honoured (RFC 9110 section 13.1.5); true without If-Range."""
    if "If-Range" not in request.fields:
        return True
    condition = request.fields["If-Range"]
    if is_entity_tag(condition):
        return validators.entity_tag is not None and matches_strongly(condition, validators.entity_tag)
    dates = _dates(validators.last_modified, condition, now_wall_seconds)
    return dates is not None and dates[0] == dates[1] and _is_strong(validators, now_wall_seconds)


def _if_match(fields: Fields, validators: Validators) -> bool:
    if fields.get("If-Match", "").strip() == "*":
        return True
    tag = validators.entity_tag
    return tag is not None and any(matches_strongly(tag, asked) for asked in entity_tags(fields, "If-Match"))


def _if_none_match(fields: Fields, validators: Validators) -> bool:
    if fields.get("If-None-Match", "").strip() == "*":
        return True
    tag = validators.entity_tag
    return tag is not None and any(
        matches_weakly(tag, asked) for asked in entity_tags(fields, "If-None-Match")
    )


def _is_strong(validators: Validators, now_wall_seconds: float) -> bool:
    """Tell whether Last-Modified can't hide a second change in the same second (section 8.8.2.2)."""
    dates = _dates(validators.date, validators.last_modified, now_wall_seconds)
    return dates is not None and dates[0] >= dates[1] + 1


def _dates(held: str | None, asked: str | None, now_wall_seconds: float) -> tuple[float, float] | None:
    if held is None or asked is None:
        return None
    ours, theirs = parse_date(held, now_wall_seconds), parse_date(asked, now_wall_seconds)
    return None if ours is None or theirs is None else (ours, theirs)


def _is_later(held: str | None, asked: str | None, now_wall_seconds: float) -> bool:
    dates = _dates(held, asked, now_wall_seconds)
    return dates is not None and dates[0] > dates[1]


def _is_not_later(held: str | None, asked: str | None, now_wall_seconds: float) -> bool:
    dates = _dates(held, asked, now_wall_seconds)
    return dates is not None and dates[0] <= dates[1]
