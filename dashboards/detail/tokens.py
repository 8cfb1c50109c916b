"""Access tokens: are they good, who asks how much, who is over a limit. Names only: no token is ever seen here."""

from dashboards.board import Row
from dashboards.colours import Colour
from dashboards.graphs import Line, Shape, graph
from dashboards.pages import about, runbook
from dashboards.panels import About, Panel, Unit
from dashboards.promql import (
    greatest,
    increase,
    least,
    or_zero,
    or_zero_of,
    per_minute,
    rate,
    series,
    top,
    total,
)
from dashboards.rankings import Column, ranking
from dashboards.settings import SETTINGS

TOKENS = about("tokens-and-limits")
_REFUSED = runbook("TokensRefused")
_TOKEN = ("token",)
NO_TOKEN = "no token"  # noqa: S105 - what a legend says
_SOON, _NOW = SETTINGS.thresholds.token_expiry_soon_seconds, SETTINGS.thresholds.token_expiry_now_seconds


def _states() -> Panel:
    def line(legend: str, colour: Colour, state: str) -> Line:
        return Line(legend=legend, colour=colour, query=or_zero(total(series("tokens", f'state="{state}"'))))

    return graph(
        About(
            question="Are tokens good?",
            shows="Tokens in use, by whether Connect has proved them lately, could not be asked, or said no.",
            good="All good. Not proved: Connect is away. Refused: revoked, expired, or Connect has lost its data.",
            page=_REFUSED,
        ),
        line("good", Colour.GOOD, "verified"),
        line("not proved lately", Colour.STALE, "unverified"),
        line("refused by Connect", Colour.BAD, "refused"),
        unit=Unit.COUNT,
        shape=Shape.STACK,
    )


def _busiest() -> Panel:
    asked = top(10, total(rate("token_requests_total"), by=_TOKEN))
    return graph(
        About(
            question="Which tokens ask the most?",
            shows="Requests a second of the ten busiest tokens. `other`: past 200 tokens; `unknown`: never accepted.",
            good="No sudden jump of one. Much `unknown`: somebody guesses, or uses a token of another Connect.",
            page=TOKENS,
        ),
        Line(legend="{{token}}", query=or_zero_of(asked, "token", "unknown")),
        unit=Unit.PER_SECOND,
    )


def _limited() -> Panel:
    over = total(rate("limited_requests_total"), by=_TOKEN)
    return graph(
        About(
            question="Who is over a limit?",
            shows=(
                "Requests a second above a token's budget, for all its requests or for those that reach Connect, of"
                " the five worst. They got 429 only where `limits.mode` is enforce."
            ),
            good="Nobody. One token: its client loops. Many: the budget is too small.",
            page=TOKENS,
        ),
        Line(
            legend="{{token}}",
            query=or_zero_of(top(5, over), "token", NO_TOKEN),
        ),
        unit=Unit.PER_SECOND,
    )


def _each() -> Panel:
    asked = total(increase("token_requests_total"), by=_TOKEN)
    busiest = top(20, asked)
    without = total(increase("token_requests_total", 'cache=~"hit|stale|collapsed"'), by=_TOKEN)
    left = f"{least(series('token_expiry_timestamp_seconds'), by=_TOKEN)} - time()"
    limited = total(increase("limited_requests_total", 'enforced="true"'), by=_TOKEN)
    refused = total(increase("token_refusals_total"), by=_TOKEN)
    return ranking(
        About(
            question="How is each token doing?",
            shows="The twenty busiest tokens in the time shown. Last proved: since Connect last accepted it.",
            good="No refusals, nothing limited, more than 14 days left, proved within minutes.",
            page=runbook("TokenExpiring"),
        ),
        labels=(("token", "Token"),),
        columns=(
            Column(heading="Requests", query=f"round({busiest})", unit=Unit.COUNT),
            Column(
                heading="Without Connect %",
                query=f"100 * ({without} or 0 * {asked}) / ({asked} > 0) and {busiest}",
                unit=Unit.PERCENT,
            ),
            Column(
                heading="Refused",
                query=f"round({refused} or 0 * {asked}) and {busiest}",
                unit=Unit.COUNT,
                steps=((1, Colour.BAD),),
            ),
            Column(
                heading="Limited",
                query=f"round({limited} or 0 * {asked}) and {busiest}",
                unit=Unit.COUNT,
                steps=((1, Colour.LIMITED),),
            ),
            Column(
                heading="Last proved",
                query=f"{least(series('token_verified_age_seconds'), by=_TOKEN)} and {busiest}",
                unit=Unit.SECONDS,
                steps=((300, Colour.CAUTION),),
                if_none="never",
            ),
            Column(
                heading="Expires in",
                query=f"({left}) and {busiest}",
                unit=Unit.SECONDS,
                base=Colour.BAD,
                steps=((_NOW, Colour.CAUTION), (_SOON, Colour.GOOD)),
                if_none="never",
            ),
        ),
    )


def _unproved() -> Panel:
    age = top(10, greatest(series("token_verified_age_seconds"), by=_TOKEN))
    return graph(
        About(
            question="How long ago did Connect prove each token?",
            shows="The ten tokens with the longest time since Connect last accepted them, in any pod.",
            good="Minutes, for tokens in use. All rise together: Connect is away, and answers rest on old proof.",
            page=_REFUSED,
        ),
        Line(legend="{{token}}", query=or_zero_of(age, "token", NO_TOKEN)),
        unit=Unit.SECONDS,
    )


def _refused() -> Panel:
    refused = top(10, total(per_minute("token_refusals_total"), by=_TOKEN))
    return graph(
        About(
            question="Which tokens does Connect refuse?",
            shows="How often a minute Connect said 401 to tokens that it had accepted, of the ten worst.",
            good="None. One: revoked or expired. Several at once: Connect has other credentials or has lost its data.",
            page=_REFUSED,
        ),
        Line(legend="{{token}}", query=or_zero_of(refused, "token", NO_TOKEN)),
        unit=Unit.PER_MINUTE,
    )


ROWS = (
    Row(
        heading="Tokens and limits: who asks, and may they?",
        height=8,
        panels=((8, _states()), (8, _busiest()), (8, _limited())),
    ),
    Row(height=8, panels=((12, _unproved()), (12, _refused()))),
    Row(height=9, panels=((24, _each()),)),
)
