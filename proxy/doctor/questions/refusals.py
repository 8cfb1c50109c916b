"""How the server says no: clients decide by status and by words of the message."""

from base64 import urlsafe_b64encode

from proxy.doctor.ground import UNKNOWN_ID, VAULTS, Ground
from proxy.doctor.question import Asking, NotAskedError, Question
from proxy.doctor.questions.things import a_vault
from proxy.doctor.wording import error_shape

_UNSIGNED = ".".join(
    urlsafe_b64encode(part).rstrip(b"=").decode() for part in (b'{"alg":"ES256"}', b"{}", b"no")
)
"""Looks like a token, is signed by nobody, and says nothing."""


def _as(bearer: str | None) -> Asking:
    async def ask(ground: Ground) -> str:
        reply = await ground.asker.ask_as(bearer, VAULTS)
        return error_shape(reply) + (", WWW-Authenticate" if "WWW-Authenticate" in reply.fields else "")

    return ask


async def _unknown_vault(ground: Ground) -> str:
    return error_shape(await ground.asker.ask(f"{VAULTS}/{UNKNOWN_ID}/items"))


async def _foreign_vault(ground: Ground) -> str:
    if not ground.foreign:
        raise NotAskedError("--foreign-vault names none")
    return error_shape(await ground.asker.ask(f"{VAULTS}/{ground.foreign}/items"))


async def _unknown_item(ground: Ground) -> str:
    return error_shape(await ground.asker.ask(a_vault(ground).item_path(UNKNOWN_ID)))


async def _no_id(ground: Ground) -> str:
    return error_shape(await ground.asker.ask(f"{VAULTS}/no-id/items"))


async def _unknown_route(ground: Ground) -> str:
    return error_shape(await ground.asker.ask("/v1/connect-sidecar-doctor"))


_TEXT = "clients parse errors: JSON with status and message, and known words in it"
_PASSED_ON = "errors pass unchanged; what clients look for in the message may not be there"

QUESTIONS = (
    Question(
        key="no_token",
        text="no token",
        ask=_as(None),
        expected='401 JSON, "Invalid or missing token"',
        matters=_TEXT,
        if_different=_PASSED_ON,
    ),
    Question(
        key="junk_token",
        text="a token that is none",
        ask=_as("connect-sidecar-doctor"),
        expected='401 JSON, "Invalid or missing token"',
        matters="a 401 suspends all that is stored for a token",
        if_different="a 5xx would count as an outage, and a revoked token read on for cache.stale_if_error_seconds:"
        ' set cache.unverified_tokens = "refuse"; another 4xx ends it, too, by cache.token_verification_seconds',
    ),
    Question(
        key="unsigned_token",
        text="a token that nobody has signed",
        ask=_as(_UNSIGNED),
        expected='401 JSON, "Invalid token signature"',
        matters="the same",
        if_different="as above, if it is not 401",
    ),
    Question(
        key="unknown_vault",
        text="a vault that is not there",
        ask=_unknown_vault,
        expected='403 JSON, "not in scope"',
        matters="403 ends the proof that a token may read a vault; 404 drops what was stored there",
        if_different="403 and 404 are never kept: nothing to set for them; anything else: lower"
        " cache.token_verification_seconds",
    ),
    Question(
        key="foreign_vault",
        text="a vault outside the token's scope",
        ask=_foreign_vault,
        expected='403 JSON, "not in scope"',
        matters="403 ends the proof that a token may read a vault",
        if_different="404 does the same for what was asked; anything else: lower cache.token_verification_seconds",
    ),
    Question(
        key="unknown_item",
        text="an item that is not there",
        ask=_unknown_item,
        expected='404 JSON, "not found"',
        matters="404 is never kept; clients create what is not found",
        if_different=_PASSED_ON,
    ),
    Question(
        key="malformed_id",
        text="an id that is none",
        ask=_no_id,
        expected='400 JSON, "Invalid Vault UUID"',
        matters=_TEXT,
        if_different=_PASSED_ON,
    ),
    Question(
        key="unknown_route",
        text="a route that is none",
        ask=_unknown_route,
        expected='404 JSON, "Not Found"',
        matters="passed on, never stored",
        if_different=_PASSED_ON,
    ),
)
