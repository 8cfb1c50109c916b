"""What can be set about an emulated Connect server, with unit, default and reason.

The defaults suit tests: already synced, writes visible at once, ids and keys from one seed. A real server
differs (facts 4.2, 4.7): it syncs after the first valid token and shows a write only some time after
answering it.
"""

import ssl
from dataclasses import dataclass

KIBIBYTE = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorSettings:
    """Settings of one emulated server."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free port."""

    control_port: int | None = None
    """Port of the control API on 127.0.0.1; 0 takes a free one, None serves none."""

    ssl_context: ssl.SSLContext | None = None
    """Serve HTTPS with it; Connect itself speaks plain HTTP unless told otherwise."""

    seed: int | None = 0
    """Ids, generated values and the signing key follow from it. None: different in every run."""

    connect_version: str = "1.8.2"
    """Value of `1Password-Connect-Version`; appVersion of the official chart 2.4.1."""

    initially_synced: bool = True
    """False: as after a real start, nothing syncs before a request with a valid token."""

    initial_sync_seconds: float | None = 0.0
    """How long the first sync takes after that request. None: until `sync()` is called."""

    sync_timeout_seconds: float = 10.0
    """How long a /v1 request waits for the first sync before 408 (OP_SYNC_TIMEOUT)."""

    sync_delay_seconds: float | None = 0.0
    """How long after its answer a write becomes visible to reads. None: when `sync()` is called."""

    file_sync_delay_seconds: float | None = 0.0
    """How long the content of an added file answers 500. None: until `sync()` is called."""

    write_duration_seconds: float = 0.0
    """How long a write takes. Another write to the same vault meanwhile is a conflict."""

    max_inline_file_bytes: int = 100 * KIBIBYTE
    """Largest file answered with `inline_files=true` (OP_MAX_INLINE_FILE_SIZE_KB)."""

    max_field_bytes: int = 256 * KIBIBYTE
    """Largest request field; a token for 150 vaults takes 9 KB, aiohttp's default is 8190 bytes."""

    max_body_bytes: int = 16 * KIBIBYTE * KIBIBYTE
    """Largest request body."""

    max_recorded_requests: int = 20_000
    """The oldest records go first, so that a benchmark or a long demo does not fill the memory."""
