"""The authorities that aiohttp trusts by default: importing it reads all of the system's, twice, which takes 3 MiB.

Nothing here uses them: an https upstream is verified by a context of ours (`pool.tls_context`).
"""

import ssl

from aiohttp import connector

DEFAULT_CONTEXTS = ("_SSL_CONTEXT_VERIFIED", "_SSL_CONTEXT_UNVERIFIED")


def forget_default_authorities() -> None:
    """Have aiohttp's default contexts trust nobody, in all of this process, and what they hold be freed.

    Whoever relied on one of them would be refused every connection, never let through unverified.
    """
    nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for name in DEFAULT_CONTEXTS:
        if isinstance(getattr(connector, name, None), ssl.SSLContext):
            setattr(connector, name, nobody)
