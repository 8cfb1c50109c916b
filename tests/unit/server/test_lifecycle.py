"""Start and stop as transcripts, in virtual time."""

import asyncio

import pytest

from proxy.server.lifecycle import DrainSettings, Lifecycle, Parts, Phase
from proxy.server.listeners import ListenError
from tests.support.virtual_time import run_in_virtual_time

SETTINGS = DrainSettings(drain_delay_seconds=5.0, drain_neighbour_seconds=15.0, drain_timeout_seconds=20.0)


class Journal:
    """Notes what happens and when, in seconds since the start."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._started = asyncio.get_running_loop().time()

    def now(self) -> float:
        return asyncio.get_running_loop().time() - self._started

    def note(self, line: str) -> None:
        self.lines.append(f"{self.now():g} {line}")


class FakeFront:
    """A front whose last answer takes `busy_seconds` from the moment it is finished.

    A neighbour is there until `neighbour_until`.
    """

    def __init__(
        self,
        name: str,
        journal: Journal,
        *,
        busy_seconds: float = 0.0,
        neighbour_until: float = 0.0,
        fails: str = "",
    ) -> None:
        self.name, self.journal, self.busy_seconds, self.fails = name, journal, busy_seconds, fails
        self.neighbour_until = neighbour_until

    async def open(self) -> None:
        if self.fails:
            raise ListenError(self.fails)
        self.journal.note(f"{self.name} open")

    def begin_drain(self) -> None:
        self.journal.note(f"{self.name} drain")

    def begin_keeping_neighbours(self) -> None:
        self.journal.note(f"{self.name} drain but for neighbours")

    def has_neighbour(self, quiet_seconds: float) -> bool:
        assert quiet_seconds == SETTINGS.drain_delay_seconds
        return self.journal.now() < self.neighbour_until

    def close_listeners(self) -> None:
        if f"{self.name} closed" not in " ".join(self.journal.lines):
            self.journal.note(f"{self.name} closed")

    async def finish(self, hurry: asyncio.Event, deadline_seconds: float) -> int:
        waiting = min(self.busy_seconds, deadline_seconds)
        try:
            async with asyncio.timeout(waiting):
                await hurry.wait()
        except TimeoutError:
            pass
        self.journal.note(f"{self.name} finished")
        return 0


async def live(
    *signals_at: float,
    quits_at: tuple[float, ...] = (),
    settings: DrainSettings = SETTINGS,
    **front: float | str,
) -> list[str]:
    journal = Journal()
    lifecycle = Lifecycle(settings=settings, on_phase=lambda phase: journal.note(phase.value))

    async def stop_background() -> None:
        journal.note("background stopped")

    for at in signals_at:
        asyncio.get_running_loop().call_later(at, lifecycle.request_stop)
    for at in quits_at:
        asyncio.get_running_loop().call_later(at, lifecycle.quit)
    try:
        await lifecycle.run(
            Parts(
                traffic=[FakeFront("traffic", journal, **front)],
                operator=[FakeFront("observe", journal)],
                stop_background=stop_background,
            )
        )
    except ListenError as error:
        journal.note(str(error))
    return journal.lines


END = ["observe closed", "background stopped", "observe finished", "stopped"]


def at(second: float, *lines: str) -> list[str]:
    return [f"{second:g} {line}" for line in lines]


DRAIN = at(10, "draining", "traffic drain but for neighbours")


@pytest.mark.parametrize(
    ("signals_at", "busy_seconds", "expected"),
    [
        (
            [10],
            3,
            DRAIN + at(15, "traffic closed") + at(18, "traffic finished", *END),
        ),
        (
            [10],
            99,
            DRAIN + at(15, "traffic closed") + at(35, "traffic finished", *END),
        ),
        (
            [10, 12],
            99,
            DRAIN + at(12, "traffic closed", "traffic finished", *END),
        ),
        (
            [10, 16],
            99,
            DRAIN + at(15, "traffic closed") + at(16, "traffic finished", *END),
        ),
    ],
    ids=["answers end in time", "deadline", "second signal in the delay", "second signal while finishing"],
)
def test_drain(signals_at, busy_seconds, expected):
    lines = run_in_virtual_time(live(*signals_at, busy_seconds=busy_seconds))
    assert lines == ["0 observe open", "0 traffic open", "0 serving", *expected]


@pytest.mark.parametrize(
    ("life", "expected"),
    [
        (
            {"neighbour_until": 21.0},
            DRAIN + at(21, "traffic closed", "traffic finished", *END),
        ),
        (
            {"neighbour_until": 99.0, "busy_seconds": 99.0},
            DRAIN + at(30, "traffic closed") + at(35, "traffic finished", *END),
        ),
        (
            {"neighbour_until": 99.0, "quits_at": (12.0,), "busy_seconds": 1.0},
            DRAIN + at(12, "traffic closed") + at(13, "traffic finished", *END),
        ),
        (
            {"neighbour_until": 99.0, "quits_at": (20.0,), "busy_seconds": 1.0},
            DRAIN + at(20, "traffic closed") + at(21, "traffic finished", *END),
        ),
    ],
    ids=[
        "until it is gone",
        "until the grace period is nearly over",
        "quit in the delay",
        "quit while it stays",
    ],
)
def test_a_neighbour_is_served_on(life, expected):
    lines = run_in_virtual_time(live(10, **life))
    assert lines[3:] == expected


def test_without_time_for_neighbours_everybody_is_sent_away():
    settings = DrainSettings(drain_delay_seconds=5.0, drain_neighbour_seconds=0.0, drain_timeout_seconds=20.0)
    lines = run_in_virtual_time(live(10, settings=settings, neighbour_until=99.0))
    assert lines[3:] == at(10, "draining", "traffic drain") + at(
        15, "traffic closed", "traffic finished", *END
    )


def test_quit_waits_for_nobody_but_those_being_answered():
    lines = run_in_virtual_time(live(quits_at=(10.0, 11.0), busy_seconds=3.0, neighbour_until=99.0))
    assert lines[3:] == [*DRAIN, *at(10, "traffic closed"), *at(13, "traffic finished", *END)]


def test_address_that_is_taken_closes_everything_again():
    lines = run_in_virtual_time(live(fails="server.listen: taken"))
    assert lines[0] == "0 observe open"
    assert lines[1] == "0 observe closed"
    assert "0 background stopped" in lines
    assert lines[-1] == "0 server.listen: taken"


def test_ready_only_while_serving():
    async def main() -> None:
        lifecycle = Lifecycle(settings=SETTINGS)
        seen = {}
        for phase in Phase:
            lifecycle.phase = phase
            seen[phase] = lifecycle.is_ready()
        assert [phase for phase, ready in seen.items() if ready] == [Phase.SERVING]

    run_in_virtual_time(main())
