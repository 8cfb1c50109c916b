"""The line of `status`, to the letter, for every state; and the exit codes."""

from dataclasses import replace

import pytest

from proxy.commands import plain_words
from proxy.commands.status_line import line_of
from proxy.errors import ErrorKind
from proxy.status.condition import judged
from proxy.status.document import EndpointStatus, Reason, Status

NOW = 1_795_662_323.0  # 2026-11-26T03:05:23Z
STATUS = Status(
    phase="serving",
    profile="connect",
    mode="cache",
    upstream="http://connect:8080",
    at_unix_seconds=NOW,
    uptime_seconds=9000.0,
    endpoints=(EndpointStatus(number=0, breaker="closed", is_pinned=True),),
    recent_seconds=299.0,
    recent_requests=2033,
    recent_errors=2,
    recent_ok_percent=99.902,
    recent_from_memory_percent=94.1,
    recent_p50_seconds=0.0002,
    recent_p99_seconds=0.0009,
    recent_direct_per_second=6.8,
    recent_to_connect_per_second=0.4,
    tokens_verified=3,
    tokens_unverified=1,
    stored_responses=120,
)
FIGURES = (
    " | mode cache | ok 99.9% hit 94% p99 0.9ms | to Connect 0.4/s (direct 6.8/s)"
    " | tokens 3 ok 1 unverified 0 refused | fences 0 | audit lost 0"
)
AWAY = {
    "connect_failure": "connection_refused",
    "connect_away_since_unix_seconds": NOW - 192,
    "connect_away_seconds": 192.4,
    "stale_left_seconds": 14_208.0,
}
ERRORS = {
    "recent_errors": 106,
    "recent_error_answers": {"failed": 100, "limited": 6},
    "recent_ok_percent": 94.786,
}
ROTTEN = FIGURES.replace("ok 99.9%", "ok 94.7%")

