"""Request targets and what they name: one table from which everything about a resource follows.

The API is the published one (facts.md section 1). Recognition is strict where a mistake would matter: whatever
another server could read differently (escapes, `//`, dot segments, upper case) is `other`, which is never cached
and, if written to, outdates everything. The target itself is never changed.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, lru_cache
from sys import intern
from urllib.parse import unquote_to_bytes

from proxy.caching.key import Tag


class ResourceKind(StrEnum):
    """What a target names; also the metric label."""

    VAULTS = "vaults"
    VAULT = "vault"
    ITEMS = "items"
    ITEM = "item"
    FILES = "files"
    FILE = "file"
    FILE_CONTENT = "file_content"
    ACTIVITY = "activity"
    HEARTBEAT = "heartbeat"
    HEALTH = "health"
    METRICS = "metrics"
    OTHER = "other"


class Freshness(StrEnum):
    """Which of the configured lifetimes applies."""

    ITEM = "item"
    LIST = "list"


class Shape(StrEnum):
    """What a 200 body must be, to be understood."""

    ITEM = "item"
    ITEM_LIST = "item_list"
    VAULT = "vault"
    VAULT_LIST = "vault_list"
    FILE = "file"
    FILE_LIST = "file_list"
    OPAQUE = "opaque"


class Mark(StrEnum):
    """First word of a tag or scope."""

    PARTITION = "partition"  # one token
    GRANT = "grant"  # one token in one vault
    VAULT = "vault"  # everything inside a vault
    VAULT_OBJECT = "vault-object"
    VIEWS = "views"  # what shows a vault's contents: its item lists and its object
    ITEMS = "items"  # item lists of a vault
    ITEM = "item"  # an item and its files
    VAULTS = "vaults"  # vault lists


def tag(mark: Mark, *, partition: bytes = b"", vault: str = "", item: str = "") -> Tag:
    """Return the tag or scope of that kind; names which the kind doesn't carry are ignored.

    Those asked for lately are shared: of a stored response's overhead they were a quarter.
    """
    match mark:
        case Mark.PARTITION:
            return _shared((mark.value, partition))
        case Mark.GRANT:
            return _shared((mark.value, partition, vault))
        case Mark.ITEM:
            return _shared((mark.value, vault, item))
        case Mark.VAULTS:
            return _shared((mark.value,))
        case _:
            return _shared((mark.value, vault))


@lru_cache(maxsize=1024)
def _shared(made: Tag) -> Tag:
    return made


@lru_cache(maxsize=1024)
def _pair(word: str, identifier: str) -> tuple[str, str]:
    return word, identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRule:
    """What a known unsafe method outdates: scopes to raise, tags whose stored responses go."""

    methods: frozenset[str]
    raises: tuple[Mark, ...]
    removes: tuple[Mark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One row of the table. `freshness` None means: never stored."""

    path: tuple[str, ...]
    shape: Shape = Shape.OPAQUE
    freshness: Freshness | None = None
    scopes: tuple[Mark, ...] = ()
    tags: tuple[Mark, ...] = ()
    write: WriteRule | None = None

    @property
    def template(self) -> str:
        """The path with words for ids; empty for what the table doesn't know."""
        return _template(self.path)

    @property
    def takes_filter(self) -> bool:
        """Whether a query may select what the answer shows."""
        return self.shape in {Shape.ITEM_LIST, Shape.VAULT_LIST}


@cache
def _template(path: tuple[str, ...]) -> str:
    return "/" + "/".join(path) if path else ""


_VAULT, _ITEM, _FILE = "{vault}", "{item}", "{file}"
_VAULT_PATH = ("v1", "vaults", _VAULT)
_ITEM_PATH = (*_VAULT_PATH, "items", _ITEM)

_IN_VAULT = (Mark.PARTITION, Mark.GRANT, Mark.VAULT)
_VIEW_SCOPES = (*_IN_VAULT, Mark.VIEWS)
_ITEM_SCOPES = (*_IN_VAULT, Mark.ITEM)
_ITEM_TAGS = (Mark.PARTITION, Mark.VAULT, Mark.ITEM)
_VIEWS_OF_VAULT = (Mark.ITEMS, Mark.VAULT_OBJECT, Mark.VAULTS)
_WRITE_SCOPES = (Mark.VAULT, Mark.VAULTS)

_CREATE = WriteRule(methods=frozenset({"POST"}), raises=_WRITE_SCOPES, removes=_VIEWS_OF_VAULT)
_CHANGE = WriteRule(
    methods=frozenset({"PUT", "PATCH", "DELETE"}), raises=_WRITE_SCOPES, removes=(Mark.ITEM, *_VIEWS_OF_VAULT)
)


def _of_item(path: tuple[str, ...], shape: Shape, write: WriteRule | None = None) -> Route:
    return Route(
        path=path, shape=shape, freshness=Freshness.ITEM, scopes=_ITEM_SCOPES, tags=_ITEM_TAGS, write=write
    )


