"""What the operations of one server share: its settings, its time, its data and who may see them."""

from dataclasses import dataclass

from proxy.emulator.activity import ActivityLog
from proxy.emulator.clock import Clock
from proxy.emulator.identifiers import Identifiers
from proxy.emulator.replication import Replication
from proxy.emulator.settings import EmulatorSettings
from proxy.emulator.tokens import TokenAuthority


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of one emulated server."""

    settings: EmulatorSettings
    clock: Clock
    identifiers: Identifiers
    replication: Replication
    tokens: TokenAuthority
    activity: ActivityLog


def assemble(settings: EmulatorSettings, clock: Clock) -> Parts:
    """Make the parts of a fresh server."""
    identifiers = Identifiers(settings.seed)
    return Parts(
        settings=settings,
        clock=clock,
        identifiers=identifiers,
        replication=Replication(settings=settings, clock=clock),
        tokens=TokenAuthority(clock=clock, identifiers=identifiers),
        activity=ActivityLog(clock=clock, identifiers=identifiers),
    )
