"""What the Connect profile reads out of a complete answer, as a value."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy.caching.pieces import Pieces
from proxy.caching.profile import Finding
from proxy.caching.reasons import NotStoredReason
from proxy.connect import bodies
from proxy.connect.bodies import Reading
from proxy.connect.resources import Resource, ResourceKind
from proxy.semantics.message import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from proxy.connect.recomputation import Recomputation


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectFinding(Finding):
    """What a complete answer shows; `reading` is None unless it is a 200 that could be understood."""

    reading: Reading | None = None
    variation: "Recomputation | None" = None


def examine(
    names: Resource,
    response: Response,
    *,
    decoded_bytes: int,
    variation_of: "Callable[[Response], Recomputation | None]",
) -> Pieces[ConnectFinding]:
    """Read a complete 200 about what `names` says; its body is read as far as it decodes to `decoded_bytes`."""
    reading = yield from bodies.read(names, response, decoded_bytes=decoded_bytes)
    if reading is None:
        return ConnectFinding(refusal=NotStoredReason.UNREADABLE)
    variation, refusal = None, None
    if reading.is_time_dependent:
        variation = variation_of(response)
        refusal = NotStoredReason.ONE_TIME_PASSWORD if variation is None else None
    elif names.filtered and names.route.takes_filter and not reading.listed:
        refusal = NotStoredReason.EMPTY_LIST
    # An unfiltered list needs no evidence: it is fetched itself when the vault is looked at.
    keeps = names.kind is ResourceKind.ITEM or names.filtered
    evidence = tuple(reading.summaries.items()) if keeps else ()
    if len(evidence) != len(reading.listed or ()):
        evidence = ()
    return ConnectFinding(
        refusal=refusal,
        version=reading.version,
        evidence=evidence,
        variation=variation,
        reading=reading,
    )
