"""What clients get: errors, answers that are too old, stale answers that run out; and fleets with nothing to tell."""

from tests.support.promtool import CONNECT, IDLE, Case, Firing, always, fleet, growing

_OK = 'requests_total{cache="hit",result="ok"}'
_ERROR = 'requests_total{cache="forwarded",result="error"}'
_TO_CONNECT = 'upstream_requests_total{cause="read",result="2xx"}'


def errors(per_minute: float) -> dict[str, str]:
    """Of a hundred requests a minute, so many come to an error."""
    return {_OK: growing(95 - per_minute), _ERROR: growing(per_minute)}


QUIET = (
    Case(behaviour="a healthy fleet is quiet", series=fleet(20), at_minute=180),
    Case(behaviour="an idle fleet is quiet", series=fleet(20, IDLE), at_minute=180),
    Case(
        behaviour="an idle fleet is quiet though its last attempts failed with nothing stored",
        series=fleet(20, {**IDLE, "upstream_up": always(0), "stored_responses": always(0)}),
        at_minute=180,
    ),
    Case(
        behaviour="a Prometheus that has just started raises nothing over counters of long ago",
        series=fleet(
            20,
            {
                _OK: growing(100, start=1e6),
                _ERROR: always(9e5),
                _TO_CONNECT: growing(20, start=2e6),
                'token_refusals_total{token="ci"}': always(12),
                "audit_lost_total": always(400),
                "process_start_time_seconds": always(7e5),
            },
        ),
        at_minute=3,
    ),
    Case(
        behaviour="passing everything on is not amplifying",
        series=fleet(2, {_OK: growing(95), _TO_CONNECT: growing(100)}),
        at_minute=100,
    ),
)
CLIENT_ERRORS = (
    Case(
        behaviour="errors above the budget of both windows page once for twenty pods",
        series=fleet(20, errors(1.5)),
        at_minute=4,
        firing=(
            Firing(
                name="ClientErrors",
                severity="page",
                says={
                    "summary": f"1.5% of what applications ask of {CONNECT} through connect-sidecar ends in an error.",
                    "affected": "Most errors: shop/billing",
                },
            ),
        ),
    ),
    Case(
        behaviour="each upstream has its own alert",
        series=fleet(3, errors(2)) | fleet(3, errors(5), workload="search", upstream="other:8080"),
        at_minute=10,
        firing=(
            Firing(name="ClientErrors", severity="page"),
            Firing(name="ClientErrors", severity="page", upstream="other:8080"),
        ),
    ),
    Case(behaviour="errors just below the budget are quiet", series=fleet(20, errors(1.4)), at_minute=100),
    Case(
        behaviour="errors are not yet an alert within two minutes", series=fleet(20, errors(9)), at_minute=2
    ),
    Case(
        behaviour="errors just below the budget now are quiet after a bad hour",
        series=fleet(5, {_OK: growing(95), _ERROR: "0+20x20 400+1.4x200"}),
        at_minute=30,
    ),
    Case(
        behaviour="errors just below the budget of the hour are quiet though many now",
        series=fleet(5, {_OK: growing(95), _ERROR: "0+1.2x60 73+3x200"}),
        at_minute=66,
    ),
    Case(
        behaviour="half of a little more than a handful of requests pages",
        series=fleet(1, {**IDLE, _OK: growing(6.5), _ERROR: growing(6.5)}),
        at_minute=10,
        firing=(Firing(name="ClientErrors", severity="page"),),
    ),
    Case(
        behaviour="half of a handful of requests is quiet",
        series=fleet(1, {**IDLE, _OK: growing(5.5), _ERROR: growing(5.5)}),
        at_minute=100,
    ),
    Case(
        behaviour="a burst of errors that is over is quiet",
        series=fleet(5, {_ERROR: "0+20x10 200+0x200"}),
        at_minute=20,
    ),
    Case(
        behaviour="a burst of errors is quiet while the hour was good",
        series=fleet(5, {_ERROR: "0+0x95 0+15x200"}),
        at_minute=100,
    ),
    Case(
        behaviour="requests at fault are no errors",
        series=fleet(5, {'requests_total{cache="forwarded",result="refused"}': growing(300)}),
        at_minute=60,
    ),
)
STALE_RUNS_OUT = (
    Case(
        behaviour="stale answers that last under half an hour page",
        series=fleet(19) | fleet(1, {"stale_seconds_left": always(1_740)}, first=20),
        at_minute=1,
        firing=(
            Firing(
                name="StaleRunsOut",
                severity="page",
                says={
                    "summary": f"Connect at {CONNECT} is away, and the stored answers that stand in for it may soon "
                    "no longer be given: applications will then get errors.",
                    "affected": "The first within 29m 0s. Pods: 1, of shop/billing",
                },
            ),
        ),
    ),
    Case(
        behaviour="half an hour of stale answers left is quiet",
        series=fleet(20, {"stale_seconds_left": always(1_800)}),
        at_minute=60,
    ),
    Case(
        behaviour="a bound that is short by itself is quiet while nothing is served stale",
        series=fleet(
            20, {"stale_seconds_left": always(600), 'age_bound_seconds{cache="stale"}': always(660)}
        ),
        at_minute=60,
    ),
    Case(
        behaviour="a bound of zero is quiet",
        series=fleet(20, {"stale_seconds_left": always(0), 'age_bound_seconds{cache="stale"}': always(0)}),
        at_minute=60,
    ),
    Case(
        behaviour="half of a short bound pages",
        series=fleet(
            20, {"stale_seconds_left": always(300), 'age_bound_seconds{cache="stale"}': always(660)}
        ),
        at_minute=3,
        firing=(Firing(name="StaleRunsOut", severity="page"),),
    ),
    Case(
        behaviour="stale answers that run out are not yet an alert within a minute",
        series=fleet(20, {"stale_seconds_left": "14400+0x10 1700+0x100"}),
        at_minute=11,
    ),
)
AGE_BOUND_BROKEN = (
    Case(
        behaviour="an answer older than promised pages at once",
        series=fleet(19) | fleet(1, {'oldest_age_served_seconds{cache="hit"}': always(66)}, first=20),
        at_minute=0,
        firing=(
            Firing(
                name="AgeBoundBroken",
                severity="page",
                says={
                    "summary": f"connect-sidecar in front of {CONNECT} has served an answer 6s older than its "
                    "settings promise. That is a fault of connect-sidecar itself.",
                    "affected": "Pods of: shop/billing",
                },
            ),
        ),
    ),
    Case(
        behaviour="a stale answer older than promised pages",
        series=fleet(20, {'oldest_age_served_seconds{cache="stale"}': always(14_470)}),
        at_minute=1,
        firing=(Firing(name="AgeBoundBroken", severity="page"),),
    ),
    Case(
        behaviour="five seconds above the bound are quiet",
        series=fleet(20, {'oldest_age_served_seconds{cache="hit"}': always(65)}),
        at_minute=60,
    ),
    Case(
        behaviour="a bound that a reload has lowered is quiet about what was served before",
        series=fleet(
            20,
            {
                'age_bound_seconds{cache="hit"}': "60+0x20 10+0x100",
                'oldest_age_served_seconds{cache="hit"}': "55+0x25 9+0x100",
            },
        ),
        at_minute=25,
    ),
)
