"""`check-config`: all that is wrong, else what is unwise, else that all is well."""

import argparse
import os
import sys

from proxy.commands.exit_codes import OK
from proxy.config import load_all, memory_limit_bytes, warnings_about


def run(options: argparse.Namespace) -> int:
    """Check and say so. Raises ConfigError with everything that is wrong; warnings leave the exit code at 0."""
    loaded = load_all(options.config, os.environ)
    settings = loaded.settings
    warnings = [*loaded.ignored, *warnings_about(settings, memory_limit_bytes=memory_limit_bytes())]
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    verdict = f"ok, {len(warnings)} warning{'s' if len(warnings) != 1 else ''}" if warnings else "ok"
    print(f"{verdict}: {', '.join(map(str, settings.server.listen))} -> {settings.upstream.url}")
    return OK
