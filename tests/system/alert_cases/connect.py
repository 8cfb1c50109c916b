"""Whether pods reach Connect, and how much they ask of it."""

from tests.support.promtool import CONNECT, IDLE, Case, Firing, always, fleet, growing

_OK = 'requests_total{cache="hit",result="ok"}'
_TO_CONNECT = 'upstream_requests_total{cause="read",result="2xx"}'
_STANDALONE = "connect-sidecar"
_COLD = {"stored_responses": always(0), "upstream_up": always(0)}
COLD_AND_DOWN = (
    Case(
        behaviour="one pod that has clients, nothing stored and no Connect pages",
        series=fleet(19) | fleet(1, _COLD, first=20),
        at_minute=10,
        firing=(
            Firing(
                name="ColdAndDown",
                severity="page",
                says={
                    "summary": f"Pods have started with nothing stored while Connect at {CONNECT} is away: their "
                    "applications get no secret at all.",
                    "affected": "Pods: 1, of shop/billing",
                },
            ),
        ),
    ),
    Case(
        behaviour="a pod with something stored is not cold",
        series=fleet(39) | fleet(1, {**_COLD, "stored_responses": always(1)}, first=40),
        at_minute=60,
    ),
    Case(
        behaviour="a pod with nothing stored is fine while Connect answers",
        series=fleet(20, {"stored_responses": always(0)}),
        at_minute=60,
    ),
    Case(
        behaviour="cold and down is not yet an alert within three minutes",
        series=fleet(39) | fleet(1, _COLD, first=40),
        at_minute=3,
    ),
)


def _connect_down(severity: str, shape: str, says: str = "", workload: str = "billing") -> Firing:
    text = {
        "summary": f"Connect at {CONNECT} does not answer {says} of the pods that ask it. What they have stored is "
        "served, labelled stale; everything else fails.",
        "affected": f"Pods ({shape}) of: shop/{workload}",
    }
    return Firing(
        name="ConnectDown", severity=severity, more_labels={"shape": shape}, says=text if says else {}
    )


_DOWN = {"upstream_up": always(0)}
CONNECT_DOWN = (
    Case(
        behaviour="a standalone sidecar without Connect pages",
        series=fleet(1, _DOWN, workload=_STANDALONE),
        at_minute=10,
        firing=(_connect_down("page", "standalone", "100%", _STANDALONE),),
    ),
    Case(
        behaviour="three of five standalone sidecars without Connect page",
        series=fleet(2, workload=_STANDALONE) | fleet(3, _DOWN, workload=_STANDALONE, first=3),
        at_minute=10,
        firing=(_connect_down("page", "standalone"),),
    ),
    Case(
        behaviour="one of twenty-five standalone sidecars without Connect is quiet",
        series=fleet(24, workload=_STANDALONE) | fleet(1, _DOWN, workload=_STANDALONE, first=25),
        at_minute=10,
    ),
    Case(
        behaviour="half of the standalone sidecars without Connect are a ticket",
        series=fleet(1, workload=_STANDALONE) | fleet(1, _DOWN, workload=_STANDALONE, first=2),
        at_minute=10,
        firing=(_connect_down("ticket", "standalone", "50%", _STANDALONE),),
    ),
    Case(
        behaviour="most sidecars without Connect are one ticket: they have what is stored",
        series=fleet(9) | fleet(11, _DOWN, first=10),
        at_minute=10,
        firing=(_connect_down("ticket", "sidecar", "55%"),),
    ),
    Case(
        behaviour="one of seventeen sidecars without Connect is a ticket",
        series=fleet(16) | fleet(1, _DOWN, first=17),
        at_minute=10,
        firing=(_connect_down("ticket", "sidecar", "5.882%"),),
    ),
    Case(
        behaviour="one of seventeen standalone sidecars without Connect is a ticket",
        series=fleet(16, workload=_STANDALONE) | fleet(1, _DOWN, workload=_STANDALONE, first=17),
        at_minute=10,
        firing=(_connect_down("ticket", "standalone"),),
    ),
    Case(
        behaviour="pods that ask nothing are not counted among those that do",
        series=fleet(15, {**IDLE, **_DOWN}) | fleet(4, first=16) | fleet(1, _DOWN, first=20),
        at_minute=10,
        firing=(_connect_down("ticket", "sidecar", "20%"),),
    ),
    Case(
        behaviour="one of twenty sidecars without Connect is quiet",
        series=fleet(19) | fleet(1, _DOWN, first=20),
        at_minute=60,
    ),
    Case(
        behaviour="Connect is not yet down for an alert within five minutes",
        series=fleet(1, {"upstream_up": "1+0x20 0+0x200"}, workload=_STANDALONE)
        | fleet(5, {"upstream_up": "1+0x20 0+0x200"}, upstream="other:8080")
        | fleet(2, {"upstream_up": "1+0x20 0+0x200"}, workload="connect-sidecar-b", upstream="third:8080")
        | fleet(2, workload="connect-sidecar-b", upstream="third:8080", first=3),
        at_minute=25,
    ),
)
AMPLIFYING = (
    Case(
        behaviour="more requests to Connect than from clients are one ticket for twenty pods",
        series=fleet(20, {_OK: growing(95), _TO_CONNECT: growing(110)}),
        at_minute=40,
        firing=(
            Firing(
                name="Amplifying",
                severity="ticket",
                says={
                    "summary": f"connect-sidecar sends 1.1 requests to Connect at {CONNECT} for every request of an "
                    "application: it costs Connect more than it saves.",
                    "affected": "Most requests to Connect: shop/billing",
                },
            ),
        ),
    ),
    Case(
        behaviour="requests to Connect without any client are amplifying",
        series=fleet(1, {**IDLE, _TO_CONNECT: growing(3.3)}),
        at_minute=40,
        firing=(Firing(name="Amplifying", severity="ticket"),),
    ),
    Case(
        behaviour="amplifying a trickle is quiet",
        series=fleet(1, {**IDLE, _OK: growing(1), _TO_CONNECT: growing(2.7)}),
        at_minute=100,
    ),
    Case(
        behaviour="amplifying is not yet an alert within half an hour",
        series=fleet(20, {_OK: growing(95), _TO_CONNECT: growing(110)}),
        at_minute=30,
    ),
)
