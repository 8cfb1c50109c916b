"""Planned faults as JSON, the way the control port takes and shows them.

`{"fault": "status", "method": "GET", "path": "/items/", "times": 2, "status": 503}`: the name is the
effect's class in kebab-case, its parameters stand beside the matcher. Wrong names and types are a
ValueError that says which.
"""

import dataclasses
import re
from typing import Any, get_args

from proxy.emulator import effects
from proxy.emulator.effects import PlannedEffect
from proxy.emulator.faults import Fault, FaultPlan
from proxy.emulator.json_documents import JsonObject, JsonValue


class DocumentError(ValueError):
    """A JSON document that does not say what it should."""


_FOREVER = "forever"
_EFFECTS: dict[str, type[PlannedEffect]] = {
    re.sub(r"(?<!^)(?=[A-Z])", "-", effect.__name__).lower(): effect
    for effect in get_args(effects.PlannedEffect)
}
_NAMES = {effect: name for name, effect in _EFFECTS.items()}


def fault_names() -> tuple[str, ...]:
    """Return the names of all effects."""
    return tuple(_EFFECTS)


def plan_fault(plan: FaultPlan, document: JsonValue) -> Fault:
    """Plan the fault that `document` describes. Raises DocumentError."""
    if not isinstance(document, dict):
        raise DocumentError("a fault is an object")
    parameters = dict(document)
    name = parameters.pop("fault", None)
    effect = _EFFECTS.get(name) if isinstance(name, str) else None
    if effect is None:
        raise DocumentError(f"fault must be one of {', '.join(_EFFECTS)}")
    method, path = _text(parameters, "method"), _text(parameters, "path") or ""
    times = _times(parameters.pop("times", 1))
    try:
        return plan.add(_made(effect, parameters), method=method, path=path, times=times)
    except re.error as error:
        raise DocumentError(f"path is no regular expression: {error}") from error


def fault_document(fault: Fault) -> JsonObject:
    """Return a planned fault as JSON."""
    document: JsonObject = {"number": fault.number, "fault": _NAMES[type(fault.effect)]}
    parameters: JsonObject = {
        field.name: _as_json(getattr(fault.effect, field.name)) for field in dataclasses.fields(fault.effect)
    }
    matcher: JsonObject = {
        "method": fault.method,
        "path": fault.path.pattern,
        "times": _FOREVER if fault.remaining is None else fault.remaining,
        "struck": fault.struck,
    }
    return document | matcher | parameters


def _made(effect: type[PlannedEffect], parameters: JsonObject) -> PlannedEffect:
    defaults = effect()
    known = {field.name for field in dataclasses.fields(effect)}
    unknown = set(parameters) - known
    if unknown:
        raise DocumentError(f"{_NAMES[effect]} has no {', '.join(sorted(unknown))}")
    made = {name: _parameter(name, value, getattr(defaults, name)) for name, value in parameters.items()}
    return effect(**made)


def _parameter(name: str, value: JsonValue, default: object) -> Any:  # noqa: ANN401 - whatever type the default has
    """Bring a JSON value into the shape its parameter has by default."""
    if isinstance(default, tuple):
        return _tuple(name, value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if default is not None and type(value) is not type(default):
        raise DocumentError(f"{name} must be a {type(default).__name__}")
    if not isinstance(value, str | int | float | None) or isinstance(value, bool):
        raise DocumentError(f"{name} must be text or a number")
    return value


def _tuple(name: str, value: JsonValue) -> tuple[object, ...]:
    if isinstance(value, dict) and all(isinstance(text, str) for text in value.values()):
        return tuple(value.items())
    if isinstance(value, list) and all(isinstance(text, str) for text in value):
        return tuple(value)
    raise DocumentError(f"{name} must be an object or a list of text")


def _as_json(value: object) -> JsonValue:
    if isinstance(value, tuple):
        pairs = {str(entry[0]): str(entry[1]) for entry in value if isinstance(entry, tuple)}
        return {**pairs} if pairs else [str(entry) for entry in value]
    return value if isinstance(value, str | int | float) else None


def _text(parameters: JsonObject, name: str) -> str | None:
    value = parameters.pop(name, None)
    if value is None or isinstance(value, str):
        return value
    raise DocumentError(f"{name} must be text")


def _times(value: JsonValue) -> int | None:
    if value == _FOREVER:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise DocumentError('times must be a number from 1, or "forever"')
    return value
