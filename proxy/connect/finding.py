"""What the Connect profile reads out of a complete answer, as a value."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy.caching.profile import Finding
from proxy.connect.bodies import Reading

if TYPE_CHECKING:
    from proxy.connect.recomputation import Recomputation


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectFinding(Finding):
    """What a complete answer shows; `reading` is None unless it is a 200 that could be understood."""

    reading: Reading | None = None
    variation: "Recomputation | None" = None
