"""`quit`: have the running sidecar end in order, because nobody will ask it any more.

For a Job whose sidecar is a plain container: the application calls it last, or the Job would never be complete.
"""

import argparse

from proxy.commands.control import ask
from proxy.commands.exit_codes import OK


def run(options: argparse.Namespace) -> int:
    """Ask for the end; it drains by itself. Raises ConfigError, CommandError, ControlError."""
    document = ask(options.config, "POST", "/quit")
    print(document.get("phase", "?"))
    return OK
