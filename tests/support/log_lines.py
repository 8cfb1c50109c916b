"""A log that writes to a file, events to tell it, and what it wrote."""

import json
import os
from dataclasses import dataclass, field

from proxy.adapters.logs import Log, LogFormat, LogPolicy
from proxy.clock import Instant
from proxy.exchange.events import Answered, ExchangeFinished
from proxy.exchange.reasons import OwnReason


@dataclass
class SetClock:
    """A clock that stands still until it is put forward."""

    boot_seconds: float = 1000.0

    def now(self) -> Instant:
        return Instant(wall_seconds=self.boot_seconds, boot_seconds=self.boot_seconds)


@dataclass
class WrittenLog:
    """A log, its clock, and what it has written so far."""

    path: str
    level: str = "info"
    log_format: LogFormat = LogFormat.JSON
    miss_sample_ratio: float = 1.0
    draw: object = lambda: 0.5
    clock: SetClock = field(default_factory=SetClock)

    def __post_init__(self):
        self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        policy = LogPolicy(level=self.level, miss_sample_ratio=self.miss_sample_ratio)
        self.log = Log(self.log_format, policy, clock=self.clock, descriptor=self.descriptor, draw=self.draw)

    def tell(self, *events):
        for event in events:
            self.log.notify(event)

    def pass_seconds(self, seconds):
        """Let time pass, and the log notice."""
        self.clock.boot_seconds += seconds
        self.log.tick()

    def text(self):
        self.log.close()
        return os.pread(self.descriptor, 1 << 24, 0).decode()

    def lines(self):
        return [json.loads(line) for line in self.text().splitlines()]

    def events(self):
        return [line["event"] for line in self.lines()]


def exchange(**changes) -> ExchangeFinished:
    """Return a hit, or what the changes make of it."""
    told = {
        "method": "GET",
        "resource": "item",
        "token": "billing",
        "status": 200,
        "cache": Answered.HIT,
        "why": OwnReason.FRESH,
        "duration_seconds": 0.0031,
        "at": Instant(wall_seconds=0.0, boot_seconds=0.0),
    }
    return ExchangeFinished(**(told | changes))
