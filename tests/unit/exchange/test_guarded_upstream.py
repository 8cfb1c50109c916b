"""What is retried, what opens the breaker, what is told: on virtual time, before a scripted upstream."""

import asyncio
from email.utils import formatdate
from itertools import pairwise

import pytest

from proxy.admission.circuit_breaker import BreakerSettings, BreakerState
from proxy.admission.retry_budget import RetryBudgetSettings
from proxy.errors import ErrorKind, RequestBodyError, UpstreamError
from proxy.exchange.events import Retry, UpstreamAnswered, UpstreamRetried, UpstreamStateChanged
from proxy.exchange.guarded_upstream import GuardedUpstream, GuardSettings
from proxy.exchange.ports import UpstreamRequest
from tests.support.scripted_upstream import NO_FIELDS, Notes, ScriptedAnswer, ScriptedUpstream, get
from tests.support.virtual_time import VirtualClock, in_virtual_time

REFUSED = ErrorKind.CONNECTION_REFUSED
TERMINATED = ErrorKind.CONNECTION_TERMINATED
OUTAGE = [
    ErrorKind.DNS_ERROR,
    REFUSED,
    TERMINATED,
    ErrorKind.CONNECTION_TIMEOUT,
    ErrorKind.HTTP_RESPONSE_TIMEOUT,
    ErrorKind.HTTP_PROTOCOL_ERROR,
    ErrorKind.TLS_CERTIFICATE_ERROR,
    502,
    503,
    504,
]
OURS = [
    ErrorKind.CONNECTION_LIMIT_REACHED,
    ErrorKind.PROXY_INTERNAL_ERROR,
    ErrorKind.PROXY_LOOP_DETECTED,
    ErrorKind.HTTP_REQUEST_ERROR,
    RequestBodyError(),
]


class Guarded:
    """A guarded upstream with its surroundings; made inside the loop."""

    def __init__(self, *script, always=200, jitter=0.5, retries=1, failures=5, **settings):
        self.upstream = ScriptedUpstream(*script, always=always)
        self.notes = Notes()
        self.loop = asyncio.get_running_loop()
        self.began = self.loop.time()
        self.it = GuardedUpstream(
            self.upstream,
            number=0,
            settings=GuardSettings(
                retry_attempts=retries, breaker=BreakerSettings(failures=failures), **settings
            ),
            clock=VirtualClock(self.loop),
            observer=self.notes,
            jitter=lambda: jitter,
        )

    async def ask(self, request=None):
        """Return the status, or the kind of the error; the body is read."""
        try:
            answer = await self.it.send(request or get())
            await answer.read_complete(100)
        except UpstreamError as error:
            return error.kind
        except RequestBodyError:
            return "client"
        return answer.head.status

    @property
    def attempts(self):
        return len(self.upstream.requests)

    @property
    def passed(self):
        return self.loop.time() - self.began

    @property
    def states(self):
        return [event.state for event in self.notes.of(UpstreamStateChanged)]


@pytest.mark.parametrize("failure", [503, 502, 504, 408, REFUSED, TERMINATED, ErrorKind.HTTP_PROTOCOL_ERROR])
@in_virtual_time
async def test_a_read_that_failed_fast_is_tried_once_more_after_a_pause(failure):
    guarded = Guarded(failure)
    assert await guarded.ask() == 200
    assert guarded.attempts == 2
    assert guarded.passed == pytest.approx(0.05)


@pytest.mark.parametrize(("jitter", "pauses"), [(0.0, [0.025, 0.05, 0.1]), (1.0, [0.075, 0.15, 0.3])])
@in_virtual_time
async def test_pauses_are_jittered_and_double(jitter, pauses):
    guarded = Guarded(REFUSED, REFUSED, REFUSED, jitter=jitter, retries=3)
    assert await guarded.ask() == 200
    asked = guarded.upstream.asked_at
    assert [later - earlier for earlier, later in pairwise(asked)] == pytest.approx(pauses)


@pytest.mark.parametrize("failure", [503, 408, REFUSED])
@in_virtual_time
async def test_the_last_failure_is_the_answer(failure):
    guarded = Guarded(504, failure)
    assert await guarded.ask() == failure
    assert guarded.attempts == 2


