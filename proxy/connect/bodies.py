"""What a 200 body shows: versions, the ids that a list names, whether it depends on the time of day.

Only these keys are read; unknown and absent ones are tolerated (examples.md). What contradicts the target, or can't
be decoded within a bound, is unreadable: it is passed on, never stored, and proves nothing. Nothing here raises.
A vault's list may be of thousands, so it is read in pieces.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal, assert_never

import msgspec
from msgspec import UNSET, Meta, UnsetType

from proxy.caching.pieces import Pieces
from proxy.connect.one_time_passwords import ONE_TIME_PASSWORD_TYPES, shows_code
from proxy.connect.resources import Resource, Shape
from proxy.connect.unshown import Unshown
from proxy.connect.versions import VersionKey, attribute_version, content_version
from proxy.semantics.message import Response

_PIECE = 32
"""So many items of a list are read in one go: a quarter of a millisecond."""

_ReadAtOnce = Literal[Shape.ITEM, Shape.VAULT, Shape.VAULT_LIST, Shape.FILE, Shape.FILE_LIST]
_DIGEST = 2**64 - 1
_Id = Annotated[str, Meta(pattern=r"\A[a-z0-9]{26}\Z")]
_Version = Annotated[int, Meta(ge=0, le=2**63 - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a body shows. `version` is an item's own; `listed` are the ids that a list names, in full.

    `summaries` tell of items all by which a change would show: version, updatedAt and state together. `fingerprint` is
    a digest of them, `labels` one of all by which searches choose: for two lists it is the same only if any search
    finds the same in both. Sums of keyed hashes: in any order, and no object of thousands for each.
    """

    version: int | None = None
    summaries: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    fingerprint: int = 0
    labels: int = 0
    versions: tuple[tuple[VersionKey, int], ...] = ()
    listed: frozenset[str] | None = None
    is_time_dependent: bool = False


class _Reference(Unshown):
    id: str | None = None


class _Field(Unshown):
    type: str | None = None
    totp: msgspec.Raw | UnsetType = UNSET


class _Item(Unshown):
    id: _Id
    version: _Version | None = None
    updated: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw, name="updatedAt")
    state: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    title: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    tags: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    category: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    vault: _Reference | None = None
    fields: list[_Field] | None = None


class _Vault(Unshown):
    id: _Id
    content: _Version | None = msgspec.field(default=None, name="contentVersion")
    attribute: _Version | None = msgspec.field(default=None, name="attributeVersion")


class _File(Unshown):
    id: str


_item = msgspec.json.Decoder(_Item)
_elements = msgspec.json.Decoder(list[msgspec.Raw])
_vault = msgspec.json.Decoder(_Vault)
_vaults = msgspec.json.Decoder(list[_Vault])
_file = msgspec.json.Decoder(_File)
_files = msgspec.json.Decoder(list[_File])


def read(resource: Resource, response: Response, *, decoded_bytes: int) -> Pieces[Reading | None]:
    """Read a complete 200 to GET; None if it can't be understood. `decoded_bytes` bounds the decoded body."""
    shape = resource.route.shape
    if shape is Shape.OPAQUE:
        return Reading()
    try:
        body = _decoded(response, decoded_bytes)
        if body is None:
            return None
        if shape is Shape.ITEM_LIST:
            return (yield from _read_items(resource, body))
        return _parse(shape, resource, body)
    except (msgspec.MsgspecError, ValueError, RecursionError, zlib.error):
        return None


def _parse(shape: _ReadAtOnce, resource: Resource, body: bytes) -> Reading | None:
    match shape:
        case Shape.ITEM:
            return _read_item(resource, _item.decode(body), body)
        case Shape.VAULT:
            vault = _vault.decode(body)
            return Reading(versions=_vault_versions([vault])) if vault.id == resource.vault else None
        case Shape.VAULT_LIST:
            vaults = _vaults.decode(body)
            return Reading(versions=_vault_versions(vaults), listed=frozenset(vault.id for vault in vaults))
        case Shape.FILE:
            _file.decode(body)
            return Reading()
        case Shape.FILE_LIST:
            return Reading(listed=frozenset(file.id for file in _files.decode(body)))
        case _:
            assert_never(shape)


