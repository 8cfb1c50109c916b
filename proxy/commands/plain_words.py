"""Durations, moments, rates and failures in an operator's words: short, one way of saying each."""

from datetime import UTC, datetime

from proxy.errors import ErrorKind

_FAILURES: dict[str, str] = {
    ErrorKind.DNS_TIMEOUT: "not found by name (DNS took too long)",
    ErrorKind.DNS_ERROR: "not found by name",
    ErrorKind.DESTINATION_UNAVAILABLE: "answered errors",
    ErrorKind.CONNECTION_REFUSED: "refused",
    ErrorKind.CONNECTION_TERMINATED: "hung up",
    ErrorKind.CONNECTION_TIMEOUT: "not reached in time",
    ErrorKind.CONNECTION_READ_TIMEOUT: "timed out",
    ErrorKind.CONNECTION_WRITE_TIMEOUT: "took no request in time",
    ErrorKind.CONNECTION_LIMIT_REACHED: "not asked for want of connections",
    ErrorKind.TLS_PROTOCOL_ERROR: "failed at TLS",
    ErrorKind.TLS_CERTIFICATE_ERROR: "showed a certificate that is not trusted",
    ErrorKind.HTTP_RESPONSE_INCOMPLETE: "broke off its answers",
    ErrorKind.HTTP_RESPONSE_TIMEOUT: "timed out",
    ErrorKind.HTTP_PROTOCOL_ERROR: "answered something that is not HTTP",
    ErrorKind.HTTP_REQUEST_ERROR: "not asked",
    ErrorKind.PROXY_LOOP_DETECTED: "is ourselves",
    ErrorKind.PROXY_INTERNAL_ERROR: "not asked because of a fault here",
}


def failure(word: str) -> str:
    """Return what Connect did, to stand after its name: an error's kind or a status in plain words."""
    if word.isdigit():
        return f"answered {word}"
    return _FAILURES.get(word, word)


def duration(seconds: float) -> str:
    """Return a duration with its two largest units: 5s, 3m12s, 3h56m, 2d03h."""
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes_left = divmod(minutes, 60)
    days, hours_left = divmod(hours, 24)
    if days:
        return f"{days}d{hours_left:02}h"
    if hours:
        return f"{hours}h{minutes_left:02}m"
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"


def short_duration(seconds: float) -> str:
    """Return a duration that is mostly far below a second: 0.9ms, 12ms, 1.2s."""
    milliseconds = seconds * 1000
    if milliseconds < 9.95:
        return f"{milliseconds:.1f}ms"
    return f"{milliseconds:.0f}ms" if milliseconds < 999.5 else f"{seconds:.1f}s"


def moment(unix_seconds: float, now_unix_seconds: float) -> str:
    """Return a moment in UTC; with its day if that is another one."""
    then, now = (datetime.fromtimestamp(at, UTC) for at in (unix_seconds, now_unix_seconds))
    return f"{then:%H:%M:%SZ}" if then.date() == now.date() else f"{then:%Y-%m-%dT%H:%M:%SZ}"


def rate(per_second: float) -> str:
    """Return a rate with as many digits as tell something: 0, 0.04, 6.8, 120."""
    if 0 < per_second < 0.095:
        return f"{max(per_second, 0.01):.2f}/s"
    return f"{per_second:.1f}/s" if 0 < per_second < 9.95 else f"{per_second:,.0f}/s"


def percent(value: float) -> str:
    """Return a share, rounded down: 99.96 is not 100."""
    tenths = int(value * 10)
    return f"{tenths // 10}%" if tenths % 10 == 0 else f"{tenths / 10}%"


def mebibytes(count: float) -> str:
    """Return a size."""
    return f"{count / (1024 * 1024):.1f}"
