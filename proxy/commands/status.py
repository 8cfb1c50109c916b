"""`status`: one line about the running sidecar, its document, or a live view."""

import argparse
import json

from proxy.commands import watch
from proxy.commands.control import as_document, ask, target_for
from proxy.commands.exit_codes import DEGRADED, FAILED, OK
from proxy.commands.status_line import line_of
from proxy.status.document import State, Status

_EXIT_CODES = {State.OK: OK, State.FAILING: FAILED}
"""Neither the one nor the other is degraded: it starts, it drains."""


def run(options: argparse.Namespace) -> int:
    """Ask and print. Raises ConfigError, CommandError, ControlError."""
    if options.watch:
        return watch.run(target_for(options.config), options.interval_seconds)
    document = ask(options.config, "GET", "/status")
    if options.json:
        print(json.dumps(document))
    status = as_document(document, Status)
    if not options.json:
        print(line_of(status))
    return _EXIT_CODES.get(status.state, DEGRADED)
