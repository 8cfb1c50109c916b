"""Grafana's variables: what a dashboard's own stand for, and how they get into queries, titles and links.

`$name`, `${name}`, `${name:format}` and `[[name]]` are replaced; what no variable is called stays as it is (a `$1` in a
label_replace, a field's `${__field.labels.x}`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboards.pictures.prometheus import Prometheus, Span

_REFERENCE = re.compile(r"\$(\w+)|\[\[(\w+?)(?::\w+)?\]\]|\$\{(\w+)(?:\.[\w.]+)?(?::(\w+))?\}")
_LABEL_VALUES = re.compile(r"^label_values\((?:(?P<selector>.+),)?\s*(?P<label>\w+)\s*\)$", re.DOTALL)
_ALL = "$__all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """What a variable stands for: in a query, and to a reader."""

    value: str
    text: str


class Variables:
    """Variables by name."""

    def __init__(self, by_name: Mapping[str, Variable]) -> None:
        self._by_name = dict(by_name)

    def with_values(self, **values: str) -> "Variables":
        """Return these and some more, whose text is their value."""
        return Variables(
            self._by_name | {name: Variable(value=value, text=value) for name, value in values.items()}
        )

    def replaced(self, text: str, *, for_readers: bool = False) -> str:
        """Return the text with every variable in it replaced."""

        def value_of(match: re.Match[str]) -> str:
            variable = self._by_name.get(match[1] or match[2] or match[3])
            if variable is None:
                return match[0]
            return variable.text if for_readers or match[4] == "text" else variable.value

        return _REFERENCE.sub(value_of, text)

    def replaced_in(self, value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
        """Return JSON with every variable in its strings replaced, as a reader sees them."""
        match value:
            case str():
                return self.replaced(value, for_readers=True)
            case list():
                return [self.replaced_in(each) for each in value]
            case dict():
                return {name: self.replaced_in(each) for name, each in value.items()}
            case _:
                return value


def read_variables(
    dashboard: Mapping[str, Any], prometheus: Prometheus, *, span: Span, chosen: Mapping[str, str]
) -> tuple[Variables, tuple[tuple[str, str], ...]]:
    """Return the dashboard's variables, and (label, text) of those that Grafana shows above the panels."""
    by_name: dict[str, Variable] = {}
    shown: list[tuple[str, str]] = []
    for declared in dashboard.get("templating", {}).get("list", []):
        name = declared["name"]
        variable = _variable(declared, prometheus, span, Variables(by_name), chosen.get(name))
        by_name[name] = variable
        if declared.get("hide") not in {1, 2, "hideLabel", "hideVariable"}:
            shown.append((declared.get("label") or name, variable.text))
    return Variables(by_name), tuple(shown)


def _variable(
    declared: Mapping[str, Any], prometheus: Prometheus, span: Span, before: Variables, chosen: str | None
) -> Variable:
    if chosen is not None:
        return Variable(value=chosen, text=chosen)
    current = declared.get("current") or {}
    match declared["type"]:
        case "datasource":
            return Variable(value="prometheus", text="Prometheus")
        case "constant" | "textbox" | "adhoc":
            query = str(declared.get("query", ""))
            return Variable(value=query, text=query)
        case "query":
            options = _queried(declared, prometheus, span, before)
        case _:
            options = tuple(
                each.strip() for each in str(declared.get("query", "")).split(",") if each.strip()
            )
    values = [each for each in _list_of(current.get("value")) if each]
    if values and _ALL not in values:
        return _several(values, declared)
    if declared.get("includeAll") or _ALL in values:
        everything = declared.get("allValue") or _several(options, declared).value
        return Variable(value=everything, text="All")
    return _several(options[:1], declared)


def _queried(
    declared: Mapping[str, Any], prometheus: Prometheus, span: Span, before: Variables
) -> tuple[str, ...]:
    asked = declared.get("query", "")
    query = before.replaced(asked.get("query", "") if isinstance(asked, dict) else asked)
    wanted = _LABEL_VALUES.match(query.strip())
    if wanted is None:
        raise ValueError(f"variable {declared['name']}: only label_values(...) is understood, not {query!r}")
    return prometheus.label_values(wanted["label"], selector=(wanted["selector"] or "").strip(), span=span)


def _several(values: list[str] | tuple[str, ...], declared: Mapping[str, Any]) -> Variable:
    text = " + ".join(values)
    if not declared.get("multi") and not declared.get("includeAll"):
        return Variable(value="".join(values[:1]), text=text)
    # As in Grafana: what may be several values is a regular expression, which sits in a quoted string.
    escaped = [re.escape(each).replace("\\", "\\\\") for each in values]
    return Variable(value=escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})", text=text)


def _list_of(value: Any) -> list[str]:  # noqa: ANN401 - a string, a list of them, or nothing
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]
