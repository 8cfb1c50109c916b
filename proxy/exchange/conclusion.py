"""An answer and what is to be reported of it."""

from dataclasses import dataclass

from proxy.caching.reasons import ForwardReason, NotStoredReason
from proxy.caching.stored_response import StoredResponse
from proxy.errors import ErrorKind
from proxy.exchange.answer import Answer
from proxy.exchange.events import Answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """How an exchange ended."""

    answer: Answer
    answered: Answered
    forward_reason: ForwardReason | None = None
    not_stored: NotStoredReason | None = None
    error: ErrorKind | None = None
    age_seconds: float | None = None
    reused: StoredResponse | None = None

    @classmethod
    def of_limit(cls, answer: Answer) -> "Conclusion":
        """Return how an exchange ended whose token had used up its budget."""
        return cls(answer=answer, answered=Answered.LIMITED)

    @classmethod
    def of_failure(
        cls, answer: Answer, reason: ForwardReason | None, error: ErrorKind | None = None
    ) -> "Conclusion":
        """Return how an exchange ended for which there was nothing to answer with."""
        return cls(answer=answer, answered=Answered.FAILED, forward_reason=reason, error=error)
