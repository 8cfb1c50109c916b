"""All addresses of a name, by the system's resolver, off the loop and with a deadline.

For names that stand for several servers (a headless Service); whoever asks decides what an address is for.
"""

import asyncio
import socket

from proxy.errors import ErrorKind, UpstreamError


async def addresses_of(host: str, port: int, *, timeout_seconds: float = 1.0) -> tuple[str, ...]:
    """Return the numeric addresses in the resolver's order, each once. Raises UpstreamError."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_seconds):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError as error:
        raise UpstreamError(ErrorKind.DNS_TIMEOUT, sent=False) from error
    except (OSError, UnicodeError) as error:
        is_temporary = isinstance(error, OSError) and error.errno == socket.EAI_AGAIN
        kind = ErrorKind.DNS_TIMEOUT if is_temporary else ErrorKind.DNS_ERROR
        raise UpstreamError(kind, sent=False) from error
    return tuple(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))
