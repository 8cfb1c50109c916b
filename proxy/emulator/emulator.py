"""The emulated Connect server as its users hold it: a real HTTP server, its data, its tokens, its faults.

`async with Emulator() as emulator:` starts it on a free port of 127.0.0.1; `serve_emulator` runs one until
cancelled.
"""

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from proxy.emulator.account import Account
from proxy.emulator.clock import Clock, SystemClock
from proxy.emulator.connect_api import ConnectApi
from proxy.emulator.connections import Connection, ConnectionTable, Listener
from proxy.emulator.control import ControlServer
from proxy.emulator.effects import HoldPoint
from proxy.emulator.faults import FaultPlan
from proxy.emulator.holds import Hold
from proxy.emulator.parts import assemble
from proxy.emulator.recorder import Predicate, RecordedRequest, Recorder
from proxy.emulator.request_handling import RequestHandling
from proxy.emulator.sample_data import MEBIBYTE, SampleData, add_sample_data
from proxy.emulator.settings import EmulatorSettings
from proxy.emulator.tokens import READ, Access

_DEFAULT_SETTINGS = EmulatorSettings()


class Emulator(Account):
    """One emulated Connect server."""

    def __init__(self, settings: EmulatorSettings = _DEFAULT_SETTINGS, *, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        parts = assemble(settings, self.clock)
        super().__init__(parts)
        self.faults = FaultPlan(changed=self._open_or_close)
        self._recorder = Recorder(max_records=settings.max_recorded_requests)
        self._handling = RequestHandling(
            api=ConnectApi(parts),
            plan=self.faults,
            recorder=self._recorder,
            clock=self.clock,
            connect_version=settings.connect_version,
            restart=self.restart,
            seen_tokens=set(),
            tasks=set(),
        )
        self._listener = Listener(host=settings.host, port=settings.port, ssl_context=settings.ssl_context)
        self._connections: ConnectionTable | None = None
        self._control: ControlServer | None = None
        self._is_serving = False

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._listener.port

    @property
    def url(self) -> str:
        """What a client takes as OP_CONNECT_HOST."""
        scheme = "http" if self.settings.ssl_context is None else "https"
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        return f"{scheme}://{host}:{self.port}"

    @property
    def control_url(self) -> str:
        """Where the control API is; empty unless started with a control port."""
        return "" if self._control is None else self._control.url

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every request so far, oldest first."""
        return self._recorder.records

    @property
    def requests_arrived(self) -> int:
        """How many requests there were, forgotten ones included."""
        return self._recorder.next_number - 1

    @property
    def open_connections(self) -> list[Connection]:
        """The connections clients hold at this moment."""
        return [] if self._connections is None else self._connections.open_connections

    @property
    def connections_accepted(self) -> int:
        """How many connections were ever accepted."""
        return 0 if self._connections is None else self._connections.accepted_count

    async def start(self) -> None:
        """Listen. Raises OSError when a port is taken."""
        table = ConnectionTable(
            lambda request: self._handling.respond(request, table),
            max_field_bytes=self.settings.max_field_bytes,
            max_body_bytes=self.settings.max_body_bytes,
        )
        await self._listener.start(table)
        self._connections = table
        self._is_serving = True
        if self.settings.control_port is not None:
            self._control = ControlServer(self)
            try:
                await self._control.start(self.settings.control_port)
            except OSError:
                await self._listener.stop()
                raise

    async def stop(self) -> None:
        """Let go of what is held, end all connections, listen no more. Idempotent."""
        self._is_serving = False
        if self._control is not None:
            await self._control.stop()
        await self._listener.stop()
        if self._connections is None:
            return
        self._connections.abort_all()  # First, or a client could begin what nobody ends.
        self.faults.release_all()
        tasks = list(self._handling.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._connections.end()

    def sample_data(self, *, large_file_bytes: int = 5 * MEBIBYTE) -> SampleData:
        """Add vaults, items and files to look at."""
        return add_sample_data(self, large_file_bytes=large_file_bytes)

    def issue_token(
        self, name: str, vaults: Mapping[str, Access] | None = None, expires_in_seconds: float | None = None
    ) -> str:
        """Mint a token with `vaults` as its grants; without, it may read every vault there is now."""
        grants = dict.fromkeys(self._parts.replication.account, READ) if vaults is None else vaults
        return self._parts.tokens.issue(name, vaults=grants, expires_in_seconds=expires_in_seconds)

    def revoke(self, token: str) -> None:
        """Refuse `token` from now on. Raises ValueError for a token of another server."""
        self._parts.tokens.revoke(token)

    def limit_server(self, grants: Mapping[str, Access] | None) -> None:
        """Set what the server itself was granted: no token gets beyond it. None: everything."""
        self._parts.tokens.limit_server(grants)

    def sync(self) -> None:
        """Make everything visible that waits for a sync: the first one, writes, file contents."""
        self._parts.replication.sync()

    def restart(self) -> None:
        """Restart Connect: connections are cut, nothing is synced until a valid token is seen."""
        self._parts.replication.restart()
        if self._connections is not None:
            self._connections.abort_all()

    def hold(
        self,
        *,
        method: str | None = None,
        path: str = "",
        at: HoldPoint = HoldPoint.BEFORE_PROCESSING,
        times: int | None = None,
    ) -> Hold:
        """Hold matching requests until `release()`: see Hold."""
        return self.faults.hold(method=method, path=path, at=at, times=times)

    def requests_to(self, path: str, *, method: str | None = None) -> list[RecordedRequest]:
        """Return the requests in whose target the regular expression `path` is found."""
        return self._recorder.matching(method=method, path=path)

    def forget_requests(self) -> None:
        """Begin counting anew."""
        self._recorder.clear()

    async def wait_for(
        self, predicate: Predicate, *, count: int = 1, timeout_seconds: float | None = 10.0
    ) -> RecordedRequest:
        """Return the `count`-th request that `predicate` accepts, past or yet to come.

        Raises TimeoutError.
        """
        async with asyncio.timeout(timeout_seconds):
            return await self._recorder.wait_for(predicate, count=count)

    def _open_or_close(self) -> None:
        if self._connections is None or not self._is_serving:
            return
        if self.faults.refuses_connections and self._listener.is_open:
            self._listener.close()
            self._connections.abort_all()
        elif not self.faults.refuses_connections and not self._listener.is_open:
            self._listener.reopen(self._connections)


async def serve_emulator(
    settings: EmulatorSettings, *, ready: Callable[[Emulator], None], clock: Clock | None = None
) -> None:
    """Run an emulator until cancelled; `ready` fills it with data once it listens. Raises OSError."""
    async with Emulator(settings, clock=clock) as emulator:
        ready(emulator)
        await asyncio.Event().wait()
