"""The names of settings: `cache.store_bytes` in the file, CONNECT_SIDECAR__CACHE__STORE_BYTES around it.

Two underscores separate, so that a name with one stays readable, and so that what Kubernetes injects for a Service of
our name (CONNECT_SIDECAR_PORT=tcp://...) is never taken for a setting.
"""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from proxy.config.tree import Settings

ENVIRONMENT_PREFIX = "CONNECT_SIDECAR__"
_SEPARATOR = "__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One setting: where it stands and what it may be. The section of a key at the top is empty."""

    section: str
    name: str
    kind: Any

    @property
    def path(self) -> str:
        """How the file and all messages call it."""
        return f"{self.section}.{self.name}" if self.section else self.name

    @property
    def variable(self) -> str:
        """How the environment calls it."""
        return variable_of(self.path)


def variable_of(path: str) -> str:
    """Return how the environment calls a setting."""
    return ENVIRONMENT_PREFIX + path.replace(".", _SEPARATOR).upper()


def path_of(variable: str) -> str:
    """Return how the file calls what a variable names."""
    return variable.removeprefix(ENVIRONMENT_PREFIX).lower().replace(_SEPARATOR, ".")


def sections() -> dict[str, type[msgspec.Struct]]:
    """Return the sections by name."""
    return {field.name: field.type for field in msgspec.structs.fields(Settings) if _is_section(field.type)}


def keys() -> Iterator[Key]:
    """Yield every setting, in the order of the tree."""
    for field in msgspec.structs.fields(Settings):
        if not _is_section(field.type):
            yield Key(section="", name=field.name, kind=field.type)
    for section, struct in sections().items():
        for field in msgspec.structs.fields(struct):
            yield Key(section=section, name=field.name, kind=field.type)


def nearest(path: str) -> str | None:
    """Return the known name that an unknown one may have meant: the same elsewhere, else a similar one."""
    known = [key.path for key in keys()] + list(sections())
    name = path.rpartition(".")[2]
    elsewhere = [other for other in known if other.rpartition(".")[2] == name]
    near = elsewhere or difflib.get_close_matches(path, known, n=1, cutoff=0.7)
    return near[0] if near else None


def _is_section(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)
