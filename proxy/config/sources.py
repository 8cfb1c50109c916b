"""Where settings come from: a TOML file, over it the environment, under both the defaults.

Everything that is wrong is collected and raised together, each line with the name under which the operator
set it. An unknown name is an error: a setting that silently does nothing is worse than one that is refused.
"""

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from proxy.config.checks import normalised, problems_of
from proxy.config.errors import ConfigError
from proxy.config.keys import ENVIRONMENT_PREFIX, Key, keys, nearest, path_of, sections, variable_of
from proxy.config.tree import ControlSettings, Settings
from proxy.config.values import convert, from_environment

UPSTREAM_VARIABLE = "OP_CONNECT_HOST"
_UPSTREAM_URL = "upstream.url"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """A value somebody set, and the name to call it by when it is wrong."""

    read: Callable[[Key], object]
    name: str


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the settings. Raises ConfigError with everything that is wrong."""
    problems: list[str] = []
    given = _given(path, environ, problems)
    settings = _build(given, environ, problems)
    problems += problems_of(settings, {path: one.name for path, one in given.items()})
    if problems:
        raise ConfigError(problems)
    return normalised(settings)


def load_control(path: Path | None, environ: Mapping[str, str]) -> ControlSettings:
    """Read how to reach a running sidecar. Raises ConfigError.

    For commands typed where OP_CONNECT_HOST is an application's, and names the sidecar itself: what takes several
    settings to judge is not judged.
    """
    problems: list[str] = []
    settings = _build(_given(path, environ, problems), environ, problems)
    if problems:
        raise ConfigError(problems)
    return settings.control


def _given(path: Path | None, environ: Mapping[str, str], problems: list[str]) -> dict[str, _Given]:
    given = _from_file(path, problems) if path is not None else {}
    given |= _from_environ(environ, problems)
    if _UPSTREAM_URL not in given and (host := environ.get(UPSTREAM_VARIABLE)):
        given[_UPSTREAM_URL] = _Given(read=_constant(host), name=f"{_UPSTREAM_URL} ({UPSTREAM_VARIABLE})")
    return given


def _from_file(path: Path, problems: list[str]) -> dict[str, _Given]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([f"{path}: can't be read: {os.strerror(error.errno or 0)}"]) from error
    except (ValueError, RecursionError) as error:  # tomllib lets int() and deep nesting raise their own
        place = f": {error}" if isinstance(error, tomllib.TOMLDecodeError) else ""
        raise ConfigError([f"{path}: is not TOML{place}"]) from error
    return dict(_known(_flattened(document, problems), problems))


def _flattened(document: Mapping[str, object], problems: list[str]) -> Iterator[tuple[str, object]]:
    for name, value in document.items():
        if name not in sections():
            yield name, value
        elif isinstance(value, dict):
            yield from ((f"{name}.{inner}", content) for inner, content in value.items())
        else:
            problems.append(f"{name}: expected a section, written [{name}]")


def _known(found: Iterator[tuple[str, object]], problems: list[str]) -> Iterator[tuple[str, _Given]]:
    known = {key.path for key in keys()}
    for path, value in found:
        if path in known:
            yield path, _Given(read=_constant(value), name=path)
        else:
            problems.append(_unknown(path, nearest(path)))


def _unknown(name: str, hint: str | None) -> str:
    return f"{name}: no such setting" + (f"; did you mean {hint}?" if hint else "")


def _constant(value: object) -> Callable[[Key], object]:
    return lambda _: value


def _from_environ(environ: Mapping[str, str], problems: list[str]) -> dict[str, _Given]:
    known = {key.variable: key for key in keys()}
    given = {}
    for variable, text in sorted(environ.items()):
        if not variable.startswith(ENVIRONMENT_PREFIX):
            continue
        if variable in known:
            given[known[variable].path] = _Given(read=_reader(text), name=variable)
        else:
            hint = nearest(path_of(variable))
            problems.append(_unknown(variable, variable_of(hint) if hint else None))
    return given


def _reader(text: str) -> Callable[[Key], object]:
    return lambda key: from_environment(text, key.kind)


def _converted(given: Mapping[str, _Given], problems: list[str]) -> Iterator[tuple[Key, Any]]:
    for key in keys():
        one = given.get(key.path)
        if one is None:
            continue
        try:
            yield key, convert(one.read(key), key.kind)
        except ValueError as error:
            problems.append(f"{one.name}: {error}")


def _build(given: Mapping[str, _Given], environ: Mapping[str, str], problems: list[str]) -> Settings:
    """Put values in their places; what isn't given, or is refused, keeps its default."""
    values: dict[str, dict[str, Any]] = {}
    for key, value in _converted(given, problems):
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
    return msgspec.structs.replace(control, socket=str(folder / "control.sock"))
