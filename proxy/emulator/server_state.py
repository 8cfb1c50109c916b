"""What Connect says about itself without a token: /heartbeat, /health and /metrics.

The dependencies of /health are those of a 1.7.3 before and after its first token (connect#93, Docker Swarm
guide).
"""

from proxy.emulator.json_documents import JsonObject, JsonValue
from proxy.emulator.replication import SyncPhase

HEARTBEAT = "."
# The spec's example shows only Go's own metrics; more names are not published.
METRICS = """\
# HELP go_gc_duration_seconds A summary of the pause duration of garbage collection cycles.
# TYPE go_gc_duration_seconds summary
go_gc_duration_seconds{quantile="0"} 2.9e-05
go_gc_duration_seconds{quantile="1"} 0.0002
go_gc_duration_seconds_sum 0.0014
go_gc_duration_seconds_count 14
# HELP go_goroutines Number of goroutines that currently exist.
# TYPE go_goroutines gauge
go_goroutines 22
"""


def health_document(phase: SyncPhase, *, connect_version: str) -> JsonObject:
    """Return the body of /health."""
    return {
        "name": "1Password Connect API",
        "version": connect_version,
        "dependencies": [
            _dependency("sqlite", "ACTIVE", "Connected to /home/opuser/.op/data/1password.sqlite"),
            _account_data(phase),
            _dependency("sync", "ACTIVE"),
            _one_password(phase),
        ],
    }


def _account_data(phase: SyncPhase) -> JsonValue:
    if phase is SyncPhase.SYNCED:
        return _dependency("account_data", "AVAILABLE", "Account data is available")
    started = "not yet started" if phase is SyncPhase.UNINITIALIZED else "not yet completed"
    reason = f"Account data is not available because synchronization has {started}"
    return _dependency("account_data", "NOT_SYNCED", reason)


def _one_password(phase: SyncPhase) -> JsonValue:
    if phase is SyncPhase.UNINITIALIZED:
        return _dependency(
            "1Password", "UNINITIALIZED", "Make a request with a valid bearer token to initialize"
        )
    return _dependency("1Password", "ACTIVE")


def _dependency(service: str, status: str, message: str = "") -> JsonValue:
    dependency: JsonObject = {"service": service, "status": status}
    return {**dependency, "message": message} if message else dependency
