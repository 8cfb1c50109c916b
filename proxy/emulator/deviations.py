"""Where the emulator departs from 1Password's published specification, on purpose, and on whose word.

The specification (1.7.1) is incomplete and in places wrong; a server that followed it to the letter would
not be Connect. tests/emulator judges by this list, and docs/emulator.md shows it.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from proxy.emulator.routes import Operation


class DeviationKind(StrEnum):
    """Ways to depart from a specification."""

    UNDOCUMENTED_STATUS = "undocumented status"
    REFUSES_VALID = "refuses what the spec allows"
    ACCEPTS_INVALID = "accepts what the spec forbids"
    BODY_SHAPE = "body the spec forbids"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One departure. `message` is a regular expression that the error body's message has to match."""

    kinds: tuple[DeviationKind, ...]
    operations: tuple[Operation, ...]
    statuses: tuple[int, ...]
    what: str
    source: str
    message: str = ""

    def covers(self, kind: DeviationKind, operation: str, status: int, message: str) -> bool:
        """Tell whether a finding is this deviation."""
        return (
            kind in self.kinds
            and operation in self.operations
            and status in self.statuses
            and re.search(self.message, message) is not None
        )


_STATUS = DeviationKind.UNDOCUMENTED_STATUS
_REFUSES = DeviationKind.REFUSES_VALID
_ACCEPTS = DeviationKind.ACCEPTS_INVALID
_WITH_BODY = (Operation.CREATE_ITEM, Operation.REPLACE_ITEM, Operation.PATCH_ITEM)
_IN_VAULT = tuple(
    operation
    for operation in Operation
    if operation.value.startswith(("GetVaultById", "GetVaultItem", "GetItem", "GetDetails", "Download"))
)
_FILES = (Operation.LIST_FILES, Operation.GET_FILE, Operation.GET_FILE_CONTENT)
_WRITES = (*_WITH_BODY, Operation.DELETE_ITEM)
_ALL_IN_VAULT = (*_IN_VAULT, *_WRITES)

DEVIATIONS = (
    Deviation(
        kinds=(_STATUS, _REFUSES),
        operations=_ALL_IN_VAULT,
        statuses=(400,),
        message="Invalid (Vault|Item) UUID",
        what="400 for an id that is none",
        source="external-secrets#1202",
    ),
    Deviation(
        kinds=(_ACCEPTS,),
        operations=_FILES,
        statuses=(200, 413),
        what="ids of vaults and items have 26 characters on every path; the file operations call them UUIDs",
        source="the spec's own examples; onepasswordconnectsdk",
    ),
    Deviation(
        kinds=(_STATUS, _REFUSES),
        operations=(Operation.LIST_VAULTS, Operation.LIST_ITEMS),
        statuses=(400,),
        message="Invalid filter|invalid URL escape",
        what="400 for a filter that does not parse; the spec allows any text",
        source="Connect CHANGELOG 1.5.2 (single quote); the rest is inferred",
    ),
    Deviation(
        kinds=(_STATUS, _REFUSES),
        operations=(Operation.ACTIVITY,),
        statuses=(400,),
        message="limit and offset",
        what="400 for a limit or offset that is no number",
        source="inferred",
    ),
    Deviation(
        kinds=(_STATUS,),
        operations=_IN_VAULT,
        statuses=(403,),
        what="403 for a vault out of scope on every operation; the spec leaves it out of the lists",
        source="connect#82, external-secrets#4205",
    ),
    Deviation(
        kinds=(_STATUS, _REFUSES),
        operations=_WITH_BODY,
        statuses=(400,),
        message="Invalid JSON body|Invalid patch",
        what="400 for no body, for a body that is not JSON and for a patch that cannot be applied; "
        "the spec neither requires the body nor lists 400 for PATCH",
        source="inferred",
    ),
    Deviation(
        kinds=(_STATUS, _REFUSES),
        operations=_WITH_BODY,
        statuses=(400,),
        message="Invalid item|Invalid field|Invalid generator|The item",
        what="400 from the item validator: a category that cannot be created (CUSTOM, DOCUMENT), a patch "
        "that leaves no valid item, a recipe without characters, a body for another vault or item than its path",
        source="developer pages; Connect CHANGELOG 1.7.0; external-secrets#4680; details inferred",
    ),
    Deviation(
        kinds=(_STATUS, _REFUSES),
        operations=_WITH_BODY,
        statuses=(400,),
        message="unsupported field type: ",
        what="the spec's field type TOTP is refused; the type of one-time passwords is OTP",
        source="1Password/connect PR 26 and PR 88",
    ),
    Deviation(
        kinds=(DeviationKind.BODY_SHAPE,),
        operations=(Operation.GET_ITEM, *_WITH_BODY),
        statuses=(200,),
        what="fields of type OTP (and those only the Go SDK names), which the spec does not list",
        source="1Password/connect PR 26; connect-sdk-go onepassword/items.go",
    ),
    Deviation(
        kinds=(_ACCEPTS,),
        operations=(Operation.LIST_FILES, Operation.GET_FILE),
        statuses=(200,),
        what="an inline_files that is not a truth value counts as false",
        source="inferred",
    ),
    Deviation(
        kinds=(_ACCEPTS,),
        operations=_WITH_BODY,
        statuses=(200,),
        what="null counts as absent, members that are read-only or unknown are ignored, a field without id "
        "or type gets one, words may be in lower or camel case",
        source="Connect CHANGELOG 1.5.4; the create example of the developer pages; Go's encoding/json",
    ),
    Deviation(
        kinds=(_STATUS,),
        operations=tuple(Operation),
        statuses=(408,),
        what="408 while the first sync takes longer than OP_SYNC_TIMEOUT",
        source="terraform-provider-onepassword PR 324",
    ),
    Deviation(
        kinds=(_STATUS,),
        operations=_WRITES,
        statuses=(409,),
        what="409 for a write to a vault that another write has locked",
        source="terraform-provider-onepassword#222, PR 295",
    ),
    Deviation(
        kinds=(_STATUS,),
        operations=(Operation.DELETE_ITEM,),
        statuses=(500,),
        message="Something went wrong",
        what="500 for the same conflict on DELETE",
        source="terraform-provider-onepassword PR 295",
    ),
    Deviation(
        kinds=(_STATUS,),
        operations=_FILES,
        statuses=(500,),
        message="Something went wrong",
        what="500 for file content that has not synced yet",
        source="onepassword-operator connect.go",
    ),
)


def is_known(kind: DeviationKind, operation: str, status: int, message: str) -> bool:
    """Tell whether a finding is on the list."""
    return any(deviation.covers(kind, operation, status, message) for deviation in DEVIATIONS)


def deviation_table() -> str:
    """Return the list as a Markdown table."""
    rows = [
        f"| {', '.join(map(str, deviation.statuses))} | {deviation.what} | {deviation.source} |"
        for deviation in DEVIATIONS
    ]
    return "\n".join(("| status | what differs | on whose word |", "|---|---|---|", *rows))
