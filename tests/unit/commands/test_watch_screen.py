"""The live view's screen: it fits, it says what matters, and it can do without colours and blocks."""

import re
from dataclasses import replace

import pytest

from proxy.commands.screen import Looks, Span, Style, bar, render, sparkline
from proxy.commands.watch import looks_of
from proxy.commands.watch_screen import gone, screen
from proxy.status.condition import judged
from proxy.status.document import ChangeStatus, EndpointStatus, Status, TokenStatus

NOW = 1_795_662_323.0
DAY = 86_400.0
PLAIN = Looks(has_colours=False, has_blocks=True)
COLOURED = Looks(has_colours=True, has_blocks=True)
ASCII = Looks(has_colours=False, has_blocks=False)
RISING = tuple(range(60))
STATUS = Status(
    version="1.2.3",
    phase="serving",
    profile="connect",
    mode="cache",
    upstream="http://onepassword-connect.secrets.svc.cluster.local:8080",
    at_unix_seconds=NOW,
    uptime_seconds=9000.0,
    connect_failure="connection_refused",
    connect_away_since_unix_seconds=NOW - 192,
    connect_away_seconds=192.4,
    stale_left_seconds=14_208.0,
    endpoints=(EndpointStatus(number=0, breaker="half_open", is_pinned=True, failure="connection_refused"),),
    recent_seconds=299.0,
    recent_requests=2033,
    recent_ok_percent=99.902,
    recent_from_memory_percent=94.1,
    recent_p50_seconds=0.0002,
    recent_p99_seconds=0.0009,
    recent_direct_per_second=6.8,
    recent_to_connect_per_second=0.4,
    history_slot_seconds=5,
    history={"hit": RISING, "stale": (0,) * 57 + (50, 100, 3), "refused": RISING, "limited": RISING},
    tokens_verified=3,
    tokens_unverified=1,
    tokens=(
        TokenStatus(name="gone", state="refused", verified_age_seconds=500.0),
        TokenStatus(name="idle", state="unverified", verified_age_seconds=90.0, expires_unix_seconds=NOW - 1),
        TokenStatus(name="billing-prod", state="verified", expires_unix_seconds=NOW + 3 * DAY),
        *(TokenStatus(name=f"team-{number}", state="verified") for number in range(20)),
    ),
    stored_responses=1234,
    stored_bytes=12 * 1024 * 1024,
    store_limit_bytes=16 * 1024 * 1024,
    evictions=7,
    open_fences=2,
    oldest_fence_seconds=7.0,
    limit_mode="shadow",
    recent_would_limit=12,
    changes=(
        ChangeStatus(at_unix_seconds=NOW - 192, event="upstream.down", detail="connection_refused"),
        ChangeStatus(at_unix_seconds=NOW - 4000, event="upstream.recovered", detail="61"),
        ChangeStatus(at_unix_seconds=NOW - 5000, event="something.new", detail="7"),
    ),
)


def drawn(status=STATUS, looks=PLAIN, width=80, height=24):
    return render(screen(judged(status), looks, width, height), looks, width, height)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 60), (60, 20), (20, 5), (1, 1)])
@pytest.mark.parametrize("reasons", [0, 9])
def test_it_fits_whatever_the_size(width, height, reasons):
    status = replace(
        STATUS,
        audit_lost=reasons,
        reload_refused_unix_seconds=float(reasons) or None,
        recent_errors=100 * reasons,
        recent_error_answers={"failed": 900},
    )
    lines = drawn(status, width=width, height=height)
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)


def test_80_by_24_shows_the_state_the_reason_every_figure_tokens_and_changes():
    text = "\n".join(drawn())
    for said in (
        " DEGRADED ",
        "mode cache  up 2h30m  03:05:23Z",
        "serving stale: Connect",
        "stale lasts 3h56m",
        "ok 99.9%  hit 94%  p50 0.2ms  p99 0.9ms",
        "refused, breaker half open  direct 6.8/s",
        "12.0 of 16.0 MiB",
        "1,234 stored  7 evicted",
        "fences 2 (oldest 7s)",
        "shadow, 12 would be limited",
        "audit lost 0",
        "3 ok 1 unverified 0 refused",
        "gone                 refused    proved 8m20s ago",
        "and 22 more",
        "03:02:11Z Connect is down: refused",
    ):
        assert said in text, text


