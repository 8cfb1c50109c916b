"""Addresses as settings write them: `127.0.0.1:8180`, `[::1]:8180`, `http://connect:8080`.

Listeners are numeric, so that what is bound doesn't depend on a resolver. An upstream URL is an origin and nothing
more: clients and Connect's own `content_path` are rooted at `/`, and credentials have no place in a URL.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Self
from urllib.parse import SplitResult, urlsplit

_MOST_PORT_DIGITS = 5
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A numeric IP address and a port; port 0 takes a free one, `::` is IPv6 and IPv4."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine (in Kubernetes: this pod) reaches it."""
        return ip_address(self.host).is_loopback

    @property
    def is_wildcard(self) -> bool:
        """Tell whether it stands for all addresses of this machine."""
        return ip_address(self.host).is_unspecified

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `host:port` or `[host]:port`. Raises ValueError with words for an operator."""
        host, colon, port = text.strip().rpartition(":")
        is_number = port.isascii() and port.isdigit() and len(port) <= _MOST_PORT_DIGITS
        if not colon or not is_number or int(port) > 65535:
            raise ValueError("expected HOST:PORT, for example 127.0.0.1:8180 or [::1]:8180")
        if ":" in host and not (host.startswith("[") and host.endswith("]")):
            raise ValueError("an IPv6 address stands in brackets, for example [::1]:8180")
        bare = host.removeprefix("[").removesuffix("]")
        try:
            return cls(host=str(ip_address(bare)), port=int(port))
        except ValueError:
            raise ValueError(
                "the host must be a numeric address: 127.0.0.1 and [::1] for this machine, [::] for all"
            ) from None


def parse_origin(text: str) -> str:
    """Return scheme, host and port of an upstream URL, a default port left out.

    Raises ValueError; its text never repeats the URL.
    """
    if not text.isascii() or any(character <= " " for character in text):
        raise ValueError("must not contain spaces, control characters or anything beyond ASCII")
    parts = _split(text)
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError("must begin with http:// or https://, for example http://onepassword-connect:8080")
    if "@" in parts.netloc:
        raise ValueError("must not contain credentials; clients bring their own Connect tokens")
    if parts.path not in {"", "/"}:
        raise ValueError("must not have a path: Connect is served at the root")
    if "?" in text or "#" in text:
        raise ValueError("must not have a query or a fragment")
    host = parts.hostname
    if not host:
        raise ValueError("has no host")
    written = f"[{host}]" if ":" in host else host
    is_default = parts.port in {None, _DEFAULT_PORTS[parts.scheme]}
    return f"{parts.scheme}://{written}" if is_default else f"{parts.scheme}://{written}:{parts.port}"


def origin_host_and_port(origin: str) -> tuple[str, int]:
    """Return host and port of what `parse_origin` returned."""
    parts = urlsplit(origin)
    return parts.hostname or "", _port_of(parts)


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port, parts.hostname
    except ValueError:
        raise ValueError("is not a URL; expected for example http://onepassword-connect:8080") from None
    return parts


def _port_of(parts: SplitResult) -> int:
    return _DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
