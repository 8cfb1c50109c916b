"""The part of the composition root that makes whatever hears of events: metrics, log, audit, traces.

Each is one adapter that knows nothing of the others; all get the same frozen events.
"""

from proxy import __version__
from proxy.adapters.logs import ExchangeLog, LogFormat, make_logger
from proxy.adapters.metrics import Metrics
from proxy.adapters.metrics.event_loop_lag import EventLoopLag
from proxy.clock import Clock
from proxy.config import Settings
from proxy.config.addresses import origin_host_and_port
from proxy.exchange.events import Event
from proxy.exchange.ports import AuditTrail, NoAudit, Observer


class Everyone:
    """Passes events on to several observers, in order."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def notify(self, event: Event) -> None:
        """Tell every observer."""
        for observer in self._observers:
            observer.notify(event)


class Observation:
    """All backends of one sidecar. `observer` hears every event; `audit` is asked before a read is answered."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._log_format = LogFormat(settings.log.format.value)
        host, port = origin_host_and_port(settings.upstream.url)
        upstream = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.metrics = Metrics(version=__version__, upstream=upstream, clock=clock)
        self._event_loop_lag = EventLoopLag()
        self.metrics.watch_loop(self._event_loop_lag)
        self.log = ExchangeLog(make_logger(self._log_format, settings.log.level.value))
        self.audit: AuditTrail = NoAudit()
        self.observer: Observer = Everyone(self.metrics, self.log)

    def set_log_level(self, level: str) -> None:
        """Write lines of this level and above from now on."""
        self.log.logger = make_logger(self._log_format, level)

    async def begin(self) -> None:
        """Start what works in the background."""
        self._event_loop_lag.begin()

    async def end(self) -> None:
        """Write out what is held back, and stop."""
        self._event_loop_lag.end()
