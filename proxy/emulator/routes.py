"""The twelve operations of /v1 and the three beside it: which path and method mean what.

A table, matched segment by segment; one trailing slash is ignored, since the JavaScript SDK sends it (facts
5.6). HEAD is taken as GET: what Connect does with it is unknown, and Go's net/http leaves it to the
handler.
"""

from dataclasses import dataclass
from enum import StrEnum

from proxy.emulator.errors import method_not_allowed, unknown_route


class Operation(StrEnum):
    """Operations by the ids of the published spec."""

    ACTIVITY = "GetApiActivity"
    LIST_VAULTS = "GetVaults"
    GET_VAULT = "GetVaultById"
    LIST_ITEMS = "GetVaultItems"
    CREATE_ITEM = "CreateVaultItem"
    GET_ITEM = "GetVaultItemById"
    REPLACE_ITEM = "UpdateVaultItem"
    PATCH_ITEM = "PatchVaultItem"
    DELETE_ITEM = "DeleteVaultItem"
    LIST_FILES = "GetItemFiles"
    GET_FILE = "GetDetailsOfFileById"
    GET_FILE_CONTENT = "DownloadFileByID"
    HEARTBEAT = "GetHeartbeat"
    HEALTH = "GetServerHealth"
    METRICS = "GetPrometheusMetrics"


OPEN_OPERATIONS = frozenset({Operation.HEARTBEAT, Operation.HEALTH, Operation.METRICS})

_VAULT, _ITEM, _FILE = "{vault}", "{item}", "{file}"
_ITEM_PATH = ("v1", "vaults", _VAULT, "items", _ITEM)
_ROUTES: dict[tuple[str, ...], dict[str, Operation]] = {
    ("heartbeat",): {"GET": Operation.HEARTBEAT},
    ("health",): {"GET": Operation.HEALTH},
    ("metrics",): {"GET": Operation.METRICS},
    ("v1", "activity"): {"GET": Operation.ACTIVITY},
    ("v1", "vaults"): {"GET": Operation.LIST_VAULTS},
    ("v1", "vaults", _VAULT): {"GET": Operation.GET_VAULT},
    ("v1", "vaults", _VAULT, "items"): {"GET": Operation.LIST_ITEMS, "POST": Operation.CREATE_ITEM},
    _ITEM_PATH: {
        "GET": Operation.GET_ITEM,
        "PUT": Operation.REPLACE_ITEM,
        "PATCH": Operation.PATCH_ITEM,
        "DELETE": Operation.DELETE_ITEM,
    },
    (*_ITEM_PATH, "files"): {"GET": Operation.LIST_FILES},
    (*_ITEM_PATH, "files", _FILE): {"GET": Operation.GET_FILE},
    (*_ITEM_PATH, "files", _FILE, "content"): {"GET": Operation.GET_FILE_CONTENT},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An operation and the ids of its path, empty where the path has none."""

    operation: Operation
    vault_id: str = ""
    item_id: str = ""
    file_id: str = ""


def route(method: str, segments: tuple[str, ...]) -> Route:
    """Find the operation of a request. Raises ConnectError (404 or 405)."""
    for pattern, operations in _ROUTES.items():
        names = _matched(pattern, segments)
        if names is None:
            continue
        operation = operations.get("GET" if method == "HEAD" else method)
        if operation is None:
            raise method_not_allowed()
        return Route(
            operation=operation,
            vault_id=names.get(_VAULT, ""),
            item_id=names.get(_ITEM, ""),
            file_id=names.get(_FILE, ""),
        )
    raise unknown_route()


def allowed_methods(segments: tuple[str, ...]) -> tuple[str, ...]:
    """Return the methods that a path knows, for the Allow field of a 405."""
    for pattern, operations in _ROUTES.items():
        if _matched(pattern, segments) is not None:
            return ("HEAD", *operations) if "GET" in operations else tuple(operations)
    return ()


def _matched(pattern: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    if len(pattern) != len(segments):
        return None
    names: dict[str, str] = {}
    for expected, actual in zip(pattern, segments, strict=True):
        if expected.startswith("{"):
            names[expected] = actual
        elif expected != actual:
            return None
    return names
