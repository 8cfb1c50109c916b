"""The clocks that bounds count on go on during suspend; each may be read alone, and says the same then."""

import time

from proxy.clock import Instant, SystemClock, readings


class HandClock:
    def now(self):
        return Instant(wall_seconds=2.0, boot_seconds=1.0)


def test_bounds_count_on_the_clock_that_goes_on_during_suspend(monkeypatch):
    asked = []
    monkeypatch.setattr(time, "clock_gettime", lambda clock: asked.append(clock) or 7.0)
    assert SystemClock().now().boot_seconds == 7.0
    assert asked == [time.CLOCK_BOOTTIME]


def test_a_clock_that_is_read_alone_says_what_it_says_together_with_the_other():
    clock = SystemClock()
    boot_seconds, wall_seconds = readings(clock)
    before, boot, wall, after = clock.now(), boot_seconds(), wall_seconds(), clock.now()
    assert before.boot_seconds <= boot <= after.boot_seconds
    assert before.wall_seconds <= wall <= after.wall_seconds


def test_any_other_clock_can_be_read_alone_as_well():
    boot_seconds, wall_seconds = readings(HandClock())
    assert (boot_seconds(), wall_seconds()) == (1.0, 2.0)
