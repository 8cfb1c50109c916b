"""The same for tokens, the audit, the load on Connect, and the sidecars themselves."""

from tests.support.promtool import CONNECT, IDLE, MINUTES, Case, Firing, always, fleet, growing

DAY_SECONDS = 86_400
_OK = 'requests_total{cache="hit",result="ok"}'
_REFUSED_REQUESTS = 'requests_total{cache="forwarded",result="refused"}'
_TO_CONNECT = 'upstream_requests_total{cause="read",result="2xx"}'
_EXPIRY = 'token_expiry_timestamp_seconds{token="ci"}'


def once(minute: int) -> str:
    """Return a counter that rises in that minute and never again."""
    return f"0+0x{minute - 1} 1+0x{MINUTES}"


def refused(*names: str) -> dict[str, str]:
    """Each of these tokens is refused in the tenth minute."""
    return {f'token_refusals_total{{token="{name}"}}': once(10) for name in names}


def _tokens_refused(severity: str, count: int) -> Firing:
    return Firing(
        name="TokensRefused",
        severity=severity,
        says={
            "summary": f"Connect at {CONNECT} refuses {count} access tokens that it accepted before.",
            "affected": "In use by: shop/billing",
        },
    )


TOKENS_REFUSED = (
    Case(
        behaviour="three tokens refused in different pods page",
        series=fleet(17)
        | fleet(1, refused("ci"), first=18)
        | fleet(1, refused("web"), first=19)
        | fleet(1, refused("db"), first=20),
        at_minute=13,
        firing=(_tokens_refused("page", 3),),
    ),
    Case(
        behaviour="one token refused in twenty pods is one ticket",
        series=fleet(20, refused("ci")),
        at_minute=13,
        firing=(_tokens_refused("ticket", 1),),
    ),
    Case(
        behaviour="a token without a name that is refused in three pods, each with its own word for it, is one ticket",
        series={
            series: values
            for number in range(1, 4)
            for series, values in fleet(1, refused(f"token-0000000{number}"), first=number).items()
        },
        at_minute=13,
        firing=(_tokens_refused("ticket", 1),),
    ),
    Case(
        behaviour="three tokens without names refused in one pod page",
        series=fleet(1, refused("token-0000000a", "token-0000000b", "token-0000000c")),
        at_minute=13,
        firing=(_tokens_refused("page", 3),),
    ),
    Case(
        behaviour="two tokens refused are a ticket",
        series=fleet(1, refused("ci", "web")),
        at_minute=13,
        firing=(_tokens_refused("ticket", 2),),
    ),
    Case(
        behaviour="a refused token is not yet an alert within two minutes",
        series=fleet(20, refused("ci", "web", "db"))
        | fleet(1, refused("ci"), upstream="other:8080", first=21),
        at_minute=11,
    ),
    Case(
        behaviour="tokens that were refused long ago are quiet",
        series=fleet(20, refused("ci", "web", "db")),
        at_minute=30,
    ),
)


def _expiring(severity: str, left: str) -> Firing:
    return Firing(
        name="TokenExpiring",
        severity=severity,
        says={
            "summary": f"An access token in use for Connect at {CONNECT} expires in {left}. From then on its "
            "applications read nothing.",
            "affected": "Token ci, in use by: shop/billing",
        },
    )


TOKEN_EXPIRING = (
    Case(
        behaviour="a token that expires within two weeks is one ticket for twenty pods",
        series=fleet(20, {_EXPIRY: always(10 * DAY_SECONDS)}),
        at_minute=120,
        firing=(_expiring("ticket", "9d 22h 0m 0s"),),
    ),
    Case(
        behaviour="a token that expires within a day pages as well",
        series=fleet(20, {_EXPIRY: always(DAY_SECONDS)}),
        at_minute=120,
        firing=(_expiring("ticket", "22h 0m 0s"), _expiring("page", "22h 0m 0s")),
    ),
    Case(
        behaviour="a token that expires in a little more than a day is only a ticket",
        series=fleet(20, {_EXPIRY: always(DAY_SECONDS + 140 * 60)}),
        at_minute=120,
        firing=(Firing(name="TokenExpiring", severity="ticket"),),
    ),
    Case(
        behaviour="a token that expires in two weeks and an hour is quiet",
        series=fleet(20, {_EXPIRY: always(14 * DAY_SECONDS + 120 * 60)}),
        at_minute=120,
    ),
    Case(
        behaviour="a token that expires is not yet an alert within an hour",
        series=fleet(20, {_EXPIRY: always(DAY_SECONDS)}),
        at_minute=59,
    ),
    Case(
        behaviour="a token that nobody uses any more may expire",
        series=fleet(
            20, {_EXPIRY: always(DAY_SECONDS), 'token_requests_total{token="ci",cache="hit"}': always(5)}
        ),
        at_minute=180,
    ),
)

