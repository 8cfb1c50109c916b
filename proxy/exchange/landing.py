"""How a flight ends: closed outcomes that tell its clients what to do next."""

from dataclasses import dataclass

from proxy.caching.reasons import NotStoredReason
from proxy.caching.stored_response import StoredResponse
from proxy.errors import ErrorKind
from proxy.exchange.ports import UpstreamResponse
from proxy.semantics.message import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """A complete answer. `stored` is what the store now holds of it, `not_stored` says why it holds nothing.

    `validated` marks a 304 of the origin that freshened a stored response: then `response` is that one.
    """

    response: Response
    stored: StoredResponse | None
    not_stored: NotStoredReason | None
    upstream_status: int
    version: int | None = None  # the application's own, of what is shown

    @property
    def validated(self) -> bool:
        """Whether the origin answered 304 to our conditional request."""
        return self.upstream_status == 304 and self.response.status != 304

    @property
    def is_answer(self) -> bool:
        """The upstream answered."""
        return True

    def abandon(self) -> None:
        """Nothing to let go of."""


class Overflowing:
    """An answer whose body was not collected: too large, or the origin forbade storing it.

    One client takes its stream over; all others ask for themselves.
    """

    __slots__ = ("_answer", "reason")

    def __init__(self, answer: UpstreamResponse, reason: NotStoredReason) -> None:
        self._answer: UpstreamResponse | None = answer
        self.reason = reason

    @property
    def is_answer(self) -> bool:
        """The upstream answered."""
        return True

    def claim(self) -> UpstreamResponse | None:
        """Take the stream over, with the duty to read or close it; None once somebody has."""
        answer, self._answer = self._answer, None
        return answer

    def abandon(self) -> None:
        """Close the stream if nobody has claimed it."""
        answer = self.claim()
        if answer is not None:
            answer.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """No usable answer. Decided once, shared by everyone aboard."""

    error: ErrorKind

    @property
    def is_answer(self) -> bool:
        """Nobody answered."""
        return False

    def abandon(self) -> None:
        """Nothing to let go of."""


Landing = Landed | Overflowing | Lost
