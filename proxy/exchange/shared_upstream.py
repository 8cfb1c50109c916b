"""The upstream as many share it: requests take turns by token, and tokens it has never accepted by peer.

Unknown tokens have a few slots of their own, so that guesses never keep a known token waiting; what they cost is
counted by the upstream's refusals (see `admission.refusal_budgets`). A slot is held until the answer's body has ended.
"""

from collections.abc import Callable

from proxy.admission.refusal_budgets import RefusalBudgets
from proxy.admission.token_bucket import Limit
from proxy.clock import Clock
from proxy.errors import ErrorKind, UpstreamError
from proxy.exchange.ports import Upstream, UpstreamRequest, UpstreamResponse
from proxy.exchange.slots import SlotLimits, Slots
from proxy.exchange.watched_response import WatchedResponse

_REFUSED_TOKEN = 401


class SharedUpstream:
    """An `Upstream` around another. `is_known` tells whether a partition's token has been accepted before."""

    def __init__(
        self,
        upstream: Upstream,
        *,
        known: SlotLimits,
        unknown: SlotLimits,
        budgets: RefusalBudgets,
        is_known: Callable[[bytes], bool],
        clock: Clock,
    ) -> None:
        self._upstream = upstream
        self._budgets = budgets
        self._is_known = is_known
        self._clock = clock
        self.known = Slots(known)
        self.unknown = Slots(unknown, lambda party: budgets.wait_seconds(party, clock.now()))

    def adopt(self, *, known: SlotLimits, unknown: SlotLimits, per_party: Limit, overall: Limit) -> None:
        """Go by other limits from now on."""
        self.known.limits = known
        self.unknown.limits = unknown
        self._budgets.adopt(per_party=per_party, overall=overall)

    async def send(self, request: UpstreamRequest) -> UpstreamResponse:
        """Send a request when its turn comes. Raises UpstreamError, also if its turn doesn't come in time."""
        is_ours = not request.peer
        is_known = is_ours or self._is_known(request.partition)
        slots = self.known if is_known else self.unknown
        party = request.partition.hex() if is_known else request.peer
        if not (slots.take_free(party) or await slots.take(party)):
            raise UpstreamError(ErrorKind.CONNECTION_LIMIT_REACHED, sent=False)
        try:
            response = await self._upstream.send(request)
        except BaseException:
            slots.give_back(party)
            raise
        if not is_known and response.head.status == _REFUSED_TOKEN:
            self._budgets.refused(party, self._clock.now())
        return WatchedResponse(response, lambda _: slots.give_back(party))