LINES = {
    "ok": ({}, "OK in front of http://connect:8080" + FIGURES),
    "stale": (
        AWAY,
        "DEGRADED serving stale: Connect http://connect:8080 refused since 03:02:11Z (3m12s), stale lasts 3h56m"
        + FIGURES,
    ),
    "stale, since yesterday": (
        AWAY | {"connect_away_since_unix_seconds": NOW - 14_000, "connect_away_seconds": 14_000.0},
        "DEGRADED serving stale: Connect http://connect:8080 refused since 2026-11-25T23:12:03Z (3h53m),"
        " stale lasts 3h56m" + FIGURES,
    ),
    "stale, bound unknown": (
        AWAY | {"stale_left_seconds": None, "connect_failure": "503"},
        "DEGRADED serving stale: Connect http://connect:8080 answered 503 since 03:02:11Z (3m12s)" + FIGURES,
    ),
    "nothing stored": (
        AWAY | {"stored_responses": 0, "connect_failure": "connection_timeout"},
        "FAILING nothing stored: Connect http://connect:8080 not reached in time since 03:02:11Z (3m12s)"
        + FIGURES,
    ),
    "stale ran out": (
        AWAY | {"stale_left_seconds": 0.0},
        "FAILING stale answers have run out: Connect http://connect:8080 refused since 03:02:11Z (3m12s)"
        + FIGURES,
    ),
    "client errors": (
        ERRORS,
        "FAILING clients get errors: 5.2% of 2,033 requests, mostly no answer from Connect" + ROTTEN,
    ),
    "client errors in an outage, and a bad file": (
        ERRORS | AWAY | {"reload_refused_unix_seconds": NOW - 3600, "reload_problems": ("a", "b")},
        "FAILING clients get errors: 5.2% of 2,033 requests, mostly no answer from Connect;"
        " serving stale: Connect http://connect:8080 refused since 03:02:11Z (3m12s), stale lasts 3h56m;"
        " settings refused at 02:05:23Z (2 problems), the old ones go on" + ROTTEN,
    ),
    "audit lost": (
        {"audit_lost": 1, "audit_refuses": True},
        "FAILING 1 audit record lost" + FIGURES.replace("audit lost 0", "audit lost 1"),
    ),
    "reload refused": (
        {"reload_refused_unix_seconds": NOW - 3600, "reload_problems": ("a",)},
        "DEGRADED settings refused at 02:05:23Z (1 problem), the old ones go on" + FIGURES,
    ),
    "observe": (
        {"mode": "observe"},
        "OK in mode observe, nothing is answered from memory: in front of http://connect:8080"
        + FIGURES.replace("mode cache", "mode observe"),
    ),
    "passthrough, reload refused": (
        {"mode": "passthrough", "reload_refused_unix_seconds": NOW, "reload_problems": ("a",)},
        "DEGRADED in mode passthrough, nothing is answered from memory: settings refused at 03:05:23Z (1 problem),"
        " the old ones go on" + FIGURES.replace("mode cache", "mode passthrough"),
    ),
    "passthrough in an outage": (
        AWAY | {"mode": "passthrough"},
        "FAILING nothing is served stale in mode passthrough: Connect http://connect:8080 refused since 03:02:11Z"
        " (3m12s)" + FIGURES.replace("mode cache", "mode passthrough"),
    ),
    "starting": ({"phase": "starting"}, "STARTING in front of http://connect:8080" + FIGURES),
    "draining": (
        {"phase": "draining", "requests_under_way": 1},
        "DRAINING 1 request under way" + FIGURES,
    ),
    "no traffic": (
        {
            "recent_requests": 0,
            "recent_errors": 0,
            "recent_ok_percent": None,
            "recent_from_memory_percent": None,
            "recent_p99_seconds": None,
            "recent_direct_per_second": 0.0,
            "recent_to_connect_per_second": 0.0,
        },
        "OK in front of http://connect:8080"
        + FIGURES.replace("ok 99.9% hit 94% p99 0.9ms", "no requests in 4m59s").replace(
            "0.4/s (direct 6.8/s)", "0/s (direct 0/s)"
        ),
    ),
    "shadow": (
        {"recent_would_limit": 12},
        "OK in front of http://connect:8080"
        + FIGURES.replace("fences 0 |", "fences 0 | would have limited 12 |"),
    ),
    "enforced": (
        {"recent_limited": 3},
        "OK in front of http://connect:8080" + FIGURES.replace("fences 0 |", "fences 0 | limited 3 |"),
    ),
    "a fence": (
        {"open_fences": 2, "oldest_fence_seconds": 7.2},
        "OK in front of http://connect:8080" + FIGURES.replace("fences 0", "fences 2 (oldest 7s)"),
    ),
    "one of two upstreams": (
        {
            "endpoints": (
                EndpointStatus(number=0, breaker="open", failure="connection_refused"),
                EndpointStatus(number=1, breaker="closed", is_pinned=True),
            )
        },
        "OK in front of http://connect:8080"
        + FIGURES.replace("| tokens", "| upstreams 1 of 2 failing | tokens"),
    ),
    "http": (
        {"profile": "http"},
        "OK in front of http://connect:8080"
        + FIGURES.replace("mode cache", "mode cache | profile http").replace(
            " | tokens 3 ok 1 unverified 0 refused", ""
        ),
    ),
}


@pytest.mark.parametrize("case", LINES)
def test_the_line_says_how_it_is_to_the_letter(case):
    fields, expected = LINES[case]
    assert line_of(judged(replace(STATUS, **fields))) == expected


def test_every_reason_has_a_line_of_its_own():
    told = {reason for fields, _ in LINES.values() for reason in judged(replace(STATUS, **fields)).reasons}
    assert told == set(Reason)


@pytest.mark.parametrize("kind", ErrorKind)
def test_every_failure_has_plain_words(kind):
    assert "_" not in plain_words.failure(kind.value)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-1, "0s"), (0, "0s"), (59.9, "59s"), (192, "3m12s"), (14_208, "3h56m"), (183_600, "2d03h")],
)
def test_durations(seconds, expected):
    assert plain_words.duration(seconds) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.000_1, "0.1ms"),
        (0.009_949, "9.9ms"),
        (0.009_96, "10ms"),
        (0.34, "340ms"),
        (0.9999, "1.0s"),
        (12.3, "12.3s"),
    ],
)
def test_short_durations(seconds, expected):
    assert plain_words.short_duration(seconds) == expected


@pytest.mark.parametrize(
    ("per_second", "expected"),
    [
        (0, "0/s"),
        (0.001, "0.01/s"),
        (0.04, "0.04/s"),
        (0.4, "0.4/s"),
        (9.94, "9.9/s"),
        (10.2, "10/s"),
        (1234.5, "1,234/s"),
    ],
)
def test_rates(per_second, expected):
    assert plain_words.rate(per_second) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(100.0, "100%"), (99.96, "99.9%"), (99.0, "99%"), (0.0, "0%")]
)
def test_shares_are_never_rounded_up(value, expected):
    assert plain_words.percent(value) == expected
