"""HTTP dates (RFC 9110 section 5.6.7): all three forms in, IMF-fixdate out. Seconds are Unix time, UTC.

The day of the week must be one, but isn't compared with the date: it carries nothing, and origins err.
"""

import calendar
import re
from datetime import UTC, datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"
_DAY = f"(?:{'|'.join(_DAYS)})"
_LONG_DAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"

_FORMS = (
    re.compile(rf"{_DAY}, (?P<day>\d\d) {_MONTH} (?P<year>\d{{4}}) {_TIME} GMT", re.ASCII),
    re.compile(rf"{_LONG_DAY}, (?P<day>\d\d)-{_MONTH}-(?P<year>\d\d) {_TIME} GMT", re.ASCII),
    re.compile(rf"{_DAY} {_MONTH} (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})", re.ASCII),
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
    if len(match["year"]) == 2:
        year = _full_year(year, now_wall_seconds)
    day, hour, minute, second = (int(match[part]) for part in ("day", "hour", "minute", "second"))
    if year < 1 or not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    if hour > 23 or minute > 59 or second > 60:  # 60: a leap second
        return None
    return float(calendar.timegm((year, month, day, hour, minute, second)))


def _full_year(two_digits: int, now_wall_seconds: float) -> int:
    this_year = datetime.fromtimestamp(now_wall_seconds, UTC).year
    year = this_year - this_year % 100 + two_digits
    return year - 100 if year > this_year + 50 else year


def format_date(wall_seconds: float) -> str:
    """Return a moment as IMF-fixdate."""
    moment = datetime.fromtimestamp(int(wall_seconds), UTC)
    return (
        f"{_DAYS[moment.weekday()]}, {moment.day:02} {_MONTHS[moment.month - 1]} {moment.year:04} "
        f"{moment.hour:02}:{moment.minute:02}:{moment.second:02} GMT"
    )
