"""Tokens that are refused or expire."""

from tests.support.promtool import CONNECT, Case, Firing, always, fleet, once

_DAY_SECONDS = 86_400
_EXPIRY = 'token_expiry_timestamp_seconds{token="ci"}'


def refused(*names: str) -> dict[str, str]:
    """Each of these tokens is refused in the tenth minute."""
    return {f'token_refusals_total{{token="{name}"}}': once(10) for name in names}


def _tokens_refused(severity: str, count: int) -> Firing:
    return Firing(
        name="TokensRefused",
        severity=severity,
        says={
            "summary": f"Connect at {CONNECT} refuses access tokens that it accepted before: {count} within ten "
            "minutes.",
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
        series=fleet(20, {_EXPIRY: always(10 * _DAY_SECONDS)}),
        at_minute=120,
        firing=(_expiring("ticket", "9d 22h 0m 0s"),),
    ),
    Case(
        behaviour="a token that expires within a day pages as well",
        series=fleet(20, {_EXPIRY: always(_DAY_SECONDS)}),
        at_minute=120,
        firing=(_expiring("ticket", "22h 0m 0s"), _expiring("page", "22h 0m 0s")),
    ),
    Case(
        behaviour="a token that expires in a little more than a day is only a ticket",
        series=fleet(20, {_EXPIRY: always(_DAY_SECONDS + 140 * 60)}),
        at_minute=120,
        firing=(Firing(name="TokenExpiring", severity="ticket"),),
    ),
    Case(
        behaviour="a token that expires in two weeks and an hour is quiet",
        series=fleet(20, {_EXPIRY: always(14 * _DAY_SECONDS + 120 * 60)}),
        at_minute=120,
    ),
    Case(
        behaviour="a token that expires is not yet an alert within an hour",
        series=fleet(20, {_EXPIRY: always(_DAY_SECONDS)}),
        at_minute=59,
    ),
    Case(
        behaviour="a token that nobody uses any more may expire",
        series=fleet(
            20, {_EXPIRY: always(_DAY_SECONDS), 'token_requests_total{token="ci",cache="hit"}': always(5)}
        ),
        at_minute=180,
    ),
)
