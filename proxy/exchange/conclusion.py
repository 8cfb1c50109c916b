"""An answer and what is to be reported of it."""

from dataclasses import dataclass

from proxy.caching.reasons import ForwardReason, NotStoredReason
from proxy.caching.stored_response import StoredResponse
from proxy.errors import ErrorKind
from proxy.exchange.answer import Answer
from proxy.exchange.events import Answered
from proxy.exchange.ports import Effort
from proxy.exchange.reasons import OwnReason, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """How an exchange ended, and in one closed word why.

    `reused` is the stored response that gave the answer, `version` what version of the application's it shows.
    `stale_left_seconds` is for how long a stale answer could still be given.
    """

    answer: Answer
    cache: Answered
    why: Why
    not_stored: NotStoredReason | None = None
    age_seconds: float | None = None
    stale_left_seconds: float | None = None
    reused: StoredResponse | None = None
    version: int | None = None
    effort: Effort | None = None

    @property
    def error(self) -> ErrorKind | None:
        """Why the upstream gave no answer, if that is why there is none."""
        return self.why if self.cache is Answered.FAILED and isinstance(self.why, ErrorKind) else None

    @classmethod
    def of_limit(cls, answer: Answer) -> "Conclusion":
        """Return how an exchange ended whose token had used up its budget."""
        return cls(answer=answer, cache=Answered.LIMITED, why=OwnReason.RATE_LIMITED)

    @classmethod
    def of_refusal(cls, answer: Answer, why: OwnReason | ErrorKind) -> "Conclusion":
        """Return how an exchange ended that got no further than us."""
        return cls(answer=answer, cache=Answered.REFUSED, why=why)

    @classmethod
    def of_failure(
        cls, answer: Answer, why: OwnReason | ErrorKind, effort: Effort | None = None
    ) -> "Conclusion":
        """Return how an exchange ended for which there was nothing to answer with."""
        return cls(answer=answer, cache=Answered.FAILED, why=why, effort=effort)

    @classmethod
    def of_forwarding(
        cls,
        answer: Answer,
        reason: ForwardReason,
        effort: Effort,
        not_stored: NotStoredReason | None = None,
    ) -> "Conclusion":
        """Return how an exchange ended that the upstream answered for itself."""
        return cls(answer=answer, cache=Answered.FORWARDED, why=reason, not_stored=not_stored, effort=effort)
