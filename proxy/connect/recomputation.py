"""Items with one-time passwords that are stored: their codes are put in place as of every reuse.

A code is recomputed only where it could be recomputed when the item came: from the otpauth URI that the same field
shows, with the received code as the result. Everything else in the body stays, octet for octet; a code never changes
its length. Codes follow wall_seconds, as the sites that ask for them do (design rule 10). It must not know of stores.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from proxy.caching.stored_response import StoredResponse
from proxy.clock import Instant
from proxy.connect import otpauth
from proxy.connect.json_spans import Path, Scan, Text, UnscannableError, scan
from proxy.connect.one_time_passwords import ONE_TIME_PASSWORD_TYPES
from proxy.connect.otpauth import OneTimePassword
from proxy.semantics.dates import parse_date
from proxy.semantics.message import Response

_SPEAK_OF_THE_OCTETS = (
    "Content-Digest",
    "Content-Encoding",
    "Content-MD5",
    "Digest",
    "ETag",
    "Last-Modified",
    "Repr-Digest",
)
"""A body that changes belies these; a 304 to such a tag would stand for a body with another code."""

_MOST_CODES = 16  # in one item; each costs some microseconds in every hit
_MOST_BODY_BYTES = 64 * 1024  # scanned on the event loop: some 30 ms at worst
_MOST_CLOCK_DIFFERENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Where one code stands in a body, and what makes it."""

    start: int
    end: int
    received: str = field(repr=False)
    password: OneTimePassword = field(repr=False)

    def was_right(self, origin_wall_seconds: float) -> bool:
        """Tell whether the received code is ours; an origin computes it up to a step before or after its Date."""
        step = self.password.step(origin_wall_seconds)
        return any(self.password.code(near) == self.received for near in (step, max(0, step - 1), step + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputation:
    """The codes in one body. It is the `Variation` of an item. `date` is what the origin called now."""

    codes: tuple[Code, ...]
    date: str | None

    def was_right(self, now: Instant) -> bool:
        """Tell whether all received codes are what we would have computed, on a clock that agrees with ours."""
        wall_seconds = now.wall_seconds
        stated = None if self.date is None else parse_date(self.date, wall_seconds)
        origin_seconds = wall_seconds if stated is None else stated
        difference = abs(origin_seconds - wall_seconds)
        bound = min(_MOST_CLOCK_DIFFERENCE_SECONDS, *(code.password.period_seconds for code in self.codes))
        return difference <= bound and all(code.was_right(origin_seconds) for code in self.codes)

    def at(self, stored: StoredResponse, now: Instant) -> StoredResponse:
        """Return the same response with the codes of `now`."""
        body = bytearray(stored.response.body)
        for code in self.codes:
            password = code.password
            body[code.start : code.end] = password.code(password.step(now.wall_seconds)).encode("ascii")
        return replace(stored, response=replace(stored.response, body=bytes(body)))

    def began_at_wall_seconds(self, now: Instant) -> float:
        """Return when the body became what it is."""
        passwords = [code.password for code in self.codes]
        return max(float(made.step(now.wall_seconds) * made.period_seconds) for made in passwords)

    def changes_at_wall_seconds(self, now: Instant) -> float:
        """Return when the body will be another."""
        passwords = [code.password for code in self.codes]
        return min(float((made.step(now.wall_seconds) + 1) * made.period_seconds) for made in passwords)


def recomputation_of(response: Response) -> Recomputation | None:
    """Return how the codes that an item shows are recomputed; None unless all of them surely can be."""
    if any(name in response.fields for name in _SPEAK_OF_THE_OCTETS):
        return None
    if len(response.body) > _MOST_BODY_BYTES:
        return None
    try:
        item = scan(response.body)
    except UnscannableError:
        return None
    places = frozenset(_places(item))
    codes = [_code(item, place) for place in sorted(places, key=str)]
    known = tuple(code for code in codes if code is not None)
    if len(known) != len(codes) or not 1 <= len(known) <= _MOST_CODES:
        return None
    return Recomputation(codes=known, date=response.fields.get("Date"))


def _places(item: Scan) -> Iterator[Path]:
    """Yield what shows a code or may: whatever has a `totp` member, in any spelling, or is of such a type."""
    for path in item.members:
        if str(path[-1]).casefold() == "totp":
            yield path[:-1] if path[-1] == "totp" else path
    for path, text in item.texts.items():
        if path[-1:] == ("type",) and text.value in ONE_TIME_PASSWORD_TYPES:
            yield path[:-1]


def _code(item: Scan, place: Path) -> Code | None:
    """Return the code of one place; None unless it is an item's field that shows a code and what makes it.

    A list that shows codes shows them elsewhere: it is asked for anew.
    """
    match place:
        case ("fields", int()):
            shown, uri = item.texts.get((*place, "totp")), item.texts.get((*place, "value"))
        case _:
            return None
    password = None if uri is None else otpauth.parse(uri.value)
    if shown is None or password is None or not _is_code(shown, password.digits):
        return None
    return Code(start=shown.start, end=shown.end, received=shown.value, password=password)


def _is_code(shown: Text, digits: int) -> bool:
    """Tell whether a string is that many digits, written as themselves: escapes would make it longer."""
    code = shown.value
    return code.isascii() and code.isdigit() and len(code) == shown.end - shown.start == digits
