"""The part of the composition root that makes what answers repeated hits: known hits, and the express lane to them."""

from collections.abc import Callable
from typing import Any

from proxy.config import Settings
from proxy.exchange.events import ExpressLaneClosed
from proxy.exchange.spans import Tracing
from proxy.exchange.tickets import Tickets
from proxy.fronts import connection_limits
from proxy.server.express import ExpressLane
from proxy.server.express_connection import is_known_aiohttp
from proxy.server.express_heads import ChangingFields
from proxy.server.express_reading import HeadReader
from proxy.server.known_hits import KnownHits
from proxy.server.translate import OwnNames

OnClosed = Callable[[ExpressLaneClosed], None]


def make_hits(
    settings: Settings, tickets: Tickets[Any, Any], tracing: Tracing, on_closed: OnClosed
) -> KnownHits | None:
    """Return what answers repeats; None where settings don't want it, or where no trace is left out."""
    if not (settings.server.known_hits and tracing.leaves_out_unsampled):
        return None
    return KnownHits(tickets, keeps_traces=tracing.is_on, on_closed=on_closed)


def make_lane(
    settings: Settings, hits: KnownHits | None, tracing: Tracing, on_closed: OnClosed
) -> ExpressLane | None:
    """Return the lane to what is known; None where settings don't want it, or more than a head decides about it."""
    server = settings.server
    if hits is None or not server.express_lane:
        return None
    if settings.token_injection.token_file or server.required_field_file:
        return None
    if not is_known_aiohttp():
        on_closed(ExpressLaneClosed.UNKNOWN_AIOHTTP)
        return None
    reader = HeadReader(connection_limits(server), OwnNames())
    return ExpressLane(
        hits,
        changing=ChangingFields(server.express_lane_ignored_fields, only_unsampled=tracing.is_on),
        decide=reader.read,
    )
