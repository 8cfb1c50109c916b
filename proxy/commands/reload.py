"""`reload`: have the running sidecar read its settings and certificates anew, and say what became of it."""

import argparse
import sys
from collections.abc import Mapping

from proxy.commands.control import ask
from proxy.commands.exit_codes import FAILED, OK


def run(options: argparse.Namespace) -> int:
    """Reload and print the outcome. Raises ConfigError, CommandError, ControlError."""
    document = ask(options.config, "POST", "/reload")
    for problem in _lines(document, "problems"):
        print(f"connect-sidecar reload: {problem}", file=sys.stderr)
    for name in _lines(document, "ignored"):
        print(f"warning: {name}", file=sys.stderr)
    print(document.get("outcome", "?"))
    for path in _lines(document, "changed"):
        print(f"  {path}")
    for path in _lines(document, "pending"):
        print(f"  {path}: waits for a restart")
    return FAILED if document.get("outcome") == "refused" else OK


def _lines(document: Mapping[str, object], name: str) -> list[str]:
    lines = document.get(name)
    return [str(line) for line in lines] if isinstance(lines, list) else []
