"""Explanations in words: every verdict and every reason has a sentence."""

from dataclasses import replace

import pytest

from proxy.commands.explain_text import BECAUSE, SENTENCES, lines_of, sentence_of
from proxy.exchange.explanation import Because, Explanation, FenceState, LimitState, StoredState, Verdict

EXPLAINED = Explanation(
    verdict=Verdict.FRESH,
    because=None,
    method="GET",
    resource="item",
    token="ci",
    mode="cache",
    handling="cache",
    about={"vault": "v" * 26, "item": "i" * 26},
    stored=StoredState(
        variants=1, age_seconds=36.5, fresh_left_seconds=23.4, stale_left_seconds=14_423.0, version=7
    ),
    highest_version=8,
    access_age_seconds=36.5,
    access_left_seconds=23.4,
    token_left_seconds=90_000.0,
    fence=FenceState(waits_for="version", version=8, age_seconds=3.2, left_seconds=26.8),
    limit_mode="enforce",
    limits=(
        LimitState(budget="requests", remaining=12, burst=2000, retry_after_seconds=0.0),
        LimitState(budget="upstream", remaining=0, burst=500, retry_after_seconds=4.2),
    ),
    breakers=("closed", "half_open"),
)


def test_everything_that_is_known_is_said_and_the_sentence_comes_last():
    assert lines_of(EXPLAINED) == [
        f"request   GET item vault {'v' * 26} item {'i' * 26}",
        "token     ci, ends in 1d01h",
        "mode      cache",
        "route     permitted",
        "handling  answered from memory where that is allowed",
        "stored    yes, 36 s old, fresh for 23 s more, good for 4h00m more in an outage",
        "version   7 stored, 8 is the highest known",
        "access    proved 36 s ago, good for 23 s more",
        "fence     written 3 s ago, version 8 is awaited, for 26 s at most",
        "limits    enforce, requests 12 of 2000 left, to Connect 0 of 500 left",
        "breaker   closed, half open",
        "",
        "It would be answered from memory: fresh for 23 s more.",
    ]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"verdict": Verdict.FRESH}, "It would be answered from memory: fresh for 23 s more."),
        (
            {"verdict": Verdict.REVALIDATING},
            "It would be answered from memory, stale, while Connect is asked behind it.",
        ),
        (
            {"verdict": Verdict.STALE, "because": Because.NOT_FRESH},
            "Connect is down: it would be answered from memory, stale, for 4h00m more.",
        ),
        (
            {"verdict": Verdict.FAILED, "because": Because.NOT_STORED, "stored": None},
            "It would fail: Connect is down, and must be asked because nothing is stored for it.",
        ),
        (
            {"verdict": Verdict.LIMITED},
            "It would be refused with 429: the token's budget for requests to Connect is used up for 4 s more.",
        ),
        (
            {"verdict": Verdict.REFUSED_BEFORE, "refused_again_seconds": 7.9},
            "It would get Connect's last refusal again, without asking, for 7 s more.",
        ),
        (
            {"verdict": Verdict.ASKED, "because": Because.MODE, "mode": "passthrough"},
            "Connect would be asked, because the mode is passthrough.",
        ),
        (
            {"verdict": Verdict.ASKED, "because": Because.NEWER_VERSION},
            "Connect would be asked, because version 7 is stored and version 8 exists.",
        ),
        (
            {"verdict": Verdict.ASKED, "because": Because.FENCE},
            "Connect would be asked, because a write of 3 s ago may not show yet.",
        ),
        (
            {"verdict": Verdict.ASKED, "because": Because.UNVERIFIED, "access_age_seconds": 75.0},
            "Connect would be asked, because the token's access to this was last proved 1m15s ago.",
        ),
        (
            {"verdict": Verdict.ASKED, "because": Because.UNVERIFIED, "access_age_seconds": None},
            "Connect would be asked, because the token's access to this is not proved.",
        ),
    ],
)
def test_the_sentence_says_what_would_become_of_it(fields, sentence):
    assert sentence_of(replace(EXPLAINED, **fields)) == sentence


def test_every_word_has_a_sentence():
    assert set(SENTENCES) == set(Verdict)
    assert set(BECAUSE) == set(Because)


def test_what_there_is_none_of_is_said_in_words():
    bare = Explanation(
        verdict=Verdict.ASKED,
        because=Because.WRITE,
        method="PUT",
        resource="other",
        token="ci",
        mode="cache",
        handling="write",
        filtered=True,
        token_is_refused=True,
        token_left_seconds=0.0,
        refused_again_seconds=3.0,
        route_permitted=False,
    )
    assert lines_of(bare) == [
        "request   PUT other filtered",
        "token     ci, has ended",
        "mode      cache",
        "route     denied",
        "handling  passed on once; what it touches is dropped",
        "access    Connect has refused the token",
        "fence     none",
        "limits    off, none for this token",
        "refused   the last refusal is repeated for 3 s more",
        "breaker   no upstream known",
        "",
        "Connect would be asked, because it is a write.",
    ]