@pytest.mark.parametrize("answer", [200, 304, 401, 404, 429, 500, ErrorKind.HTTP_RESPONSE_TIMEOUT, *OURS])
@in_virtual_time
async def test_an_answer_a_slow_failure_and_our_own_fault_are_not_retried(answer):
    guarded = Guarded(answer)
    await guarded.ask()
    assert guarded.attempts == 1


class OneBody:
    """A body that can be read once."""

    length_bytes = 1

    async def __aiter__(self):
        yield b"x"


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("failure", [503, REFUSED, UpstreamError(REFUSED, sent=False)])
@in_virtual_time
async def test_an_unsafe_method_is_never_retried(method, failure):
    guarded = Guarded(failure)
    await guarded.ask(UpstreamRequest(method=method, target="/v1/x", fields=NO_FIELDS))
    assert guarded.attempts == 1


@in_virtual_time
async def test_a_read_with_a_body_is_never_retried():
    guarded = Guarded(503)
    assert await guarded.ask(get(body=OneBody())) == 503
    assert guarded.attempts == 1


@in_virtual_time
async def test_the_failed_answer_is_closed_before_the_retry_and_the_last_one_is_the_callers():
    guarded = Guarded(503, 503)
    answer = await guarded.it.send(get())
    assert [each.closed for each in guarded.upstream.answers] == [True, False]
    assert guarded.it.under_way == 1
    answer.close()
    assert guarded.it.under_way == 0


@in_virtual_time
async def test_a_client_that_leaves_during_the_pause_leaves_no_answer_open():
    guarded = Guarded(503)
    asking = asyncio.create_task(guarded.it.send(get()))
    await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.wait({asking})
    assert guarded.upstream.answers[0].closed
    assert (guarded.attempts, guarded.it.under_way) == (1, 0)


@pytest.mark.parametrize(("wish", "attempts", "passed"), [("0", 2, 0.05), ("2", 2, 2.0), ("3", 1, 0.0)])
@in_virtual_time
async def test_retry_after_is_granted_up_to_two_seconds(wish, attempts, passed):
    guarded = Guarded(ScriptedAnswer(503, retry_after=wish))
    await guarded.ask()
    assert (guarded.attempts, guarded.passed) == (attempts, pytest.approx(passed))


@pytest.mark.parametrize(("ahead", "attempts"), [(-5, 2), (2, 2), (60, 1)])
@in_virtual_time
async def test_retry_after_may_be_a_date(ahead, attempts):
    now = VirtualClock(asyncio.get_running_loop()).now().wall_seconds
    guarded = Guarded(ScriptedAnswer(503, retry_after=formatdate(now + ahead, usegmt=True)))
    await guarded.ask()
    assert guarded.attempts == attempts


@pytest.mark.parametrize(("total", "attempts"), [(0.16, 2), (0.14, 1)])
@in_virtual_time
async def test_nothing_is_retried_that_would_not_be_answered_in_time(total, attempts):
    guarded = Guarded(REFUSED, total_seconds=total)
    await guarded.ask()
    assert guarded.attempts == attempts


@in_virtual_time
async def test_the_deadline_counts_from_the_start_not_from_the_failure():
    guarded = Guarded((14.9, REFUSED))
    assert await guarded.ask() is REFUSED
    assert guarded.attempts == 1


@in_virtual_time
async def test_retries_end_with_their_budget_and_it_is_told():
    guarded = Guarded(always=503, failures=1000, budget=RetryBudgetSettings(least=3))
    for _ in range(5):
        assert await guarded.ask() == 503
    assert guarded.attempts == 5 + 3
    retries = [event.retry for event in guarded.notes.of(UpstreamRetried)]
    assert retries == [Retry.SENT] * 3 + [Retry.NO_BUDGET] * 2


@in_virtual_time
async def test_nothing_is_retried_once_the_breaker_is_open():
    guarded = Guarded(always=REFUSED, failures=1)
    assert await guarded.ask() is REFUSED
    assert guarded.attempts == 1


@in_virtual_time
async def test_nothing_is_retried_when_others_opened_the_breaker_during_the_pause():
    guarded = Guarded(503, always=REFUSED, failures=2)
    waiting = asyncio.create_task(guarded.ask())
    await asyncio.sleep(0.01)
    await guarded.ask()
    assert await waiting == 503
    assert guarded.attempts == 2