def test_now_is_the_last_ten_seconds_that_are_over():
    line = next(line for line in drawn() if line.startswith(" stale"))
    assert line.split()[1] == "15/s"
    turned_away = next(line for line in drawn() if line.startswith(" turned away"))
    assert turned_away.split()[2] == "23/s"  # refused and limited together


def test_more_tokens_than_there_is_room_for_are_counted_and_the_urgent_ones_come_first():
    lines = drawn()
    assert any(re.fullmatch(r"   and \d+ more", line) for line in lines)
    tall = drawn(height=60)
    assert not any("more" in line for line in tall)
    assert sum("team-" in line for line in tall) == 20


def test_a_wide_terminal_has_tokens_and_changes_side_by_side():
    (head,) = [line for line in drawn(width=140) if line.startswith(" tokens")]
    assert "changes" in head
    assert head.index("changes") > 70


def test_expiry_is_told():
    text = "\n".join(drawn(height=60))
    assert "idle                 unverified proved 1m30s ago   has ended" in text
    assert "ends in 3d00h" in text


def test_every_change_has_words_even_one_that_nobody_knows():
    text = "\n".join(drawn(height=60))
    assert "01:58:43Z Connect is back after 1m01s" in text
    assert "something.new 7" in text


def test_colours_come_only_where_they_are_wanted():
    assert "\x1b" not in "".join(drawn())
    coloured = drawn(looks=COLOURED)
    assert coloured[0].startswith(f"{Style.DOUBTFUL.value} DEGRADED \x1b[0m")
    assert all(len(re.sub(r"\x1b\[[\d;]*m", "", line)) <= 80 for line in coloured)


def test_a_terminal_without_unicode_gets_ascii():
    text = "".join(drawn(looks=ASCII))
    assert text.isascii()
    assert "#####" in text


@pytest.mark.parametrize(
    ("environ", "encoding", "expected"),
    [
        ({"TERM": "xterm-256color"}, "utf-8", COLOURED),
        ({"TERM": "xterm-256color"}, "UTF-8", COLOURED),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "utf-8", PLAIN),
        ({"TERM": "dumb"}, "utf-8", PLAIN),
        ({}, "utf-8", PLAIN),
        ({"TERM": "xterm", "NO_COLOR": ""}, "ascii", Looks(has_colours=True, has_blocks=False)),
        ({"TERM": "dumb"}, None, ASCII),
    ],
)
def test_what_a_terminal_can_show(environ, encoding, expected):
    assert looks_of(environ, encoding) == expected


def test_nothing_that_is_shown_can_move_the_cursor():
    (line,) = render([[Span("a\x1b[2Jb\nc\rd")]], COLOURED, 80, 24)
    assert line == "a?[2Jb?c?d"


@pytest.mark.parametrize(
    ("counts", "columns", "expected"),
    [
        ((), 10, ""),
        ((0, 0), 10, "  "),
        ((1, 0, 100), 10, "▁ █"),  # one in a hundred still shows
        ((4, 8), 10, "▄█"),
        ((9, 4, 8), 2, "▄█"),
        ((9,), 0, ""),
    ],
)
def test_sparklines(counts, columns, expected):
    assert sparkline(counts, columns, PLAIN) == expected


def test_bars_stay_in_their_bounds():
    assert [bar(share, 4, ASCII) for share in (-1.0, 0.0, 0.5, 1.0, 9.0)] == [
        "....",
        "....",
        "##..",
        "####",
        "####",
    ]


def test_a_sidecar_that_is_gone_is_said_to_be_and_how_it_was():
    lines = render(gone("no sidecar answers at /run/c.sock", judged(STATUS)), PLAIN, 80, 24)
    assert lines == [
        " GONE  no sidecar answers at /run/c.sock",
        "",
        "It was last seen DEGRADED, up 2h30m.",
    ]
    assert render(gone("no", Status()), PLAIN, 80, 24)[-1] == ""
