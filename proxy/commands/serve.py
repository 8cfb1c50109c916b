"""`serve`: settings in, a service out, until a signal ends it."""

import argparse
import os

import uvloop

from proxy.assembly import Sources
from proxy.assembly import run as run_service
from proxy.commands.exit_codes import OK
from proxy.commands.startup import warn_about
from proxy.config import load_all


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT. Raises ConfigError, ListenError."""
    loaded = load_all(options.config, os.environ)
    warn_about(loaded)
    sources = Sources(read=lambda: load_all(options.config, os.environ), config_file=options.config)
    uvloop.run(run_service(loaded.settings, sources=sources))
    return OK