@pytest.mark.parametrize("failure", OUTAGE)
@in_virtual_time
async def test_failures_in_a_row_open_it_and_it_refuses_with_their_kind(failure):
    guarded = Guarded(always=failure, retries=0)
    for _ in range(5):
        await guarded.ask()
    kind = failure if isinstance(failure, ErrorKind) else ErrorKind.DESTINATION_UNAVAILABLE
    with pytest.raises(UpstreamError) as caught:
        await guarded.it.send(get())
    assert (caught.value.kind, caught.value.sent) == (kind, False)
    assert guarded.attempts == 5


@pytest.mark.parametrize("fault", OURS)
@in_virtual_time
async def test_what_is_our_own_or_the_clients_fault_opens_nothing(fault):
    guarded = Guarded(always=fault)
    for _ in range(20):
        await guarded.ask()
    assert (guarded.attempts, guarded.states) == (20, [])


@pytest.mark.parametrize("status", [500, 408])
@in_virtual_time
async def test_a_normal_500_of_one_client_never_opens_it_for_all(status):
    guarded = Guarded(always=status, retries=0)
    for _ in range(50):
        await guarded.ask(get(partition=b"a"))
    assert guarded.states == []


@pytest.mark.parametrize("status", [500, 408])
@in_virtual_time
async def test_a_500_for_everybody_opens_it(status):
    guarded = Guarded(always=status, retries=0)
    for number in range(6):
        await guarded.ask(get(partition=bytes([number % 2])))
    assert guarded.states == [BreakerState.OPEN]


@pytest.mark.parametrize("target", ["/health", "/heartbeat", "/health?x"])
@in_virtual_time
async def test_a_health_check_that_answers_500_counts_at_once(target):
    guarded = Guarded(always=500)
    for _ in range(5):
        await guarded.ask(get(target, partition=b""))
    assert guarded.states == [BreakerState.OPEN]


@in_virtual_time
async def test_heads_without_their_bodies_open_it_too():
    broken = ScriptedAnswer(breaks_with=ErrorKind.HTTP_RESPONSE_INCOMPLETE)
    guarded = Guarded(always=broken)
    for _ in range(5):
        assert await guarded.ask() is ErrorKind.HTTP_RESPONSE_INCOMPLETE
    assert guarded.attempts == 5
    assert guarded.states == [BreakerState.OPEN]


@in_virtual_time
async def test_a_body_that_breaks_while_it_streams_counts_once():
    guarded = Guarded(ScriptedAnswer(breaks_with=TERMINATED), failures=1)
    answer = await guarded.it.send(get())
    with pytest.raises(UpstreamError):
        async for _ in answer:
            pass
    answer.close()
    assert guarded.states == [BreakerState.OPEN]
    assert guarded.it.under_way == 0


@in_virtual_time
async def test_clients_that_leave_count_nothing():
    guarded = Guarded(always=(5, 200), failures=1)
    for _ in range(5):
        asking = asyncio.create_task(guarded.ask())
        await asyncio.sleep(1)
        asking.cancel()
        await asyncio.wait({asking})
    assert (guarded.states, guarded.it.under_way) == ([], 0)


