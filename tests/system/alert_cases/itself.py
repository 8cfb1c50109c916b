"""The sidecars themselves, and their audit."""

from tests.support.promtool import CONNECT, Case, Firing, always, fleet, growing, once

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
                f"connect-sidecar in front of {CONNECT} keeps restarting, in pods: 1. Each time it forgets all that "
                "was stored.",
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
                f"connect-sidecar in front of {CONNECT} refuses its changed settings, in pods: 3. It goes on with the "
                "old ones, but a restart would fail.",
            ),
        ),
    ),
    Case(
        behaviour="settings refused for less are quiet",
        series=fleet(20, {"reload_refused": "0+0x20 1+0x100"}),
        at_minute=35,
    ),
    Case(
        behaviour="an express lane that has found a fault in itself is one ticket at once",
        series=fleet(17)
        | fleet(2, {'express_lane_closed_total{why="mismatch"}': once(10)}, first=18)
        | fleet(1, {'express_lane_closed_total{why="fault"}': once(10)}, first=20),
        at_minute=11,
        firing=(
            _sick(
                "lane",
                f"connect-sidecar in front of {CONNECT} has found a fault in its express lane and has turned that "
                "off, in pods: 3. It answers on the full path, which is slower.",
            ),
        ),
    ),
    Case(
        behaviour="an express lane that does not know its aiohttp is quiet",
        series=fleet(20, {'express_lane_closed_total{why="unknown_aiohttp"}': always(1)}),
        at_minute=60,
    ),
)
