"""Where the upstream is and how long we wait for it. Units stand in the names; reasons stand beside the values.

The authority that goes upstream comes from here and nowhere else (design rule 8).
"""

import re
from dataclasses import dataclass
from pathlib import Path

from yarl import URL

_AUTHORITY = re.compile(r"[A-Za-z0-9._\-\[\]:]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamClientSettings:
    """Raises ValueError if `url` is anything but http(s)://host[:port]; it never quotes it: it may hold
    credentials.
    """

    url: str
    connect_to: str | None = None
    """Numeric address that is connected to in place of the host, which still names it in Host and TLS."""
    ca_file: Path | None = None
    """PEM file that replaces the system's authorities for https."""
    connect_seconds: float = 1.0
    """Look-up, TCP and TLS together: Connect is near."""
    head_seconds: float = 12.0
    """From the request's last octet to the answer's head. Connect itself waits 10 s for its sync."""
    body_idle_seconds: float = 15.0
    """Longest silence inside an answer's body, and longest wait for the upstream to take more of a request's."""
    connection_wait_seconds: float = 5.0
    """Longest wait for a free connection."""
    keep_alive_seconds: float = 15.0
    """How long an idle connection is kept for safe requests."""
    unsafe_idle_seconds: float = 1.0
    """Idle longer than this, a connection carries no unsafe request: the upstream may be closing it."""
    max_connections: int = 100
    """Open connections, idle ones included."""
    max_reason_bytes: int = 8_190
    max_field_bytes: int = 128 * 1024
    """One response field: 64 KiB pass, with room for its name."""
    max_fields: int = 512
    read_buffer_bytes: int = 64 * 1024
    """Reading pauses when twice this waits for its reader."""

    def __post_init__(self) -> None:
        self.origin()

    def origin(self) -> URL:
        """Return the base URL with nothing left but scheme, host and port."""
        try:
            url = URL(self.url)
            authority = url.host_port_subcomponent
        except (ValueError, IndexError):  # yarl stumbles over an authority of separators alone
            raise ValueError("upstream URL: not a URL") from None
        if url.scheme not in {"http", "https"}:
            raise ValueError("upstream URL: must begin with http:// or https://")
        if not authority or not _AUTHORITY.fullmatch(authority) or not url.port:
            raise ValueError("upstream URL: needs a host, and a port from 1 to 65535 if it names one")
        if url.user is not None or url.password is not None:
            raise ValueError("upstream URL: must not hold credentials")
        if url.raw_path not in {"", "/"} or url.raw_query_string or url.raw_fragment:
            raise ValueError("upstream URL: must not have a path, query or fragment: targets pass unchanged")
        return url.origin()

    def authority(self) -> bytes:
        """Return the value of Host."""
        return (self.origin().host_port_subcomponent or "").encode("ascii")
