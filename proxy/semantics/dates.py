"""HTTP dates (RFC 9110 section 5.6.7): all three forms in, IMF-fixdate out. Seconds are Unix time, UTC."""

import calendar
import re
from datetime import UTC, datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTH = "|".join(_MONTHS)
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"

_FORMS = (
    re.compile(
        rf"(?:{'|'.join(_DAYS)}), (?P<day>\d\d) (?P<month>{_MONTH}) (?P<year>\d{{4}}) {_TIME} GMT", re.ASCII
    ),
    re.compile(rf"[A-Z][a-z]{{5,8}}, (?P<day>\d\d)-(?P<month>{_MONTH})-(?P<year>\d\d) {_TIME} GMT", re.ASCII),
    re.compile(rf"[A-Z][a-z]{{2}} (?P<month>{_MONTH}) (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})", re.ASCII),
)


def parse_date(text: str, now_wall_seconds: float) -> float | None:
    """Return the moment a date names; None if it isn't one.

    A two-digit year more than 50 years ahead of `now_wall_seconds` lies in the past (RFC 9110).
    """
    for form in _FORMS:
        match = form.fullmatch(text)
        if match is not None:
            return _seconds(match, now_wall_seconds)
    return None


def _seconds(match: re.Match[str], now_wall_seconds: float) -> float | None:
    year, month = int(match["year"]), _MONTHS.index(match["month"]) + 1
    day, hour, minute, second = (int(match[part]) for part in ("day", "hour", "minute", "second"))
    if len(match["year"]) == 2:
        this_year = 1970 + int(now_wall_seconds // 31_556_952)
        year += this_year - this_year % 100
        if year > this_year + 50:
            year -= 100
    if not 1 <= day <= calendar.monthrange(max(year, 1), month)[1] or hour > 23 or minute > 59 or second > 60:
        return None
    return float(calendar.timegm((year, month, day, hour, minute, second)))


def format_date(wall_seconds: float) -> str:
    """Return a moment as IMF-fixdate."""
    moment = datetime.fromtimestamp(int(wall_seconds), UTC)
    return (
        f"{_DAYS[moment.weekday()]}, {moment.day:02} {_MONTHS[moment.month - 1]} {moment.year:04} "
        f"{moment.hour:02}:{moment.minute:02}:{moment.second:02} GMT"
    )
