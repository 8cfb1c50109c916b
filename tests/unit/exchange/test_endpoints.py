"""Who is asked when there are several: the pinned one, the next when it fails, and never twice with one write."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.admission.circuit_breaker import BreakerSettings, BreakerState
from proxy.errors import ErrorKind, UpstreamError
from proxy.exchange.endpoints import Endpoints, FixedRoster
from proxy.exchange.events import PinMoved
from proxy.exchange.guarded_upstream import GuardedUpstream, GuardSettings
from proxy.exchange.headless_roster import HeadlessRoster
from proxy.exchange.ports import UpstreamRequest
from tests.support.scripted_upstream import NO_FIELDS, Notes, ScriptedAnswer, ScriptedUpstream, get
from tests.support.virtual_time import VirtualClock, in_virtual_time

REFUSED = ErrorKind.CONNECTION_REFUSED
OURS = ErrorKind.CONNECTION_LIMIT_REACHED
NOT_SENT = UpstreamError(REFUSED, sent=False)
PUT = UpstreamRequest(method="PUT", target="/v1/vaults/v/items/i", fields=NO_FIELDS)


class OneBody:
    length_bytes = 1

    async def __aiter__(self):
        yield b"x"


class Several:
    """Endpoints before scripted upstreams, by name."""

    def __init__(self, *, retries=0, failures=5, total_seconds=15.0, **upstreams):
        self.upstreams = upstreams
        self.notes = Notes()
        self.clock = VirtualClock(asyncio.get_running_loop())
        self.settings = GuardSettings(retry_attempts=retries, breaker=BreakerSettings(failures=failures))
        self.total_seconds = total_seconds
        self.listed = list(upstreams)
        self.look_ups = 0

    def fixed(self):
        guarded = [self.endpoint(name, number) for number, name in enumerate(self.upstreams)]
        return self.over(FixedRoster(guarded))

    def headless(self):
        async def look_up():
            self.look_ups += 1
            await asyncio.sleep(0.2)
            if isinstance(self.listed, ErrorKind):
                raise UpstreamError(self.listed, sent=False)
            return list(self.listed)

        return self.over(HeadlessRoster(look_up=look_up, make=self.endpoint, clock=self.clock))

    def endpoint(self, name, number):
        return GuardedUpstream(
            self.upstreams[name],
            number=number,
            settings=self.settings,
            clock=self.clock,
            observer=self.notes,
            jitter=lambda: 1.0,
        )

    def over(self, roster):
        self.it = Endpoints(roster, total_seconds=self.total_seconds, clock=self.clock, observer=self.notes)
        return self

    async def ask(self, request=None):
        try:
            answer = await self.it.send(request or get())
            await answer.read_complete(100)
        except UpstreamError as error:
            return error.kind
        return answer.head.status

    def asked(self):
        """Return how many requests each upstream got since the last call."""
        counts = "".join(f"{name}{len(upstream.requests)} " for name, upstream in self.upstreams.items())
        for upstream in self.upstreams.values():
            upstream.requests.clear()
        return counts.strip()


@in_virtual_time
async def test_requests_stay_with_the_first_while_it_answers():
    several = Several(a=ScriptedUpstream(always=200), b=ScriptedUpstream()).fixed()
    for _ in range(5):
        await several.ask()
    assert several.asked() == "a5 b0"
    assert several.notes.of(PinMoved) == []


@pytest.mark.parametrize(
    "failure", [REFUSED, ErrorKind.CONNECTION_TERMINATED, ErrorKind.HTTP_RESPONSE_TIMEOUT]
)
@in_virtual_time
async def test_a_read_goes_on_to_the_next_and_the_pin_stays_there(failure):
    several = Several(a=ScriptedUpstream(failure), b=ScriptedUpstream()).fixed()
    assert await several.ask() == 200
    assert several.asked() == "a1 b1"
    assert await several.ask() == 200
    assert several.asked() == "a0 b1"
    assert [event.endpoint_number for event in several.notes.of(PinMoved)] == [1]


@in_virtual_time
async def test_the_pin_goes_back_only_when_its_endpoint_fails():
    several = Several(a=ScriptedUpstream(REFUSED), b=ScriptedUpstream(200, 200, REFUSED)).fixed()
    for _ in range(2):
        await several.ask()
    several.asked()
    assert await several.ask() == 200
    assert several.asked() == "a1 b1"
    await several.ask()
    assert several.asked() == "a1 b0"


@in_virtual_time
async def test_a_short_fault_is_retried_where_the_pin_is():
    several = Several(retries=1, a=ScriptedUpstream(REFUSED), b=ScriptedUpstream()).fixed()
    assert await several.ask() == 200
    assert several.asked() == "a2 b0"


@pytest.mark.parametrize("body", [None, OneBody()])
@in_virtual_time
async def test_a_write_that_never_left_goes_on_to_the_next(body):
    write = UpstreamRequest(method="PUT", target="/v1/x", fields=NO_FIELDS, body=body)
    several = Several(a=ScriptedUpstream(NOT_SENT), b=ScriptedUpstream(204)).fixed()
    assert await several.ask(write) == 204
    assert several.asked() == "a1 b1"


@pytest.mark.parametrize("request_", [PUT, get(body=OneBody())])
@pytest.mark.parametrize("failure", [UpstreamError(REFUSED, sent=True), ErrorKind.HTTP_RESPONSE_TIMEOUT])
@in_virtual_time
async def test_what_may_have_left_and_cannot_be_repeated_goes_nowhere_else(request_, failure):
    several = Several(a=ScriptedUpstream(failure), b=ScriptedUpstream()).fixed()
    assert isinstance(await several.ask(request_), ErrorKind)
    assert several.asked() == "a1 b0"


@in_virtual_time
async def test_a_write_that_the_second_may_have_got_does_not_go_to_a_third():
    several = Several(
        a=ScriptedUpstream(NOT_SENT),
        b=ScriptedUpstream(ErrorKind.CONNECTION_TERMINATED),
        c=ScriptedUpstream(),
    ).fixed()
    assert await several.ask(PUT) is ErrorKind.CONNECTION_TERMINATED
    assert several.asked() == "a1 b1 c0"


@pytest.mark.parametrize(
    "ours", [ErrorKind.CONNECTION_LIMIT_REACHED, ErrorKind.PROXY_INTERNAL_ERROR, ErrorKind.HTTP_REQUEST_ERROR]
)
@in_virtual_time
async def test_our_own_limits_move_no_pin(ours):
    several = Several(a=ScriptedUpstream(ours), b=ScriptedUpstream()).fixed()
    assert await several.ask() is ours
    assert several.asked() == "a1 b0"


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
@in_virtual_time
async def test_an_answer_is_an_answer_whatever_it_says(status):
    several = Several(a=ScriptedUpstream(status), b=ScriptedUpstream()).fixed()
    assert await several.ask() == status
    assert several.asked() == "a1 b0"


@in_virtual_time
async def test_an_endpoint_whose_breaker_is_open_is_passed_over():
    several = Several(failures=2, a=ScriptedUpstream(always=503), b=ScriptedUpstream()).fixed()
    assert [await several.ask() for _ in range(4)] == [503, 503, 200, 200]
    assert several.asked() == "a2 b2"


@in_virtual_time
async def test_when_all_are_down_the_last_error_is_the_answer():
    several = Several(
        a=ScriptedUpstream(always=REFUSED), b=ScriptedUpstream(always=ErrorKind.CONNECTION_TIMEOUT)
    ).fixed()
    assert await several.ask() is ErrorKind.CONNECTION_TIMEOUT
    assert several.notes.of(PinMoved) == []


@in_virtual_time
async def test_nobody_else_is_asked_when_the_deadline_is_near():
    several = Several(
        total_seconds=3.0,
        a=ScriptedUpstream((2.95, ErrorKind.HTTP_RESPONSE_TIMEOUT)),
        b=ScriptedUpstream(),
    ).fixed()
    assert await several.ask() is ErrorKind.HTTP_RESPONSE_TIMEOUT
    assert several.asked() == "a1 b0"


@in_virtual_time
async def test_a_slow_success_elsewhere_does_not_move_a_pin_that_others_have_moved():
    several = Several(
        a=ScriptedUpstream(REFUSED, REFUSED),
        b=ScriptedUpstream((1, REFUSED), 200),
        c=ScriptedUpstream(),
    ).fixed()
    slow = asyncio.create_task(several.ask())
    await asyncio.sleep(0.5)
    await several.ask()
    assert await slow == 200
    several.asked()
    await several.ask()
    assert several.asked() == "a0 b1 c0"


@in_virtual_time
async def test_closing_closes_all():
    several = Several(a=ScriptedUpstream(), b=ScriptedUpstream()).fixed()
    await several.it.close()
    assert [upstream.closed for upstream in several.upstreams.values()] == [True, True]


@in_virtual_time
async def test_a_headless_name_is_looked_up_once_while_its_pin_answers():
    several = Several(a=ScriptedUpstream(), b=ScriptedUpstream()).headless()
    await asyncio.gather(*(several.ask() for _ in range(5)))
    await asyncio.sleep(60)
    await several.ask()
    assert (several.look_ups, several.asked()) == (1, "a6 b0")


@in_virtual_time
async def test_when_the_pin_fails_the_name_is_looked_up_again_and_a_new_pod_answers_the_same_request():
    several = Several(a=ScriptedUpstream(200, always=REFUSED), b=ScriptedUpstream()).headless()
    several.listed = ["a"]
    await several.ask()
    await asyncio.sleep(2)
    several.listed = ["b"]
    assert await several.ask() == 200
    assert (several.look_ups, several.asked()) == (2, "a2 b1")
    await asyncio.sleep(2)
    assert await several.ask() == 200
    assert several.asked() == "a0 b1"


@in_virtual_time
async def test_an_endpoint_that_has_left_is_closed_when_nobody_reads_from_it_any_more():
    a = ScriptedUpstream(ScriptedAnswer(hangs=True), always=REFUSED)
    several = Several(a=a, b=ScriptedUpstream(200, REFUSED, REFUSED)).headless()
    several.listed = ["a"]
    reading = await several.it.send(get())
    await asyncio.sleep(2)
    several.listed = ["b"]
    await several.ask()
    await asyncio.sleep(2)
    assert not a.closed
    reading.close()
    await several.ask()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert a.closed
    await several.it.close()


@in_virtual_time
async def test_in_an_outage_the_name_is_looked_up_at_most_once_a_second():
    several = Several(a=ScriptedUpstream(always=REFUSED)).headless()
    for _ in range(30):
        await several.ask()
        await asyncio.sleep(0.1)
    assert several.look_ups <= 4


@in_virtual_time
async def test_a_failed_look_up_leaves_what_is_known():
    several = Several(a=ScriptedUpstream(200, REFUSED, 200)).headless()
    await several.ask()
    several.listed = ErrorKind.DNS_TIMEOUT
    await asyncio.sleep(2)
    assert await several.ask() is REFUSED
    assert await several.ask() == 200


@pytest.mark.parametrize("listed", [ErrorKind.DNS_TIMEOUT, ErrorKind.DNS_ERROR, []])
@in_virtual_time
async def test_a_name_that_never_had_an_address_is_an_error_of_the_look_up(listed):
    several = Several(a=ScriptedUpstream()).headless()
    several.listed = listed
    assert await several.ask() is (listed or ErrorKind.DNS_ERROR)
    several.listed = ["a"]
    await asyncio.sleep(1)
    assert await several.ask() == 200


@in_virtual_time
async def test_a_name_without_addresses_for_a_moment_leaves_what_is_known():
    several = Several(a=ScriptedUpstream(200, REFUSED, 200)).headless()
    await several.ask()
    several.listed = []
    await asyncio.sleep(2)
    assert await several.ask() is REFUSED
    assert await several.ask() == 200


@in_virtual_time
async def test_an_endpoint_that_is_listed_again_keeps_its_breaker():
    several = Several(failures=2, a=ScriptedUpstream(always=REFUSED)).headless()
    await several.ask()
    await asyncio.sleep(2)
    await several.ask()
    assert several.look_ups >= 2
    assert several.it.pinned.state() is BreakerState.OPEN


@in_virtual_time
async def test_numbers_are_given_out_again_so_that_labels_stay_few():
    names = [f"pod{number}" for number in range(20)]
    several = Several(**{name: ScriptedUpstream(200, always=REFUSED) for name in names}).headless()
    numbers = set()
    for name in names:
        several.listed = [name]
        await several.ask()
        numbers.add(several.it.pinned.number)
        await asyncio.sleep(2)
    assert numbers <= {0, 1}
    await several.it.close()


outcomes = st.sampled_from(
    [
        200,
        404,
        500,
        503,
        *(UpstreamError(kind, sent=sent) for kind in (REFUSED, OURS) for sent in (True, False)),
    ]
)


@given(st.lists(st.lists(outcomes, max_size=6), min_size=1, max_size=3), st.integers(1, 8), st.integers(0, 2))
def test_whatever_fails_a_write_reaches_at_most_one_endpoint(scripts, writes, retries):
    @in_virtual_time
    async def write_often():
        upstreams = {f"u{number}": Counting(*script) for number, script in enumerate(scripts)}
        several = Several(retries=retries, failures=2, **upstreams).fixed()
        for _ in range(writes):
            before = sum(upstream.reached for upstream in upstreams.values())
            await several.ask(PUT)
            assert sum(upstream.reached for upstream in upstreams.values()) - before <= 1

    write_often()


class Counting(ScriptedUpstream):
    """Counts what may have reached it."""

    def __init__(self, *script):
        super().__init__(*script)
        self.reached = 0

    async def send(self, request):
        try:
            answer = await super().send(request)
        except UpstreamError as error:
            self.reached += error.sent
            raise
        self.reached += 1
        return answer
