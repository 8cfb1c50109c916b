"""A resolver that always answers with one address: which of a name's servers is asked is decided elsewhere.

The name stays what it is for everything but the connection: Host, and what TLS verifies.
"""

import socket
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult


class OneAddress(AbstractResolver):
    """Looks nothing up. Raises ValueError for what is no numeric address."""

    def __init__(self, address: str) -> None:
        self._address = address
        is_ipv6 = ip_address(address).version == 6
        self._family = socket.AF_INET6 if is_ipv6 else socket.AF_INET

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the address, whatever the name and the family asked for."""
        return [
            ResolveResult(
                hostname=host,
                host=self._address,
                port=port,
                family=self._family,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
        ]

    async def close(self) -> None:
        """Close nothing."""
