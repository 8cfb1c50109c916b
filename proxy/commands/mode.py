"""`mode`: switch the running sidecar between passthrough, observe and cache, or say which it is."""

import argparse

from proxy.commands.control import ask
from proxy.commands.exit_codes import OK


def run(options: argparse.Namespace) -> int:
    """Switch, if a mode is named, and print the mode. Raises ConfigError, CommandError, ControlError."""
    if options.mode is None:
        document = ask(options.config, "GET", "/status")
    else:
        document = ask(options.config, "POST", "/mode", {"mode": options.mode})
    print(document.get("mode", "?"))
    return OK
