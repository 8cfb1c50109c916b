"""The sidecar itself: its version, its settings, its records of what it does, its process."""

from collections.abc import Callable, Iterable

from prometheus_client import ProcessCollector
from prometheus_client.core import Metric

from proxy.adapters.metrics.family import Label, closed, counter, gauge, info
from proxy.adapters.metrics.figures import AuditFigures, LogFigures, SpanFigures
from proxy.adapters.metrics.ledger import Counts
from proxy.adapters.metrics.section import Hearing
from proxy.exchange.events import Reloaded, ReloadOutcome

BUILD_INFO = info("build_info", "1, labelled with the version.", Label(name="version", bounded="one"))
RELOADS = counter(
    "reloads_total",
    "How often settings were read anew, by what became of them.",
    closed("outcome", ReloadOutcome),
)
RELOAD_REFUSED = gauge(
    "reload_refused",
    "1 while the settings, as they were read last, are refused and older ones go on.",
)
AUDIT_RECORDS = counter("audit_records_total", "Records that the audit has written.")
AUDIT_READS = counter(
    "audit_reads_total",
    "Reads in these records, by how they were answered; background: asked of Connect in a token's name.",
    closed("how", "hit", "stale", "collapsed", "background"),
)
AUDIT_LOST = counter("audit_lost_total", "Reads that were answered and have no record in the audit.")
AUDIT_SEQUENCE = gauge("audit_sequence", "Number of the audit's last record: a gap to the file is a loss.")
AUDIT_HEAD = gauge(
    "audit_head",
    "First 52 bits of the hash of the audit's last record: a file that was cut off does not end with it.",
)
LINES_LOST = counter("log_lines_lost_total", "Log lines that could not be written.")
SPANS_EXPORTED = counter("spans_exported_total", "Spans that an OTLP endpoint has taken.")
SPANS_LOST = counter("spans_lost_total", "Spans that could not be exported, or for which there was no room.")
MEMORY_LIMIT = gauge("process_memory_limit_bytes", "Memory that the container may use; 0 without a limit.")
PROCESS = (
    gauge("process_resident_memory_bytes", "Memory that the process has in use."),
    counter("process_cpu_seconds_total", "Processor time that the process has used."),
    gauge("process_start_time_seconds", "When the process was started, as Unix time."),
    gauge("process_open_fds", "File descriptors that are open; each connection is one."),
    gauge("process_max_fds", "File descriptors that may be open."),
    gauge("process_virtual_memory_bytes", "Address space of the process; says little."),
)

FAMILIES = (
    BUILD_INFO,
    RELOADS,
    RELOAD_REFUSED,
    AUDIT_RECORDS,
    AUDIT_READS,
    AUDIT_LOST,
    AUDIT_SEQUENCE,
    AUDIT_HEAD,
    LINES_LOST,
    SPANS_EXPORTED,
    SPANS_LOST,
    *PROCESS,
    MEMORY_LIMIT,
)


class Itself:
    """Counts reloads, and asks everything else when scraped. `memory_limit_bytes` is asked each time: it may change."""

    audit: AuditFigures | None = None
    log: LogFigures | None = None
    spans: SpanFigures | None = None

    def __init__(self, version: str, memory_limit_bytes: Callable[[], int | None]) -> None:
        self._version = version
        self._memory_limit_bytes = memory_limit_bytes
        self._reloads = Counts(*((outcome,) for outcome in ReloadOutcome))
        self._is_refused = False
        self._process = ProcessCollector(registry=None)

    def hearing(self) -> Hearing:
        """Return the events that are counted here."""
        return {Reloaded: self._reloaded}

    def collect(self) -> Iterable[Metric]:
        """Return the metrics as they are now."""
        yield BUILD_INFO.rows([((self._version,), 1)])
        yield RELOADS.rows(self._reloads.rows())
        yield RELOAD_REFUSED.of(float(self._is_refused))
        if self.audit is not None:
            yield AUDIT_RECORDS.of(self.audit.records)
            yield AUDIT_READS.rows(((how,), count) for how, count in self.audit.reads.items())
            yield AUDIT_LOST.of(self.audit.lost)
            yield AUDIT_SEQUENCE.of(self.audit.sequence)
            yield AUDIT_HEAD.of(self.audit.head)
        if self.log is not None:
            yield LINES_LOST.of(self.log.lines_lost)
        if self.spans is not None:
            yield SPANS_EXPORTED.of(self.spans.exported)
            yield SPANS_LOST.of(self.spans.lost)
        yield from self._collect_process()

    def _collect_process(self) -> Iterable[Metric]:
        """Read /proc; where there is none, there is no word of the process."""
        told = {sample.name: sample.value for metric in self._process.collect() for sample in metric.samples}
        for family in PROCESS:
            if family.name in told:
                yield family.of(told[family.name])
        yield MEMORY_LIMIT.of(self._memory_limit_bytes() or 0)

    def _reloaded(self, event: Reloaded) -> None:
        self._reloads[(event.outcome,)].count += 1
        self._is_refused = event.outcome is ReloadOutcome.REFUSED
