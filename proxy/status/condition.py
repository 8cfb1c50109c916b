"""What a status comes to: ok, degraded or failing, and why. Pure: the whole judgement is in these few rules.

Failing is what hurts clients now: Connect is away and nothing takes its place, more than 1 % of their requests end in
errors, or reads have no record although they must. Degraded is what will, or what somebody should know: stale answers,
more than 0.1 % errors, lost records, settings that were refused. A single unlucky request is neither.
"""

from dataclasses import replace

from proxy.status.document import Reason, State, Status

_FAILING_PERCENT = 1.0
_DEGRADED_PERCENT = 0.1
_LEAST_ERRORS = 3


def judged(status: Status) -> Status:
    """Return the document with its state, and the reasons for it: those for failing first."""
    failing: list[Reason] = []
    degraded: list[Reason] = []
    if status.connect_failure:
        away = _while_away(status)
        (degraded if away is Reason.SERVING_STALE else failing).append(away)
    if status.recent_errors >= _LEAST_ERRORS:
        percent = 100.0 * status.recent_errors / status.recent_requests
        if percent > _FAILING_PERCENT:
            failing.append(Reason.CLIENT_ERRORS)
        elif percent > _DEGRADED_PERCENT:
            degraded.append(Reason.CLIENT_ERRORS)
    if status.audit_lost:
        (failing if status.audit_refuses else degraded).append(Reason.AUDIT_LOST)
    if status.reload_refused_unix_seconds is not None:
        degraded.append(Reason.RELOAD_REFUSED)
    state = State.FAILING if failing else State.DEGRADED if degraded else State.OK
    phases = {"starting": State.STARTING, "draining": State.DRAINING, "stopped": State.DRAINING}
    return replace(status, state=phases.get(status.phase, state), reasons=(*failing, *degraded))


def _while_away(status: Status) -> Reason:
    if status.mode != "cache":
        return Reason.FORWARDING
    if not status.stored_responses:
        return Reason.NOTHING_STORED
    has_run_out = status.stale_left_seconds is not None and status.stale_left_seconds <= 0
    return Reason.STALE_RAN_OUT if has_run_out else Reason.SERVING_STALE
