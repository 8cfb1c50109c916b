"""The two halves of Connect: what 1Password.com holds, and what connect-sync has brought here to be read.

A write changes the first at once and the second after `sync_delay_seconds` (facts 4.2); before the first
valid token nothing is synced at all (4.7); parallel writes to one vault conflict. Older states stay at
hand, so that a replica that lags behind can be played (4.10). Nothing here knows of HTTP.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from proxy.emulator.clock import NANOSECONDS_PER_SECOND, Clock
from proxy.emulator.errors import ConnectError
from proxy.emulator.model import Change, State, apply
from proxy.emulator.settings import EmulatorSettings

_REMEMBERED_STATES = 64


class SyncPhase(StrEnum):
    """How far the first sync has got."""

    UNINITIALIZED = "uninitialized"
    SYNCING = "syncing"
    SYNCED = "synced"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pending:
    change: Change
    due_nanoseconds: int | None


class Replication:
    """Owns the account's state, the synced state and what is on its way between them."""

    def __init__(self, *, settings: EmulatorSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._account: State = {}
        self._synced: State = {}
        self._earlier: deque[State] = deque(maxlen=_REMEMBERED_STATES)
        self._pending: list[_Pending] = []
        self._unsynced_files: dict[str, int | None] = {}
        self._writing: set[str] = set()
        self._phase = SyncPhase.SYNCED if settings.initially_synced else SyncPhase.UNINITIALIZED
        self._initial_sync_due: int | None = None
        self._became_synced = asyncio.Event()

    @property
    def account(self) -> State:
        """What 1Password.com holds: the state that writes act on."""
        return self._account

    @property
    def phase(self) -> SyncPhase:
        """How far the first sync has got."""
        self._catch_up()
        return self._phase

    def visible(self, *, changes_behind: int = 0) -> State:
        """Return what reads see, or what they saw that many changes ago."""
        self._catch_up()
        if not changes_behind or not self._earlier:
            return self._synced
        return self._earlier[-min(changes_behind, len(self._earlier))]

    def write(self, change: Change) -> None:
        """Change the account; reads see it after the sync delay."""
        self._account = apply(self._account, change)
        self._pending.append(
            _Pending(change=change, due_nanoseconds=self._due(self._settings.sync_delay_seconds))
        )

    def change_at_once(self, change: Change) -> None:
        """Change the account and what reads see, as if made elsewhere and synced already."""
        self._account = apply(self._account, change)
        if self.phase is SyncPhase.SYNCED:
            self._show(change)

    def delay_file(self, file_id: str) -> None:
        """Keep a file's content back until it has synced."""
        delay_seconds = self._settings.file_sync_delay_seconds
        if delay_seconds != 0:
            self._unsynced_files[file_id] = self._due(delay_seconds)

    def has_file_content(self, file_id: str) -> bool:
        """Tell whether a file's content has synced."""
        if file_id not in self._unsynced_files:
            return True
        due = self._unsynced_files[file_id]
        return due is not None and due <= self._clock.now_nanoseconds()

    def sync(self) -> None:
        """Finish whatever is pending: the first sync, writes, file contents."""
        self._unsynced_files.clear()
        if self._phase is SyncPhase.SYNCED:
            pending, self._pending = self._pending, []
            for entry in pending:
                self._show(entry.change)
        else:
            self._finish_initial_sync()

    def restart(self) -> None:
        """Lose everything synced, as a new pod with an empty volume does."""
        self._synced = {}
        self._earlier.clear()
        self._pending.clear()
        self._phase = SyncPhase.UNINITIALIZED
        self._initial_sync_due = None
        self._became_synced.clear()

    def prime(self) -> None:
        """Start the first sync, since a valid token was seen."""
        if self._phase is SyncPhase.UNINITIALIZED:
            self._phase = SyncPhase.SYNCING
            self._initial_sync_due = self._due(self._settings.initial_sync_seconds)

    async def wait_until_synced(self) -> bool:
        """Wait for the first sync, at most `sync_timeout_seconds`, and tell whether it has finished."""
        if self._is_synced():
            return True
        patience = self._settings.sync_timeout_seconds
        if self._initial_sync_due is not None:
            remaining = self._initial_sync_due - self._clock.now_nanoseconds()
            patience = min(patience, remaining / NANOSECONDS_PER_SECOND)
        signal = asyncio.ensure_future(self._became_synced.wait())
        timer = asyncio.ensure_future(self._clock.sleep(patience))
        try:
            await asyncio.wait((signal, timer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            signal.cancel()
            timer.cancel()
        return self._is_synced()

    @contextmanager
    def writing(self, vault_id: str, *, conflict: ConnectError) -> Iterator[None]:
        """Lock a vault for one write. Raises `conflict` while another write holds it."""
        if vault_id in self._writing:
            raise conflict
        self._writing.add(vault_id)
        try:
            yield
        finally:
            self._writing.discard(vault_id)

    def _is_synced(self) -> bool:
        return self.phase is SyncPhase.SYNCED

    def _due(self, delay_seconds: float | None) -> int | None:
        if delay_seconds is None:
            return None
        return self._clock.now_nanoseconds() + int(delay_seconds * NANOSECONDS_PER_SECOND)

    def _catch_up(self) -> None:
        now = self._clock.now_nanoseconds()
        if self._phase is SyncPhase.SYNCING and _is_due(self._initial_sync_due, now):
            self._finish_initial_sync()
        if self._phase is not SyncPhase.SYNCED or not self._pending:
            return
        arrived = [entry for entry in self._pending if _is_due(entry.due_nanoseconds, now)]
        self._pending = [entry for entry in self._pending if not _is_due(entry.due_nanoseconds, now)]
        for entry in arrived:
            self._show(entry.change)

    def _finish_initial_sync(self) -> None:
        # The first sync fetches the account as it is, whatever was pending before.
        self._pending.clear()
        self._synced = self._account
        self._phase = SyncPhase.SYNCED
        self._became_synced.set()

    def _show(self, change: Change) -> None:
        self._earlier.append(self._synced)
        self._synced = apply(self._synced, change)


def _is_due(due_nanoseconds: int | None, now_nanoseconds: int) -> bool:
    return due_nanoseconds is not None and due_nanoseconds <= now_nanoseconds
