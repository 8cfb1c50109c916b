"""Moments that explain a bend in a graph: a new version, settings, an operator's hand, Connect's return."""

from dashboards.board import Mark
from dashboards.colours import Colour
from dashboards.promql import TARGET, increase, series, total

RECENTLY = "$__rate_interval"
"""As far back as one step of what is shown: one event is one mark, at any zoom, and none is missed."""


def _version() -> str:
    running = series("build_info")
    return f"count by (version) ({running}) unless count by (version) ({running} offset {RECENTLY})"


def _mode() -> str:
    changed = increase("mode_changes_total", window=RECENTLY)
    return f"count by (mode) (({series('mode')} == 1) and on ({', '.join(TARGET)}) ({changed} > 0))"


def _is_back() -> str:
    closed = series("upstream_breaker_state", 'state="closed"')
    opened = series("upstream_breaker_state", 'state="open"')
    return f"count(({closed} == 1) and ignoring (state) (max_over_time({opened}[{RECENTLY}]) == 1)) > 0"


def _reload() -> str:
    read = increase("reloads_total", 'outcome=~"applied|refused"', window=RECENTLY)
    return f"{total(read, by=('outcome',))} > 0"


MARKS = (
    Mark(name="Version", query=_version(), text="Version {{version}} runs", colour=Colour.CONNECT),
    Mark(
        name="Reload",
        query=_reload(),
        text="Settings read anew: {{outcome}}",
        colour=Colour.BACKGROUND,
    ),
    Mark(name="Mode change", query=_mode(), text="Mode is now {{mode}}", colour=Colour.CAUTION),
    Mark(
        name="Purge",
        query=f"{total(increase('purges_total', window=RECENTLY))} > 0",
        text="Purged by an operator",
        colour=Colour.LIMITED,
    ),
    Mark(name="Connect restart", query=_is_back(), text="Connect is back", colour=Colour.BAD),
)
