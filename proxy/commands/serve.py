"""`serve`: settings in, a service out, until a signal ends it."""

import argparse
import os

import uvloop

from proxy.assembly import run as run_service
from proxy.commands.exit_codes import OK
from proxy.commands.startup import warn_about
from proxy.config import load


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT. Raises ConfigError, ListenError."""
    settings = load(options.config, os.environ)
    warn_about(settings)
    uvloop.run(run_service(settings))
    return OK
