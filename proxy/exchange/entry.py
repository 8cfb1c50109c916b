"""Who is turned away before anybody asks what is stored or whose token it is: loops, denied routes, one too many."""

from proxy.admission.route_policy import RoutePolicy
from proxy.caching.reasons import ForwardReason
from proxy.errors import ErrorKind
from proxy.exchange.composer import Composer
from proxy.exchange.conclusion import Conclusion
from proxy.exchange.crowd import Crowd
from proxy.exchange.reasons import OwnReason
from proxy.semantics.message import Request


class Entry:
    """The first thing a request meets; `routes` may be replaced while we run."""

    def __init__(self, *, composer: Composer, crowd: Crowd, routes: RoutePolicy) -> None:
        self._compose = composer
        self.crowd = crowd
        self.routes = routes

    def refusal(self, request: Request, kind: str, *, may_hit: bool) -> Conclusion | None:
        """Return the answer to a request that gets no further; `kind` is what its target names.

        A request that may be a hit is let in however many wait: if it isn't one, it is turned away there.
        """
        if self._compose.is_loop(request):
            answer = self._compose.loop()
            return Conclusion.of_refusal(answer, ErrorKind.PROXY_LOOP_DETECTED)
        if not self.routes.permits(request.method, kind):
            return Conclusion.of_refusal(self._compose.denied(), OwnReason.ROUTE_DENIED)
        if self.crowd.is_too_large and not may_hit:
            return Conclusion.of_failure(self._compose.busy(ForwardReason.BYPASS), OwnReason.BUSY)
        return None
