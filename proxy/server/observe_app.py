"""The observe port: is it alive, is it ready, what has it counted. Three routes, read only, no secrets.

Ready means: it listens and is not draining. Connect being away is no reason to be unready: that would take a
healthy application out of service; the body says what it can serve instead.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from proxy.exchange.answer import Answer
from proxy.exchange.ports import RequestBody
from proxy.semantics.message import Request
from proxy.server.small_answers import small_answer, text_answer


class Service(StrEnum):
    """What `/readyz` says in its body while it is ready."""

    READY = "ready"
    SERVING_STALE = "serving-stale"
    COLD = "cold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Where the answers come from. `metrics` takes what a client accepts, and returns a body and its media type."""

    is_ready: Callable[[], bool]
    service: Callable[[], Service]
    metrics: Callable[[str], tuple[bytes, str]]


class ObserveApp:
    """Answers of the observe port; a `Handler`."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self._routes: dict[str, Callable[[Request], Answer]] = {
            "/livez": self._livez,
            "/readyz": self._readyz,
            "/metrics": self._metrics,
        }

    async def handle(self, request: Request, body: RequestBody | None) -> Answer:
        """Answer one request."""
        route = self._routes.get(request.target.partition("?")[0])
        if route is None:
            return text_answer(404, "this port has /livez, /readyz and /metrics")
        if request.method not in {"GET", "HEAD"}:
            return text_answer(405, "only GET", {"Allow": "GET, HEAD"})
        return route(request)

    def _livez(self, _: Request) -> Answer:
        return text_answer(200, "alive")

    def _readyz(self, _: Request) -> Answer:
        if not self._observed.is_ready():
            return text_answer(503, "draining")
        return text_answer(200, self._observed.service())

    def _metrics(self, request: Request) -> Answer:
        accept = ",".join(request.fields.getall("Accept", ()))
        body, content_type = self._observed.metrics(accept)
        return small_answer(200, body, content_type, {"Vary": "Accept"})