def _read_item(resource: Resource, item: _Item, body: bytes) -> Reading | None:
    # The answer to a create names an item that its target doesn't.
    if (resource.item and item.id != resource.item) or not _is_in(resource.vault, item):
        return None
    if resource.item:
        item.id = resource.item  # the same text, shared with the tags
    versions = () if item.version is None else (((resource.vault, item.id), item.version),)
    return Reading(
        version=item.version,
        versions=versions,
        summaries={} if item.version is None else {item.id: _summary(item.version, item)},
        listed=frozenset((item.id,)),
        is_time_dependent=_depends_on_time(item) or shows_code(body),
    )


def _read_items(resource: Resource, body: bytes) -> Pieces[Reading | None]:
    versions: list[tuple[VersionKey, int]] = []
    summaries: dict[str, bytes] = {}
    fingerprint = labels = 0
    listed: set[str] = set()
    is_time_dependent = shows_code(body)
    for number, element in enumerate(_elements.decode(body), 1):
        item = _item.decode(element)
        if not _is_in(resource.vault, item):
            return None
        if item.version is not None:
            versions.append(((resource.vault, item.id), item.version))
            summaries[item.id] = summary = _summary(item.version, item)
            fingerprint = (fingerprint + hash((item.id, summary))) & _DIGEST
        labels = (labels + hash(_labels(item))) & _DIGEST
        listed.add(item.id)
        is_time_dependent = is_time_dependent or _depends_on_time(item)
        if not number % _PIECE:
            yield
    return Reading(
        versions=tuple(versions),
        summaries=summaries,
        fingerprint=fingerprint,
        labels=labels,
        listed=frozenset(listed),
        is_time_dependent=is_time_dependent,
    )


def read_written(resource: Resource, response: Response, *, decoded_bytes: int) -> tuple[str, int] | None:
    """Read id and version out of the answer to a write; None if it doesn't show both."""
    try:
        body = _decoded(response, decoded_bytes)
        item = None if body is None else _item.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError, zlib.error):
        return None
    if item is None or item.version is None:
        return None
    if (resource.item and item.id != resource.item) or not _is_in(resource.vault, item):
        return None
    return item.id, item.version


def _summary(version: int, item: _Item) -> bytes:
    return b"%d %b %b" % (version, bytes(item.updated), bytes(item.state))


def _labels(item: _Item) -> tuple[str, bytes, bytes, bytes, bytes]:
    return item.id, bytes(item.title), bytes(item.tags), bytes(item.category), bytes(item.state)


def _is_in(vault: str, item: _Item) -> bool:
    named = item.vault.id if item.vault is not None else None
    return named is None or named == vault


def _depends_on_time(item: _Item) -> bool:
    return any(
        field.totp is not UNSET or field.type in ONE_TIME_PASSWORD_TYPES for field in item.fields or ()
    )


def _vault_versions(vaults: list[_Vault]) -> tuple[tuple[VersionKey, int], ...]:
    known = [(content_version(vault.id), vault.content) for vault in vaults]
    known += [(attribute_version(vault.id), vault.attribute) for vault in vaults]
    return tuple((key, version) for key, version in known if version is not None)


def _decoded(response: Response, limit_bytes: int) -> bytes | None:
    codings = ",".join(response.fields.getall("Content-Encoding", ())).strip().lower()
    match codings:
        case "" | "identity":
            return response.body if len(response.body) <= limit_bytes else None
        case "gzip" | "x-gzip":
            return _inflated(response.body, 16 + zlib.MAX_WBITS, limit_bytes)
        case "deflate":
            # Some servers send the bare stream that RFC 9110 section 8.4.1.2 warns of.
            is_wrapped = len(response.body) > 1 and int.from_bytes(response.body[:2], "big") % 31 == 0
            bits = zlib.MAX_WBITS if is_wrapped else -zlib.MAX_WBITS
            return _inflated(response.body, bits, limit_bytes)
        case _:
            return None


def _inflated(body: bytes, window_bits: int, limit_bytes: int) -> bytes | None:
    inflater = zlib.decompressobj(window_bits)
    decoded = inflater.decompress(body, limit_bytes + 1)
    is_whole = inflater.eof and not inflater.unused_data and len(decoded) <= limit_bytes
    return decoded if is_whole else None
