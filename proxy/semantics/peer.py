"""Who is at the other end of a client's connection, by the transport's own word: nothing a request says counts here.

An address is worth little (whoever shares it is the same peer), a user of this machine or a client certificate more.
"""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One client, as far as the transport knows it.

    `address` is numeric and empty on a unix socket, `uid` the kernel's word there, `certificate` the SHA-256 of the
    verified client certificate in hexadecimal digits.
    """

    address: str = ""
    uid: int | None = None
    certificate: str | None = None

    @property
    def is_loopback(self) -> bool:
        """Whether it is a process of this machine (in Kubernetes: of this pod), reached over TCP."""
        return bool(self.address) and ip_address(self.address).is_loopback

    @property
    def is_neighbour(self) -> bool:
        """Whether it is a process of this machine, over TCP or a unix socket: in Kubernetes, of this pod."""
        numeric = ip_address(self.address) if self.address else None
        mapped = getattr(numeric, "ipv4_mapped", None)  # 127.0.0.1, asking a dual-stack wildcard
        return self.uid is not None or self.is_loopback or (mapped is not None and mapped.is_loopback)

    @property
    def party(self) -> str:
        """What it shares a budget with: its certificate, its user, its address, in IPv6 its /64."""
        if self.certificate is not None:
            return f"certificate {self.certificate}"
        if self.uid is not None:
            return f"uid {self.uid}"
        return _network(self.address) if self.address else "unknown"


NOBODY = Peer()


@lru_cache(maxsize=1024)
def _network(address: str) -> str:
    numeric = ip_address(address)
    if not isinstance(numeric, IPv6Address):
        return str(numeric)
    if numeric.ipv4_mapped is not None:
        return str(numeric.ipv4_mapped)
    return str(IPv6Network((numeric.packed, 64), strict=False))
