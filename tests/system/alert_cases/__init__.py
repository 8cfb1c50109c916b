"""When alerts fire and when they stay quiet, as data: what is said of a fleet is all that is unusual about it."""

from tests.support.promtool import Case
from tests.system.alert_cases import clients, connect, itself, tokens

CASES: tuple[Case, ...] = (
    *clients.QUIET,
    *clients.CLIENT_ERRORS,
    *clients.STALE_RUNS_OUT,
    *clients.AGE_BOUND_BROKEN,
    *connect.COLD_AND_DOWN,
    *connect.CONNECT_DOWN,
    *connect.AMPLIFYING,
    *tokens.TOKENS_REFUSED,
    *tokens.TOKEN_EXPIRING,
    *itself.AUDIT_LOST,
    *itself.SIDECAR_SICK,
)
