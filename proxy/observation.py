"""The part of the composition root that makes whatever hears of events: metrics, log, audit, traces.

Each is one adapter that knows nothing of the others; all get the same frozen events.
"""

import asyncio
import os
from collections.abc import Mapping
from errno import errorcode
from typing import TYPE_CHECKING

from proxy import __version__
from proxy.adapters.audit import AuditFigures, TrailState
from proxy.adapters.logs import Log, LogEvent, LogFormat, LogPolicy
from proxy.adapters.metrics import Metrics
from proxy.adapters.metrics.event_loop_lag import EventLoopLag
from proxy.clock import Clock
from proxy.config import ConfigError, LogSettings, Settings
from proxy.config.addresses import origin_host_and_port
from proxy.exchange.epoch import Epoch
from proxy.exchange.events import Event
from proxy.exchange.ports import AuditTrail, NoAudit, Observer
from proxy.exchange.spans import Tracing
from proxy.recording import make_trail

if TYPE_CHECKING:
    from proxy.adapters.tracing import Traces

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PROTOCOL = "http/protobuf"


class Everyone:
    """Passes events on to several observers, in order."""

    def __init__(self, *observers: Observer) -> None:
        self.observers = observers

    def notify(self, event: Event) -> None:
        """Tell every observer."""
        for observer in self.observers:
            observer.notify(event)


class Observation:
    """All backends of one sidecar. `observer` hears every event; `audit` is asked before a read is answered.

    `epoch` moves when the audit begins to fail or has recovered. `notes` are lines for the operator about what was
    found at the start. Raises ConfigError.
    """

    def __init__(self, settings: Settings, *, clock: Clock, environ: Mapping[str, str] = os.environ) -> None:
        self.notes: list[str] = []
        self.epoch = Epoch()
        host, port = origin_host_and_port(settings.upstream.url)
        upstream = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.metrics = Metrics(version=__version__, upstream=upstream, clock=clock)
        self._event_loop_lag = EventLoopLag()
        self.metrics.watch_loop(self._event_loop_lag)
        self.log = Log(LogFormat(settings.log.format.value), _log_policy(settings.log), clock=clock)
        self.metrics.watch_log(self.log)
        self._trail = make_trail(settings.audit, clock, self._audit_changed)
        self.audit: AuditTrail = self._trail or NoAudit()
        self.audit_figures = AuditFigures() if self._trail is None else self._trail.figures
        self._traces = self._make_traces(environ)
        observers: list[Observer] = [self.metrics, self.log]
        if self._trail is not None:
            observers.append(self._trail)
            self.metrics.watch_audit(self.audit_figures)
        if self._traces is not None:
            observers.append(self._traces)
            self.metrics.watch_spans(self._traces)
        self.observer = Everyone(*observers)
        self.tracing = Tracing(clock=clock, listener=self.observer, sampler=self._traces)
        self._background: list[asyncio.Task[None]] = []

    def adopt_log(self, settings: LogSettings) -> None:
        """Write lines by other settings from now on."""
        self.log.adopt(_log_policy(settings))

    async def begin(self) -> None:
        """Start what works in the background."""
        self._event_loop_lag.begin()
        self._background = [asyncio.create_task(self.log.run())]
        if self._trail is not None:
            await self._trail.begin()

    async def end(self) -> None:
        """Write out what is held back, and stop."""
        self._event_loop_lag.end()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        if self._trail is not None:
            await self._trail.end()
        if self._traces is not None:
            await self._traces.close()
        await asyncio.to_thread(self.log.close)

    def _audit_changed(self, state: TrailState) -> None:
        self.epoch.move()
        if state.failure is None:
            self.log.logger.info(LogEvent.AUDIT_RESUMED, lost=state.lost)
            return
        number = getattr(state.failure, "errno", None) or 0
        why = errorcode.get(number, type(state.failure).__name__)
        self.log.logger.error(LogEvent.AUDIT_FAILING, why=why, lost=state.lost)

    def _make_traces(self, environ: Mapping[str, str]) -> "Traces | None":
        """Return where spans go, if the environment says so; they are loaded only then, for 9 MiB of memory."""
        if not wants_traces(environ):
            return None
        protocol = next((value for name in _PROTOCOLS if (value := environ.get(name, "").strip())), _PROTOCOL)
        if protocol != _PROTOCOL:
            self.notes.append(f"{_PROTOCOLS[1]}: only {_PROTOCOL} is spoken here, so there are no traces")
            return None
        from proxy.adapters.tracing import Traces  # noqa: PLC0415

        try:
            return Traces(environ, version=__version__)
        except ValueError as error:
            raise ConfigError(
                ["OTEL_BSP_*: the variables are no numbers or contradict each other"]
            ) from error


def wants_traces(environ: Mapping[str, str]) -> bool:
    """Tell whether the environment asks for traces: it names an endpoint, and says nothing against them."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if environ.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() != "otlp":
        return False
    return any(environ.get(name, "").strip() for name in _ENDPOINTS)


def _log_policy(settings: LogSettings) -> LogPolicy:
    return LogPolicy(level=settings.level.value, miss_sample_ratio=settings.miss_sample_ratio)
