"""The part of the composition root that makes the express lane, or says why there is none."""

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
from proxy.server.translate import OwnNames


def make_lane(
    settings: Settings,
    tickets: Tickets[Any, Any],
    tracing: Tracing,
    on_closed: Callable[[ExpressLaneClosed], None],
) -> ExpressLane | None:
    """Return the lane; None where settings don't want it, or where more than a head decides about an answer."""
    server = settings.server
    if not server.express_lane or settings.token_injection.token_file or server.required_field_file:
        return None
    if not tracing.leaves_out_unsampled:
        return None
    if not is_known_aiohttp():
        on_closed(ExpressLaneClosed.UNKNOWN_AIOHTTP)
        return None
    reader = HeadReader(connection_limits(server), OwnNames())
    return ExpressLane(
        tickets,
        changing=ChangingFields(server.express_lane_ignored_fields, only_unsampled=tracing.is_on),
        decide=reader.read,
        on_closed=on_closed,
    )
