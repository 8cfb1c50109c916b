"""An embedded 1Password Connect server, for the tests and the demo.

It behaves as shared/connect/facts.md says Connect does, in memory and reproducibly, and can be told to
misbehave. It imports nothing else of `proxy`; only __main__ and the tests import it. See docs/emulator.md.
"""

from proxy.emulator.clock import Clock, ManualClock, SystemClock
from proxy.emulator.effects import (
    ChangedFields,
    Close,
    CloseReused,
    EntityTags,
    FirstRequestUnauthorized,
    Garbage,
    HoldPoint,
    LaggingReplica,
    LoseAnswer,
    Refuse,
    Reset,
    Restart,
    SlowBody,
    SlowHead,
    SpuriousForbidden,
    Status,
    TruncatedBody,
)
from proxy.emulator.emulator import Emulator, serve_emulator
from proxy.emulator.faults import FOREVER
from proxy.emulator.file_content import GeneratedContent
from proxy.emulator.holds import Hold
from proxy.emulator.item_input import Category
from proxy.emulator.model import ItemState, VaultType
from proxy.emulator.recorder import RecordedRequest
from proxy.emulator.sample_data import SampleData
from proxy.emulator.settings import EmulatorSettings
from proxy.emulator.tokens import READ, READ_WRITE, WRITE_ONLY, Access

__all__ = [
    "FOREVER",
    "READ",
    "READ_WRITE",
    "WRITE_ONLY",
    "Access",
    "Category",
    "ChangedFields",
    "Clock",
    "Close",
    "CloseReused",
    "Emulator",
    "EmulatorSettings",
    "EntityTags",
    "FirstRequestUnauthorized",
    "Garbage",
    "GeneratedContent",
    "Hold",
    "HoldPoint",
    "ItemState",
    "LaggingReplica",
    "LoseAnswer",
    "ManualClock",
    "RecordedRequest",
    "Refuse",
    "Reset",
    "Restart",
    "SampleData",
    "SlowBody",
    "SlowHead",
    "SpuriousForbidden",
    "Status",
    "SystemClock",
    "TruncatedBody",
    "VaultType",
    "serve_emulator",
]
