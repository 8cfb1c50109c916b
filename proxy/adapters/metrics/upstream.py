"""What reaches Connect, and how Connect is doing: attempts, retries, breakers, queues."""

from collections.abc import Callable, Iterable, Sequence

from prometheus_client.core import Metric

from proxy.adapters.metrics.family import Label, closed, counter, gauge, histogram, info
from proxy.adapters.metrics.figures import EndpointFigures, QueueFigures
from proxy.adapters.metrics.ledger import Cell, Counts, DurationsByWord
from proxy.adapters.metrics.section import Hearing
from proxy.admission.circuit_breaker import BreakerState
from proxy.clock import Clock
from proxy.errors import OURS, ErrorKind
from proxy.exchange.events import (
    Cause,
    PinMoved,
    Retry,
    UpstreamAnswered,
    UpstreamRetried,
    UpstreamStateChanged,
)

_CLASSES = ("2xx", "3xx", "4xx", "5xx")
_ANSWERED, _FAILED = "answered", "failed"
_ENDPOINT = Label(
    name="endpoint", bounded="number of the Connect among several, from 0; freed numbers are used again"
)
_QUEUE = closed("tokens", "accepted", "unaccepted")

UPSTREAM_INFO = info(
    "upstream_info",
    "1, labelled with host and port of upstream.url.",
    Label(name="upstream", bounded="one, from the settings"),
)
REQUESTS = counter(
    "upstream_requests_total",
    "Requests sent to Connect, each attempt counted: why, and the class of the answer's status or why there was none.",
    closed("cause", Cause),
    closed("result", *_CLASSES, ErrorKind),
)
DURATION = histogram(
    "upstream_request_duration_seconds",
    "Time from sending a request to Connect to the head of its answer, or until there was none.",
    closed("outcome", _ANSWERED, _FAILED),
)
UP = gauge(
    "upstream_up",
    "0 after a request to Connect that failed (no answer, 408, 5xx), until one doesn't. What we do wrong ourselves "
    "says nothing.",
)
BREAKER_STATE = gauge(
    "upstream_breaker_state",
    "1 for the state the circuit breaker is in, 0 for the others.",
    _ENDPOINT,
    closed("state", BreakerState),
)
OPENINGS = counter(
    "upstream_breaker_openings_total",
    "How often Connect was found down, by why.",
    _ENDPOINT,
    closed("why", ErrorKind),
)
SWITCHES = counter(
    "upstream_switches_total", "How often requests went over to another of several Connects for good."
)
RETRIES = counter(
    "upstream_retries_total",
    "Reads that Connect failed and that were sent again, or were not for want of budget.",
    closed("outcome", Retry),
)
RETRY_BUDGET = gauge("upstream_retry_budget", "Retries that are left at this moment.", _ENDPOINT)
UNDER_WAY = gauge(
    "upstream_requests_under_way",
    "Requests that Connect is answering, by whether it has accepted their tokens before.",
    _QUEUE,
)
WAITING = gauge(
    "upstream_requests_waiting",
    "Requests that wait for their turn to be sent to Connect, by whether it has accepted their tokens before.",
    _QUEUE,
)

FAMILIES = (
    UPSTREAM_INFO,
    REQUESTS,
    DURATION,
    UP,
    BREAKER_STATE,
    OPENINGS,
    SWITCHES,
    RETRIES,
    RETRY_BUDGET,
    UNDER_WAY,
    WAITING,
)


class UpstreamSide:
    """Counts what is sent to Connect, and asks guards and queues how they are doing."""

    endpoints: Callable[[], Sequence[EndpointFigures]]
    queues: dict[str, QueueFigures]

    def __init__(self, upstream: str, clock: Clock) -> None:
        self._upstream = upstream
        self._clock = clock
        self._requests = Counts()
        self._durations = DurationsByWord(_ANSWERED, _FAILED)
        self._is_up = True
        self._openings = Counts()
        self._switches = Cell()
        self._retries = Counts(*((retry,) for retry in Retry))
        self.endpoints = tuple
        self.queues = {}

    def hearing(self) -> Hearing:
        """Return the events that are counted here."""
        return {
            UpstreamAnswered: self._answered,
            UpstreamRetried: self._retried,
            UpstreamStateChanged: self._state_changed,
            PinMoved: self._pin_moved,
        }

    def collect(self) -> Iterable[Metric]:
        """Return the metrics as they are now."""
        yield UPSTREAM_INFO.rows([((self._upstream,), 1)])
        yield REQUESTS.rows(self._requests.rows())
        yield DURATION.histograms(self._durations.histograms())
        yield UP.of(float(self._is_up))
        # Asked, not heard: half open is a matter of time.
        states = [(str(endpoint.number), endpoint.state()) for endpoint in self.endpoints()]
        yield BREAKER_STATE.rows(
            ((number, state), float(state is present)) for number, present in states for state in BreakerState
        )
        yield OPENINGS.rows(self._openings.rows())
        yield SWITCHES.of(self._switches.count)
        yield RETRIES.rows(self._retries.rows())
        yield RETRY_BUDGET.rows(
            ((str(endpoint.number),), endpoint.retries_left()) for endpoint in self.endpoints()
        )
        yield UNDER_WAY.rows(((tokens,), queue.in_use) for tokens, queue in self.queues.items())
        yield WAITING.rows(((tokens,), queue.waiting) for tokens, queue in self.queues.items())

    def _answered(self, event: UpstreamAnswered) -> None:
        status, error = event.status, event.error
        if status is None:
            self._requests[(event.cause, error or ErrorKind.PROXY_INTERNAL_ERROR)].count += 1
        else:
            self._requests[(event.cause, _class_of(status))].count += 1
        durations = self._durations[_FAILED if status is None else _ANSWERED]
        if event.trace_id:
            wall_seconds = self._clock.now().wall_seconds
            durations.note_traced(event.duration_seconds, event.trace_id, wall_seconds)
        else:
            durations.note(event.duration_seconds)
        if error not in OURS:
            self._is_up = status is not None and status < 500 and status != 408

    def _retried(self, event: UpstreamRetried) -> None:
        self._retries[(event.retry,)].count += 1

    def _state_changed(self, event: UpstreamStateChanged) -> None:
        if event.before is BreakerState.CLOSED:
            self._openings[(str(event.endpoint_number), event.cause)].count += 1

    def _pin_moved(self, _: PinMoved) -> None:
        self._switches.count += 1


def _class_of(status: int) -> str:
    """Return the class of a final status; what is beyond all classes counts as the server's error."""
    return _CLASSES[min(max(status // 100, 2), 5) - 2]