ROUTES: dict[ResourceKind, Route] = {
    ResourceKind.VAULTS: Route(
        path=("v1", "vaults"),
        shape=Shape.VAULT_LIST,
        freshness=Freshness.LIST,
        scopes=(Mark.PARTITION, Mark.VAULTS),
        tags=(Mark.PARTITION, Mark.VAULTS),
    ),
    ResourceKind.VAULT: Route(
        path=_VAULT_PATH,
        shape=Shape.VAULT,
        freshness=Freshness.LIST,
        scopes=_VIEW_SCOPES,
        tags=(Mark.PARTITION, Mark.VAULT, Mark.VAULT_OBJECT),
    ),
    ResourceKind.ITEMS: Route(
        path=(*_VAULT_PATH, "items"),
        shape=Shape.ITEM_LIST,
        freshness=Freshness.LIST,
        scopes=_VIEW_SCOPES,
        tags=(Mark.PARTITION, Mark.VAULT, Mark.ITEMS),
        write=_CREATE,
    ),
    ResourceKind.ITEM: _of_item(_ITEM_PATH, Shape.ITEM, _CHANGE),
    ResourceKind.FILES: _of_item((*_ITEM_PATH, "files"), Shape.FILE_LIST),
    ResourceKind.FILE: _of_item((*_ITEM_PATH, "files", _FILE), Shape.FILE),
    ResourceKind.FILE_CONTENT: _of_item((*_ITEM_PATH, "files", _FILE, "content"), Shape.OPAQUE),
    ResourceKind.ACTIVITY: Route(path=("v1", "activity"), scopes=(Mark.PARTITION,)),
    ResourceKind.HEARTBEAT: Route(path=("heartbeat",)),
    ResourceKind.HEALTH: Route(path=("health",)),
    ResourceKind.METRICS: Route(path=("metrics",)),
    ResourceKind.OTHER: Route(path=(), scopes=(Mark.PARTITION,)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What a target names. Names that its kind doesn't have are empty.

    `filtered` means that a query may hide something. `is_api` tells targets below /v1, where a token counts;
    `concerns_vaults` those that any server could take for something in a vault.
    """

    kind: ResourceKind
    vault: str = ""
    item: str = ""
    file: str = ""
    filtered: bool = False
    is_api: bool = False
    concerns_vaults: bool = False

    @property
    def route(self) -> Route:
        """Its row of the table."""
        return ROUTES[self.kind]

    @property
    def is_cacheable(self) -> bool:
        """Whether answers to GET may be stored."""
        route = self.route
        return route.freshness is not None and (route.takes_filter or not self.filtered)

    @property
    def about(self) -> tuple[tuple[str, str], ...]:
        """The ids it names, each with its word, for lines and the audit."""
        named = (_pair("vault", self.vault), ("item", self.item), ("file", self.file))
        return tuple(pair for pair in named if pair[1])

    def sharing(self, tags: tuple[Tag, ...]) -> "Resource":
        """Return an equal one whose ids are the same objects as in tags of the same."""
        for mark, *ids in tags:
            if mark == Mark.ITEM and ids == [self.vault, self.item]:
                return replace(self, item=str(ids[1]))
        return self

    def tags(self, marks: tuple[Mark, ...], partition: bytes) -> tuple[Tag, ...]:
        """Return the tags of these kinds for this resource."""
        return tuple(tag(mark, partition=partition, vault=self.vault, item=self.item) for mark in marks)


_ID = re.compile(r"[a-z0-9]{26}")
_FILE_SEGMENT = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+")
_UNSAFE_ESCAPE = re.compile(
    r"%(?:[01][0-9A-F]|2[DEF5]|3[0-9]|4[1-9A-F]|5[0-9ACF]|6[1-9A-F]|7[0-9AEF])", re.IGNORECASE
)
_INLINE_PARAMETERS = frozenset({"inline_files", "inline_content"})
_KINDS_BY_LENGTH: dict[int, list[tuple[tuple[str, ...], ResourceKind]]] = {}
for _kind, _route in ROUTES.items():
    if _route.path:
        _KINDS_BY_LENGTH.setdefault(len(_route.path), []).append((_route.path, _kind))


def recognise(target: str) -> Resource:
    """Tell what a target in origin-form names. Never raises."""
    path, _, query = target.partition("?")
    is_api = path == "/v1" or path.startswith("/v1/")
    concerns_vaults = _names_vaults(path)
    if "#" in target or not path.startswith("/"):
        return Resource(kind=ResourceKind.OTHER, is_api=is_api, concerns_vaults=concerns_vaults)
    segments = tuple(path[1:].removesuffix("/").split("/"))
    for pattern, kind in _KINDS_BY_LENGTH.get(len(segments), ()):
        names = _matched(pattern, segments)
        if names is not None:
            return Resource(
                kind=kind,
                vault=intern(names.get(_VAULT, "")),
                item=names.get(_ITEM, ""),
                file=names.get(_FILE, ""),
                filtered=_is_filtered(query),
                is_api=is_api,
                concerns_vaults=concerns_vaults,
            )
    return Resource(kind=ResourceKind.OTHER, is_api=is_api, concerns_vaults=concerns_vaults)


def _names_vaults(path: str) -> bool:
    if "%" not in path:
        return "vaults" in path.lower()
    return b"vaults" in unquote_to_bytes(path.encode("utf-8", "surrogatepass")).lower()


def _matched(pattern: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    names: dict[str, str] = {}
    for expected, actual in zip(pattern, segments, strict=True):
        if expected == _FILE:
            fits = _is_file_name(actual)
        elif expected in {_VAULT, _ITEM}:
            fits = _ID.fullmatch(actual) is not None
        else:
            fits = expected == actual
        if not fits:
            return None
        names[expected] = actual
    return names


def _is_file_name(segment: str) -> bool:
    # File ids are unconstrained; what has a second spelling (escaped unreserved characters, `/`, `%`) is refused.
    if segment in {".", ".."} or _FILE_SEGMENT.fullmatch(segment) is None:
        return False
    return _UNSAFE_ESCAPE.search(segment) is None


def _is_filtered(query: str) -> bool:
    if ";" in query:  # servers disagree on whether it separates
        return True
    return any(part.partition("=")[0] not in _INLINE_PARAMETERS for part in query.split("&") if part)
