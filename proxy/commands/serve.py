"""`serve`: settings in, a service out, until a signal ends it."""

import argparse
import os

import uvloop

from proxy.adapters.upstream_client import forget_default_authorities
from proxy.assembly import Sources
from proxy.assembly import run as run_service
from proxy.commands.exit_codes import OK
from proxy.commands.startup import warn, warn_about
from proxy.config import Settings, load_all
from proxy.hardening import forbid_dumps, keep_standard_descriptors, raise_file_limit

_OTHER_FILES = 64


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT. Raises ConfigError, ListenError, TlsError."""
    keep_standard_descriptors()
    forbid_dumps()
    forget_default_authorities()
    loaded = load_all(options.config, os.environ)
    warn_about(loaded)
    _say_what_files_allow(loaded.settings)
    sources = Sources(read=lambda: load_all(options.config, os.environ), config_file=options.config)
    uvloop.run(run_service(loaded.settings, sources=sources))
    return OK


def _say_what_files_allow(settings: Settings) -> None:
    """Warn, if the system allows fewer open files than connections may be."""
    needed = settings.server.max_connections + settings.upstream.max_connections + _OTHER_FILES
    allowed = raise_file_limit()
    if allowed < needed:
        warn(
            settings,
            f"server.max_connections: the system allows {allowed} open files, {needed} may be needed; new connections"
            " would wait unanswered",
        )
