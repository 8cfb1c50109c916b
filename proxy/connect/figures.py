"""What the profile tells of itself when asked: tokens by name, fences, and the ages that its rules promise.

Only looks; nobody pays for it in between. A name may stand for several tokens (past so many they are all `other`, and
settings may name two alike): then the latest proof and the soonest expiry count.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from proxy.clock import Instant
from proxy.connect.knowledge import Knowledge
from proxy.connect.leases import TokenState
from proxy.connect.storing_rules import AgeBounds
from proxy.connect.tokens import Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedToken:
    """What is known of the accepted tokens of one name; `expires_wall_seconds` is what they say of themselves."""

    name: str
    state: TokenState
    verified_age_seconds: float
    expires_wall_seconds: float | None


class ConnectFigures:
    """A view of the profile's tables."""

    def __init__(self, *, tokens: Tokens, knowledge: Knowledge) -> None:
        self._tokens = tokens
        self._knowledge = knowledge

    def token_states(self, now: Instant) -> Mapping[TokenState, int]:
        """Count the accepted tokens by how they stand."""
        counts = dict.fromkeys(TokenState, 0)
        for token in self._knowledge.leases.known(now):
            counts[token.state] += 1
        return counts

    def named_tokens(self, now: Instant) -> tuple[NamedToken, ...]:
        """Tell of the accepted tokens by name; the expiry of refused ones is of no interest any more."""
        found: dict[str, NamedToken] = {}
        for token in self._knowledge.leases.known(now):
            name = self._tokens.name(token.partition)
            if name is None:
                continue
            expires = self._tokens.expires_wall_seconds(token.partition)
            if token.state is TokenState.REFUSED:
                expires = None
            before = found.get(name)
            state, age_seconds = token.state, token.verified_age_seconds
            if before is not None:
                state = state if age_seconds <= before.verified_age_seconds else before.state
                age_seconds = min(age_seconds, before.verified_age_seconds)
                known = [one for one in (expires, before.expires_wall_seconds) if one is not None]
                expires = min(known, default=None)
            found[name] = NamedToken(
                name=name, state=state, verified_age_seconds=age_seconds, expires_wall_seconds=expires
            )
        return tuple(found.values())

    def refusals(self) -> Mapping[str, int]:
        """Count, by name, how often Connect has turned an accepted token away for good: 401, asked about twice."""
        return {**dict.fromkeys(self._tokens.names(), 0), **self._knowledge.refusals}

    def open_fences(self, now: Instant) -> int:
        """Count the write fences that are open."""
        return self._knowledge.fences.open_fences(now)

    def oldest_fence_seconds(self, now: Instant) -> float:
        """Return how long ago the write ended whose fence has been open for longest; 0 while none is."""
        return self._knowledge.fences.oldest_open_seconds(now)

    def age_bounds(self) -> AgeBounds:
        """Return how old answers may be by the rules as they are now."""
        return self._knowledge.storing_rules.age_bounds
