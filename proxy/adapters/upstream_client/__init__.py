"""The origin server behind us, over HTTP/1.1: `proxy.exchange.ports.Upstream`.

aiohttp finds addresses, connects, does TLS and parses answers; everything that leaves is written here. Its
ClientSession is not used: it replays PUT and DELETE, rewrites targets, adds fields and decodes bodies
(design rule 12; tests/contract/test_aiohttp_client_habits.py).
"""

from proxy.adapters.upstream_client.authorities import forget_default_authorities
from proxy.adapters.upstream_client.client import UpstreamClient
from proxy.adapters.upstream_client.settings import UpstreamClientSettings

__all__ = ["UpstreamClient", "UpstreamClientSettings", "forget_default_authorities"]
