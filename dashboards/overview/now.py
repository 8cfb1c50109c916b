"""Row 1: six figures that say whether to get up."""

from dashboards.board import Row
from dashboards.colours import Colour
from dashboards.figures import Says, figure
from dashboards.pages import runbook
from dashboards.panels import About, Panel, Unit
from dashboards.promql import LATELY, TARGET, increase, least, or_zero, percent, rate, series, total
from dashboards.settings import SETTINGS

_LIMITS = SETTINGS.thresholds


def _client_errors() -> Panel:
    return figure(
        About(
            question="Are clients getting errors?",
            shows="Of a hundred requests in the last 5 minutes, how many ended in 5xx, 408 or 429.",
            good="0. Below 0.1 is within the budget, above 1 somebody notices.",
            page=runbook("ClientErrors"),
        ),
        percent(
            total(rate("requests_total", 'result="error"', window=LATELY)),
            total(rate("requests_total", window=LATELY)),
        ),
        unit=Unit.PERCENT,
        steps=((100 * _LIMITS.error_budget_ratio, Colour.CAUTION), (1, Colour.BAD)),
        decimals=2,
    )


def _connect_reachable() -> Panel:
    up = series("upstream_up")
    share = f"100 * sum({up}) / count({up})"
    ok, of = f'count_values("ok", sum({up}))', f'count_values("pods", count({up}))'
    return figure(
        About(
            question="Can pods reach Connect?",
            shows="How many sidecars got an answer from Connect when they last asked, of all there are.",
            good="All of them. None: Connect is down, or nobody can get to it.",
            page=runbook("ConnectDown"),
        ),
        f"({share}) + on () group_left (ok) 0 * {ok} + on () group_left (pods) 0 * {of}",
        unit=Unit.PERCENT,
        base=Colour.BAD,
        steps=((100 * _LIMITS.pods_without_connect_most_ratio, Colour.CAUTION), (100, Colour.GOOD)),
        legend="{{ok}} of {{pods}}",
        says=Says.NAME,
        if_none="no pods",
    )


def _stale_answers() -> Panel:
    return figure(
        About(
            question="Are answers stale?",
            shows="Of a hundred answers in the last 5 minutes, how many were older than fresh.",
            good="0. While Connect is away this rises, and clients go on working.",
            page=runbook("StaleRunsOut"),
        ),
        percent(
            total(rate("requests_total", 'cache="stale"', window=LATELY)),
            total(rate("requests_total", window=LATELY)),
        ),
        unit=Unit.PERCENT,
        steps=((1, Colour.CAUTION),),
        decimals=1,
    )


def _stale_left() -> Panel:
    return figure(
        About(
            question="When does stale run out?",
            shows="For how long the stale answer nearest to its hard bound can still be given.",
            good="The whole bound (4 hours by default): nothing is stale. Below half an hour clients soon fail.",
            page=runbook("StaleRunsOut"),
        ),
        or_zero(least(series("stale_seconds_left"))),
        unit=Unit.SECONDS,
        base=Colour.BAD,
        steps=((_LIMITS.stale_left_seconds, Colour.CAUTION), (4 * _LIMITS.stale_left_seconds, Colour.GOOD)),
        decimals=1,
    )


def _token_expiry() -> Panel:
    of_each = (*TARGET, "token")
    is_used = total(increase("token_requests_total", window=SETTINGS.windows.token_use), by=of_each)
    used = f"{series('token_expiry_timestamp_seconds')} and on ({', '.join(of_each)}) ({is_used} > 0)"
    expiry = least(used, by=("token",))
    return figure(
        About(
            question="Which token expires first?",
            shows="Of the access tokens used lately, the one with the least time left, and that time.",
            good="More than 14 days. Below one day: replace it now.",
            page=runbook("TokenExpiring"),
        ),
        f"bottomk(1, {expiry} - time())",
        unit=Unit.SECONDS,
        base=Colour.BAD,
        steps=(
            (_LIMITS.token_expiry_now_seconds, Colour.CAUTION),
            (_LIMITS.token_expiry_soon_seconds, Colour.GOOD),
        ),
        legend="{{token}}",
        says=Says.BOTH,
        if_none="none expires",
        decimals=1,
    )


def _audit_lost() -> Panel:
    return figure(
        About(
            question="Are audit records lost?",
            shows="Records of reads that could not be written, in the time shown.",
            good="0. Anything else: reads of secrets that nobody will ever know of.",
            page=runbook("AuditLost"),
        ),
        or_zero(f"ceil({total(increase('audit_lost_total'))})"),
        unit=Unit.COUNT,
        steps=((1, Colour.BAD),),
        decimals=0,
    )


ROW = Row(
    height=4,
    panels=(
        (4, _client_errors()),
        (4, _connect_reachable()),
        (4, _stale_answers()),
        (4, _stale_left()),
        (4, _token_expiry()),
        (4, _audit_lost()),
    ),
)
