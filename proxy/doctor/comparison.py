"""The same reads, directly and through a sidecar: status, fields, bodies. Bodies are compared and never said."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from proxy.doctor.asker import Asker, Reply
from proxy.doctor.ground import UNKNOWN_ID, VAULTS, Ground
from proxy.doctor.question import Finding, Verdict

_OURS = frozenset(
    {
        "age",
        "cache-status",
        "connection",
        "content-length",
        "date",
        "keep-alive",
        "ratelimit",
        "ratelimit-policy",
        "transfer-encoding",
        "via",
    }
)
"""What a proxy adds, or what is about one connection or one moment."""
_OURS_WHERE_THERE_IS_NONE = frozenset({"etag"})
"""Of what is stored, so that clients can validate it."""
_SAME = "the same, twice"
_MATTERS = "clients must not notice which of the two they ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    name: str
    target: str = field(repr=False)
    has_token: bool = True
    method: str = "GET"


async def compare(ground: Ground, proxied: Asker) -> Sequence[Finding]:
    """Read everything directly, then twice through the sidecar: what is fetched, and what is stored."""
    return [await _compared(ground.asker, proxied, read) for read in _reads(ground)]


def _reads(ground: Ground) -> list[_Read]:
    reads = [
        _Read(name="the list of vaults", target=VAULTS),
        _Read(name="the list of vaults with a slash", target=f"{VAULTS}/"),
        _Read(name="no token", target=VAULTS, has_token=False),
        _Read(name="/heartbeat", target="/heartbeat", has_token=False),
        _Read(name="/health", target="/health", has_token=False),
        _Read(name="a route that is none", target="/v1/connect-sidecar-doctor"),
        _Read(name="a vault that is not there", target=f"{VAULTS}/{UNKNOWN_ID}"),
    ]
    if ground.vault is not None:
        reads += [
            _Read(name="a vault", target=ground.vault.path),
            _Read(name="a list of items", target=ground.vault.items_path),
            _Read(name="an item that is not there", target=ground.vault.item_path(UNKNOWN_ID)),
        ]
        if ground.item is not None:
            item = ground.vault.item_path(ground.item.id)
            reads += [
                _Read(name="an item", target=item),
                _Read(name="an item's files", target=f"{item}/files"),
                _Read(name="HEAD of an item", target=item, method="HEAD"),
            ]
    return reads


async def _compared(direct: Asker, proxied: Asker, read: _Read) -> Finding:
    expected = await _ask(direct, read)
    differences: list[str] = []
    for turn in ("first", "then"):
        actual = await _ask(proxied, read)
        found = _differences(expected, actual)
        if found and expected.body != actual.body:
            again = await _ask(direct, read)  # a one-time password, or a change by somebody else
            found = _differences(again, actual)
            if found == ["another body"] and again.body != expected.body:
                found = []
        differences += [f"{turn} {each}" for each in found if f"first {each}" not in differences]
    return Finding(
        key=f"proxied {read.name}",
        question=read.name,
        answer="; ".join(differences) or _SAME,
        expected=_SAME,
        verdict=Verdict.DIFFERENT if differences else Verdict.SAME,
        matters=_MATTERS,
        follows="a setting of that sidecar ([routes], limits, required_field), or a fault of ours: please report it"
        if differences
        else "",
    )


async def _ask(asker: Asker, read: _Read) -> Reply:
    if read.has_token:
        return await asker.ask(read.target, read.method)
    return await asker.ask_as(None, read.target, read.method)


def _differences(expected: Reply, actual: Reply) -> list[str]:
    told = []
    if expected.outcome != actual.outcome:
        told.append(f"{actual.outcome} instead of {expected.outcome}")
    theirs, ours = _names(expected), _names(actual)
    told += [f"without {name}" for name in sorted(theirs - ours)]
    told += [f"with {name}" for name in sorted(ours - theirs - _OURS_WHERE_THERE_IS_NONE)]
    told += [
        f"another {name}"
        for name in sorted(theirs & ours)
        if expected.fields.getall(name) != actual.fields.getall(name)
    ]
    if expected.body != actual.body:
        told.append("another body")
    return told


def _names(reply: Reply) -> set[str]:
    names = {name.lower() for name in reply.fields}
    return {
        name if name.replace("-", "").isalnum() and len(name) < 60 else "(odd name)" for name in names - _OURS
    }