@in_virtual_time
async def test_a_silence_as_long_as_the_deadline_counts_although_it_ends_as_a_cancellation():
    guarded = Guarded(always=(60, 200), failures=1, total_seconds=15.0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(15.0):
            await guarded.it.send(get())
    assert guarded.states == [BreakerState.OPEN]
    (told,) = guarded.notes.of(UpstreamAnswered)
    assert (told.status, told.error) == (None, ErrorKind.HTTP_RESPONSE_TIMEOUT)


async def open_it(guarded):
    for _ in range(5):
        await guarded.ask()
    assert guarded.it.state() is BreakerState.OPEN


@in_virtual_time
async def test_half_open_lets_one_request_through_and_recovery_is_told_once():
    clear = asyncio.Event()
    guarded = Guarded(*[REFUSED] * 5, clear, retries=0)
    await open_it(guarded)
    await asyncio.sleep(1)
    asking = [asyncio.create_task(guarded.ask()) for _ in range(10)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert guarded.attempts == 6
    clear.set()
    assert sorted(map(str, await asyncio.gather(*asking))) == ["200"] + ["connection_refused"] * 9
    assert guarded.states == [BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED]
    told = guarded.notes.of(UpstreamStateChanged)
    assert [event.before for event in told] == [
        BreakerState.CLOSED,
        BreakerState.OPEN,
        BreakerState.HALF_OPEN,
    ]
    assert (told[-1].failures, told[-1].cause, told[-1].outage_seconds) == (14, REFUSED, pytest.approx(1))


@in_virtual_time
async def test_a_slow_reader_of_the_probes_body_does_not_prolong_the_outage():
    guarded = Guarded(*[REFUSED] * 5, retries=0)
    await open_it(guarded)
    await asyncio.sleep(1)
    probe = await guarded.it.send(get())
    assert guarded.it.state() is BreakerState.CLOSED
    probe.close()


@in_virtual_time
async def test_a_probe_whose_client_left_leaves_its_place_to_the_next():
    guarded = Guarded(*[REFUSED] * 5, (60, 200), retries=0)
    await open_it(guarded)
    await asyncio.sleep(1)
    asking = asyncio.create_task(guarded.ask())
    await asyncio.sleep(0.1)
    asking.cancel()
    await asyncio.wait({asking})
    assert await guarded.ask() == 200
    assert guarded.it.state() is BreakerState.CLOSED


@in_virtual_time
async def test_every_attempt_is_told_with_its_result_and_duration():
    guarded = Guarded((0.5, REFUSED), (0.25, 200))
    await guarded.ask()
    told = guarded.notes.of(UpstreamAnswered)
    assert [(event.status, event.error) for event in told] == [(None, REFUSED), (200, None)]
    assert [event.duration_seconds for event in told] == pytest.approx([0.5, 0.25])


@in_virtual_time
async def test_a_client_that_sends_its_body_too_slowly_is_not_connects_fault():
    guarded = Guarded(always=(60, 200), failures=1, total_seconds=15.0)
    slow = UpstreamRequest(method="PUT", target="/v1/x", fields=NO_FIELDS, body=OneBody())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(15.0):
            await guarded.it.send(slow)
    assert guarded.states == []


@in_virtual_time
async def test_who_opened_the_breaker_is_answered_without_a_pause():
    guarded = Guarded(always=503, failures=1)
    assert await guarded.ask() == 503
    assert guarded.passed == 0


@in_virtual_time
async def test_a_second_probe_is_no_second_change_of_state():
    guarded = Guarded(*[REFUSED] * 5, (60, 200), (60, 200), retries=0)
    await open_it(guarded)
    await asyncio.sleep(1)
    for _ in range(2):
        asking = asyncio.create_task(guarded.ask())
        await asyncio.sleep(0.1)
        asking.cancel()
        await asyncio.wait({asking})
    assert guarded.states == [BreakerState.OPEN, BreakerState.HALF_OPEN]


@in_virtual_time
async def test_a_client_that_leaves_in_the_middle_of_a_body_counts_nothing():
    guarded = Guarded(always=ScriptedAnswer(hangs=True), failures=1)
    answer = await guarded.it.send(get())
    reading = asyncio.create_task(answer.read_complete(100))
    await asyncio.sleep(1)
    reading.cancel()
    await asyncio.wait({reading})
    assert (guarded.states, guarded.it.under_way) == ([], 0)


@in_virtual_time
async def test_an_answer_without_a_body_is_over_with_its_head():
    guarded = Guarded(always=ScriptedAnswer(204, body=b""))
    await guarded.it.send(get())
    assert guarded.it.under_way == 0


@in_virtual_time
async def test_a_write_that_drips_does_not_keep_reads_from_ending_the_outage():
    guarded = Guarded(*[REFUSED] * 5, (60, 200), retries=0)
    await open_it(guarded)
    await asyncio.sleep(1)
    dripping = UpstreamRequest(method="PUT", target="/v1/x", fields=NO_FIELDS, body=OneBody())
    writing = asyncio.create_task(guarded.ask(dripping))
    await asyncio.sleep(0.1)
    assert await guarded.ask() == 200
    assert guarded.it.state() is BreakerState.CLOSED
    writing.cancel()
    await asyncio.wait({writing})
