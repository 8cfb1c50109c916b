"""What Connect's /health says of its own data (facts.md 4.7).

While it is not synced, lists prove nothing, a refused token is no revocation, and somebody has to make a request with
a valid token.
"""

import msgspec

from proxy.clock import Instant
from proxy.connect.rules import SyncState
from proxy.semantics.message import Response

TARGET = "/health"
_BELIEVED_SECONDS = 30.0
"""How long "not synced" is believed without being heard again: a first sync that takes longer is rare."""


class _Dependency(msgspec.Struct):
    service: str = ""
    status: str = ""


class _Health(msgspec.Struct):
    dependencies: list[_Dependency] = []


_decoder = msgspec.json.Decoder(_Health)


def sync_state(response: Response) -> SyncState:
    """Read a complete answer of /health; whatever can't be understood says nothing."""
    if response.status != 200:
        return SyncState.UNKNOWN
    try:
        document = _decoder.decode(response.body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return SyncState.UNKNOWN
    statuses = {dependency.service: dependency.status for dependency in document.dependencies}
    if statuses.get("account_data") == "NOT_SYNCED" or statuses.get("1Password") == "UNINITIALIZED":
        return SyncState.UNSYNCED
    return SyncState.SYNCED if "account_data" in statuses else SyncState.UNKNOWN


class Health:
    """What was heard last, and whether it still counts."""

    def __init__(self) -> None:
        self._state = SyncState.UNKNOWN
        self._heard = float("-inf")

    def hear(self, state: SyncState, now: Instant) -> None:
        """Take note of what /health said."""
        self._state = state
        self._heard = now.boot_seconds

    def is_unsynced(self, now: Instant) -> bool:
        """Tell whether Connect has said lately that it is not synced."""
        return self._state is SyncState.UNSYNCED and now.boot_seconds - self._heard < _BELIEVED_SECONDS
