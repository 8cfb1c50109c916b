"""What has happened lately, kept in memory for whoever asks how we are: the last five minutes, counted; what fails, and
since when; and the last changes of state.

Bounded, in plain integers; nothing here outlives the process. Prometheus has the long memory, this one answers where
there is none.
"""

from proxy.adapters.recent.changes import Change, ChangeKind, Changes
from proxy.adapters.recent.outages import Outage, Outages
from proxy.adapters.recent.window import SLOT_SECONDS, History, Lately, Window
from proxy.clock import Clock
from proxy.exchange.events import Event, ExchangeFinished, HitsRepeated, Limited, UpstreamAnswered

__all__ = [
    "SLOT_SECONDS",
    "Change",
    "ChangeKind",
    "Changes",
    "History",
    "Lately",
    "Outage",
    "Outages",
    "Recent",
]


class Recent:
    """An Observer with a short memory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.window = Window(clock.now())
        self.outages = Outages()
        self.changes = Changes()

    def notify(self, event: Event) -> None:
        """Take note of one event."""
        match event:
            case ExchangeFinished():
                self.window.answered(event)
            case HitsRepeated():
                self.window.repeated(event)
            case UpstreamAnswered():
                now = self._clock.now()
                self.window.attempted(now)
                self.outages.attempted(event, now)
            case Limited():
                self.window.limited(self._clock.now(), is_enforced=event.is_enforced)
            case _:
                now = self._clock.now()
                self.outages.notify(event, now)
                self.changes.notify(event, now)
