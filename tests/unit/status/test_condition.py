"""What a status comes to."""

import pytest

from proxy.status.condition import judged
from proxy.status.document import Reason, State, Status

AWAY = {"connect_failure": "connection_refused", "stored_responses": 3, "stale_left_seconds": 60.0}
SERVING = {"phase": "serving", "mode": "cache"}

CASES = {
    "all is well": ({}, State.OK, ()),
    "no traffic is no trouble": ({"recent_requests": 0}, State.OK, ()),
    "stale answers": (AWAY, State.DEGRADED, (Reason.SERVING_STALE,)),
    "stale answers, bound unknown": (
        AWAY | {"stale_left_seconds": None},
        State.DEGRADED,
        (Reason.SERVING_STALE,),
    ),
    "away and cold": (AWAY | {"stored_responses": 0}, State.FAILING, (Reason.NOTHING_STORED,)),
    "away for too long": (AWAY | {"stale_left_seconds": 0.0}, State.FAILING, (Reason.STALE_RAN_OUT,)),
    "away in observe": (AWAY | {"mode": "observe"}, State.FAILING, (Reason.FORWARDING,)),
    "away in passthrough": (AWAY | {"mode": "passthrough"}, State.FAILING, (Reason.FORWARDING,)),
    "the kill switch alone": ({"mode": "passthrough"}, State.OK, ()),
    "two unlucky requests": ({"recent_requests": 20, "recent_errors": 2}, State.OK, ()),
    "three of many": ({"recent_requests": 10_000, "recent_errors": 3}, State.OK, ()),
    "0.1 % exactly": ({"recent_requests": 3_000, "recent_errors": 3}, State.OK, ()),
    "more than 0.1 %": (
        {"recent_requests": 2_999, "recent_errors": 3},
        State.DEGRADED,
        (Reason.CLIENT_ERRORS,),
    ),
    "1 % exactly": ({"recent_requests": 300, "recent_errors": 3}, State.DEGRADED, (Reason.CLIENT_ERRORS,)),
    "more than 1 %": ({"recent_requests": 299, "recent_errors": 3}, State.FAILING, (Reason.CLIENT_ERRORS,)),
    "lost records": ({"audit_lost": 1}, State.DEGRADED, (Reason.AUDIT_LOST,)),
    "lost records that must not be": (
        {"audit_lost": 1, "audit_refuses": True},
        State.FAILING,
        (Reason.AUDIT_LOST,),
    ),
    "refused settings": ({"reload_refused_unix_seconds": 1.0}, State.DEGRADED, (Reason.RELOAD_REFUSED,)),
    "what fails comes first": (
        AWAY | {"reload_refused_unix_seconds": 1.0, "recent_requests": 10, "recent_errors": 5},
        State.FAILING,
        (Reason.CLIENT_ERRORS, Reason.SERVING_STALE, Reason.RELOAD_REFUSED),
    ),
    "not there yet": ({"phase": "starting"}, State.STARTING, ()),
    "on its way out": (AWAY | {"phase": "draining"}, State.DRAINING, (Reason.SERVING_STALE,)),
}


@pytest.mark.parametrize("case", CASES)
def test_what_it_comes_to(case):
    fields, state, reasons = CASES[case]
    status = judged(Status(**(SERVING | fields)))
    assert (status.state, tuple(status.reasons)) == (state, reasons)
