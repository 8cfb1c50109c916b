"""The numbers and words by which the Connect profile decides, with the defaults of docs/configuration.md."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class UnverifiedTokens(StrEnum):
    """What a token gets in an outage once its lease has run out."""

    SERVE_STALE = "serve-stale"
    REFUSE = "refuse"


class OneTimePasswords(StrEnum):
    """What becomes of an item that shows a one-time password."""

    NEVER = "never"  # it isn't stored
    RECOMPUTE = "recompute"


class SyncState(StrEnum):
    """What Connect's /health last said of its own data."""

    UNKNOWN = "unknown"
    SYNCED = "synced"
    UNSYNCED = "unsynced"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectRules:
    """Settings of the Connect profile. `token_names` maps a jti to a readable name.

    `restart_freshness_seconds` caps freshness for `write_fence_seconds` after process start, because writes before
    it are unknown; `readable_body_bytes` bounds a body, decoded, from which versions are read.
    """

    item_freshness_seconds: float = 60.0
    list_freshness_seconds: float = 30.0
    token_verification_seconds: float = 60.0
    change_check_interval_seconds: float = 60.0
    active_seconds: float = 120.0
    stale_if_error_seconds: float = 14_400.0
    write_fence_seconds: float = 30.0
    read_your_writes_hold_seconds: float = 0.0
    restart_freshness_seconds: float = 2.0
    refusal_pause_seconds: float = 0.1  # Connect 1.7 refuses vaults now and then by mistake (facts.md 4.5)
    answer_stale_after_seconds: float = 2.0
    trust_content_version: bool = False
    unverified_tokens: UnverifiedTokens = UnverifiedTokens.SERVE_STALE
    one_time_passwords: OneTimePasswords = OneTimePasswords.NEVER
    token_names: Mapping[str, str] = field(default_factory=dict)
    most_token_labels: int = 200
    most_tokens: int = 4096
    most_refused: int = 1024
    most_versions: int = 65_536
    most_fences: int = 4096
    most_listings: int = 4096
    most_watches: int = 4096
    most_subjects: int = 2048
    readable_body_bytes: int = 16 * 1024 * 1024

    @property
    def check_interval_seconds(self) -> float:
        """How often a vault in use is checked: as set, but always ahead of staleness; 0: never."""
        return min(
            self.change_check_interval_seconds, self.item_freshness_seconds, self.token_verification_seconds
        )
