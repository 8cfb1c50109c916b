"""Where settings come from: a TOML file, over it the environment, under both the defaults.

Everything that is wrong is collected and raised together, each line with the name under which the operator
set it. An unknown name is an error: a setting that silently does nothing is worse than one that is refused.
"""

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from proxy.config.checks import normalised, problems_of
from proxy.config.errors import ConfigError
from proxy.config.keys import ENVIRONMENT_PREFIX, Key, keys, nearest, path_of, sections, variable_of
from proxy.config.tree import AutomaticPath, ControlSettings, Settings, UnknownKeys
from proxy.config.values import convert, from_environment, table_of

UPSTREAM_VARIABLE = "OP_CONNECT_HOST"
_UPSTREAM_URL = "upstream.url"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """A value somebody set, and the name to call it by when it is wrong."""

    read: Callable[[Key], object]
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Settings, and a line for each name that is none (where that is no error)."""

    settings: Settings
    ignored: tuple[str, ...]


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the settings. Raises ConfigError with everything that is wrong."""
    return load_all(path, environ).settings


def load_all(path: Path | None, environ: Mapping[str, str]) -> Loaded:
    """Read the settings, and what is none. Raises ConfigError with everything that is wrong."""
    found = _Found()
    given = _given(path, environ, found)
    settings = _build(given, environ, found)
    found.settle(settings)
    found.problems += problems_of(settings, {path: one.name for path, one in given.items()})
    if found.problems:
        raise ConfigError(found.problems)
    return Loaded(settings=normalised(settings), ignored=tuple(found.unknown))


def load_control(path: Path | None, environ: Mapping[str, str]) -> ControlSettings:
    """Read how to reach a running sidecar. Raises ConfigError.

    For commands typed where OP_CONNECT_HOST is an application's, and names the sidecar itself: what takes several
    settings to judge is not judged.
    """
    found = _Found()
    settings = _build(_given(path, environ, found), environ, found)
    found.settle(settings)
    if found.problems:
        raise ConfigError(found.problems)
    return settings.control


@dataclass(slots=True)
class _Found:
    """What is wrong, and the names that are no settings."""

    problems: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def settle(self, settings: Settings) -> None:
        """Count unknown names as problems, unless the settings say otherwise."""
        if settings.unknown_keys is UnknownKeys.ERROR:
            self.problems += self.unknown
            self.unknown = []


def _given(path: Path | None, environ: Mapping[str, str], found: _Found) -> dict[str, _Given]:
    given = _from_file(path, found) if path is not None else {}
    given |= _from_environ(environ, found)
    if _UPSTREAM_URL not in given and (host := environ.get(UPSTREAM_VARIABLE)):
        given[_UPSTREAM_URL] = _Given(read=_constant(host), name=f"{_UPSTREAM_URL} ({UPSTREAM_VARIABLE})")
    return given


def _from_file(path: Path, found: _Found) -> dict[str, _Given]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([f"{path}: can't be read: {os.strerror(error.errno or 0)}"]) from error
    except (ValueError, RecursionError) as error:  # tomllib lets int() and deep nesting raise their own
        place = f": {error}" if isinstance(error, tomllib.TOMLDecodeError) else ""
        raise ConfigError([f"{path}: is not TOML{place}"]) from error
    return dict(_known(_flattened(document, found), found))


def _flattened(document: Mapping[str, object], found: _Found) -> Iterator[tuple[str, object]]:
    for name, value in document.items():
        if name not in sections():
            yield name, value
        elif isinstance(value, dict):
            yield from ((f"{name}.{inner}", content) for inner, content in value.items())
        else:
            found.problems.append(f"{name}: expected a section, written [{name}]")


def _known(values: Iterator[tuple[str, object]], found: _Found) -> Iterator[tuple[str, _Given]]:
    known = {key.path for key in keys()}
    for path, value in values:
        if path in known:
            yield path, _Given(read=_constant(value), name=path)
        else:
            found.unknown.append(_unknown(path, nearest(path)))


def _unknown(name: str, hint: str | None) -> str:
    return f"{name}: no such setting" + (f"; did you mean {hint}?" if hint else "")


def _constant(value: object) -> Callable[[Key], object]:
    return lambda _: value


def _from_environ(environ: Mapping[str, str], found: _Found) -> dict[str, _Given]:
    known = {key.variable: key for key in keys()}
    given = {}
    for variable, text in sorted(environ.items()):
        if not variable.startswith(ENVIRONMENT_PREFIX):
            continue
        if variable in known:
            given[known[variable].path] = _Given(read=_reader(text), name=variable)
        else:
            hint = nearest(path_of(variable))
            found.unknown.append(_unknown(variable, variable_of(hint) if hint else None))
    return given


def _reader(text: str) -> Callable[[Key], object]:
    return lambda key: from_environment(text, key.kind)


def _converted(given: Mapping[str, _Given], found: _Found) -> Iterator[tuple[Key, Any]]:
    for key in keys():
        one = given.get(key.path)
        if one is None:
            continue
        try:
            value = one.read(key)
            found.unknown += _unknown_inside(key, value, one.name)
            yield key, convert(value, key.kind)
        except ValueError as error:
            found.problems.append(f"{one.name}: {error}")


def _unknown_inside(key: Key, value: object, name: str) -> Iterator[str]:
    """Yield a line for every unknown name in a table of tables."""
    struct = table_of(key.kind)
    if struct is None or not isinstance(value, dict):
        return
    known = {field.name for field in msgspec.structs.fields(struct)}
    for inner, table in value.items():
        for unknown in set(table) - known if isinstance(table, dict) else ():
            yield _unknown(f"{name}.{inner}.{unknown}", None)


def _build(given: Mapping[str, _Given], environ: Mapping[str, str], found: _Found) -> Settings:
    """Put values in their places; what isn't given, or is refused, keeps its default."""
    values: dict[str, dict[str, Any]] = {}
    for key, value in _converted(given, found):
        values.setdefault(key.section, {})[key.name] = value
    parts: dict[str, Any] = {
        section: struct(**values.get(section, {})) for section, struct in sections().items()
    }
    settings = Settings(**values.get("", {}), **parts)
    return msgspec.structs.replace(settings, control=_with_socket(settings.control, environ))


def _with_socket(control: ControlSettings, environ: Mapping[str, str]) -> ControlSettings:
    if control.socket != "auto":
        return control
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    folder = Path(runtime, "connect-sidecar") if runtime else Path(f"/tmp/connect-sidecar-{os.getuid()}")  # noqa: S108 - checked where it is bound
    return msgspec.structs.replace(control, socket=AutomaticPath(folder / "control.sock"))