AUDIT_LOST = (
    Case(
        behaviour="lost records of reads page in hours, once for twenty pods",
        series=fleet(20, {"audit_lost_total": growing(1)}),
        at_minute=30,
        firing=(
            Firing(
                name="AuditLost",
                severity="page_in_hours",
                says={
                    "summary": f"About 200 records of reads of secrets from {CONNECT} could not be written to the "
                    "audit within ten minutes: nobody will know of those reads.",
                    "affected": "Most of them: shop/billing",
                },
            ),
        ),
    ),
    Case(
        behaviour="one lost record is told",
        series=fleet(19) | fleet(1, {"audit_lost_total": once(20)}, first=20),
        at_minute=26,
        firing=(Firing(name="AuditLost", severity="page_in_hours"),),
    ),
    Case(
        behaviour="a lost record is not yet an alert within five minutes",
        series=fleet(20, {"audit_lost_total": once(20)}),
        at_minute=24,
    ),
    Case(
        behaviour="records lost long ago are quiet",
        series=fleet(20, {"audit_lost_total": once(20)}),
        at_minute=60,
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


def _sick(part: str, summary: str) -> Firing:
    return Firing(
        name="SidecarSick",
        severity="ticket",
        more_labels={"part": part},
        says={"summary": summary, "affected": "Pods of: shop/billing"},
    )


_UNREACHABLE = {"up": always(0)}
SIDECAR_SICK = (
    Case(
        behaviour="one of seventeen pods that does not answer Prometheus is a ticket",
        series=fleet(16) | fleet(1, _UNREACHABLE, first=17),
        at_minute=15,
        firing=(
            _sick(
                "down",
                f"5.882% of the connect-sidecar pods in front of {CONNECT} do not answer Prometheus: nobody sees how "
                "they are.",
            ),
        ),
    ),
    Case(
        behaviour="one of twenty pods that does not answer is quiet",
        series=fleet(19) | fleet(1, _UNREACHABLE, first=20),
        at_minute=60,
    ),
    Case(
        behaviour="pods that do not answer are not yet an alert within ten minutes",
        series=fleet(18) | fleet(2, {"up": "1+0x20 0+0x100"}, first=19),
        at_minute=30,
    ),
    Case(
        behaviour="a whole fleet that vanished still has its upstream",
        series={
            series: values if series.startswith("up{") else f"{values.partition('+')[0]}+0x5 stale"
            for series, values in fleet(20, _UNREACHABLE).items()
        },
        at_minute=100,
        firing=(Firing(name="SidecarSick", severity="ticket", more_labels={"part": "down"}),),
    ),
    Case(
        behaviour="a pod that restarts three times within half an hour is one ticket",
        series=fleet(19) | fleet(1, {"process_start_time_seconds": "1+0x40 2+0x5 3+0x5 4+0x100"}, first=20),
        at_minute=60,
        firing=(
            _sick(
                "restarts",
                f"1 connect-sidecar pods in front of {CONNECT} keep restarting. Each time they forget all that was "
                "stored.",
            ),
        ),
    ),
    Case(
        behaviour="a pod that crashes all the time counts while it is down",
        series={
            series: values.replace("1+0x200", "1 _ 1 _ 1 _ 1" + " stale" * 10)
            if "upstream_info" in series
            else values
            for series, values in fleet(
                1, {"process_start_time_seconds": "1 _ 2 _ 3 _ 4" + " stale" * 10}
            ).items()
        }
        | fleet(30, first=2),
        at_minute=10,
        firing=(Firing(name="SidecarSick", severity="ticket", more_labels={"part": "restarts"}),),
    ),
    Case(
        behaviour="two restarts within half an hour are quiet",
        series=fleet(20, {"process_start_time_seconds": "1+0x40 2+0x5 3+0x100"}),
        at_minute=60,
    ),
    Case(
        behaviour="a pod that nears its memory limit is one ticket",
        series=fleet(19) | fleet(1, {"process_resident_memory_bytes": always(112)}, first=20),
        at_minute=20,
        firing=(
            _sick(
                "memory",
                f"A connect-sidecar pod in front of {CONNECT} uses 87.5% of its memory limit. Beyond it, it is killed "
                "and forgets all that was stored.",
            ),
        ),
    ),
    Case(
        behaviour="eighty-five percent of the memory limit are quiet",
        series=fleet(
            20, {"process_resident_memory_bytes": always(85), "process_memory_limit_bytes": always(100)}
        ),
        at_minute=60,
    ),
    Case(
        behaviour="memory without a limit is quiet",
        series=fleet(20, {"process_memory_limit_bytes": always(0)}),
        at_minute=60,
    ),
    Case(
        behaviour="memory is not yet an alert within fifteen minutes",
        series=fleet(20, {"process_resident_memory_bytes": "80+0x20 120+0x100"}),
        at_minute=35,
    ),
    Case(
        behaviour="settings refused for fifteen minutes are one ticket",
        series=fleet(17) | fleet(3, {"reload_refused": always(1)}, first=18),
        at_minute=20,
        firing=(
            _sick(
                "reload",
                f"3 connect-sidecar pods in front of {CONNECT} refuse their changed settings and go on with the old "
                "ones. A restart would fail.",
            ),
        ),
    ),
    Case(
        behaviour="settings refused for less are quiet",
        series=fleet(20, {"reload_refused": "0+0x20 1+0x100"}),
        at_minute=35,
    ),
)
