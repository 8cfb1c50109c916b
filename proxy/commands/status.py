"""`status`: one line about the running sidecar, or its document."""

import argparse
import json
from collections.abc import Mapping

from proxy.commands.control import ask
from proxy.commands.exit_codes import DEGRADED, OK

_MEBIBYTE = 1024 * 1024


def run(options: argparse.Namespace) -> int:
    """Ask and print. Raises ConfigError, CommandError, ControlError."""
    document = ask(options.config, "GET", "/status")
    print(json.dumps(document) if options.json else line_of(document))
    return DEGRADED if is_connect_away(document) else OK


def is_connect_away(document: Mapping[str, object]) -> bool:
    """Tell whether no upstream is known to answer."""
    endpoints = document.get("endpoints", [])
    if not isinstance(endpoints, list) or not endpoints:
        return False
    return all(isinstance(each, dict) and each.get("breaker") != "closed" for each in endpoints)


def line_of(document: Mapping[str, object]) -> str:
    """Return the document as one line for people; what a version doesn't say is left out."""
    parts = [
        f"mode {document.get('mode', '?')}",
        f"{document.get('stored_responses', 0)} stored ({_number(document, 'stored_bytes') / _MEBIBYTE:.1f} MiB)",
        f"{document.get('evictions', 0)} evicted",
        f"fences {document.get('open_fences', 0)}",
        f"up {_duration(_number(document, 'uptime_seconds'))}",
        f"profile {document.get('profile', '?')}",
        f"version {document.get('version', '?')}",
    ]
    phase = str(document.get("phase", "running")).upper()
    if is_connect_away(document):
        phase = "DEGRADED Connect does not answer, stored answers are served stale:"
    return f"{phase} in front of {document.get('upstream', '?')} | {' | '.join(parts)}"


def _number(document: Mapping[str, object], name: str) -> float:
    value = document.get(name, 0)
    return value if isinstance(value, int | float) else 0


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s" if minutes else f"{rest}s"
