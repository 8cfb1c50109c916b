"""Access tokens: whether Connect still proves them, until when they last, what they use up."""

from collections.abc import Iterable

from prometheus_client.core import Metric

from proxy.adapters.metrics.clients import TOKEN_REQUESTS
from proxy.adapters.metrics.family import TOKEN, closed, counter, gauge
from proxy.adapters.metrics.figures import ProfileFigures
from proxy.adapters.metrics.ledger import Counts
from proxy.adapters.metrics.section import Hearing
from proxy.admission.rate_limiter import Budget
from proxy.clock import Clock
from proxy.connect.leases import TokenState
from proxy.exchange.events import Limited

TOKENS = gauge(
    "tokens", "Tokens that Connect has accepted, by how they stand now.", closed("state", TokenState)
)
VERIFIED_AGE = gauge(
    "token_verified_age_seconds", "How long ago an answer of Connect last proved the token.", TOKEN
)
EXPIRY = gauge(
    "token_expiry_timestamp_seconds",
    "When the token says that it expires, as Unix time. Not there for one that doesn't say, or is refused.",
    TOKEN,
)
REFUSALS = counter(
    "token_refusals_total",
    "How often Connect turned away a token that it had accepted: 401, and again when asked once more.",
    TOKEN,
)
LIMITED = counter(
    "limited_requests_total",
    "Requests above their token's budget; refused only where that is enforced.",
    TOKEN,
    closed("budget", Budget),
    closed("enforced", "true", "false"),
)

FAMILIES = (TOKENS, TOKEN_REQUESTS, VERIFIED_AGE, EXPIRY, REFUSALS, LIMITED)


class TokensAndLimits:
    """Counts what tokens use up, and asks the profile how they stand."""

    profile: ProfileFigures | None = None

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._limited = Counts()

    def hearing(self) -> Hearing:
        """Return the events that are counted here."""
        return {Limited: self._take_limited}

    def collect(self) -> Iterable[Metric]:
        """Return the metrics as they are now."""
        if self.profile is not None:
            now = self._clock.now()
            yield TOKENS.rows(((state,), count) for state, count in self.profile.token_states(now).items())
            named = self.profile.named_tokens(now)
            yield VERIFIED_AGE.rows(((token.name,), token.verified_age_seconds) for token in named)
            yield EXPIRY.rows(
                ((token.name,), token.expires_wall_seconds)
                for token in named
                if token.expires_wall_seconds is not None
            )
            yield REFUSALS.rows(((name,), count) for name, count in self.profile.refusals().items())
        yield LIMITED.rows(self._limited.rows())

    def _take_limited(self, event: Limited) -> None:
        self._limited[(event.token, event.budget, str(event.is_enforced).lower())].count += 1
