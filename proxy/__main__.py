"""The command line: it runs one command and says how it failed.

A command lives in `proxy.commands` and is imported when it is asked for, so that `--help` and `healthcheck` start
fast. Whatever goes wrong for a reason an operator can act on is one line on standard error for each reason, and exit
code 2.
"""

import importlib
import os
import signal
import sys
from collections.abc import Sequence

from proxy.commands.arguments import parser
from proxy.commands.exit_codes import FAILED, OK


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = parser().parse_args(arguments)
    try:
        _let_a_stop_end_the_start()
        command = importlib.import_module(f"proxy.commands.{options.module}")
        code: int = command.run(options)
    except KeyboardInterrupt:
        return OK
    except Exception as error:
        reasons = _reasons(error)
        if not reasons:
            raise
        for reason in reasons:
            print(f"connect-sidecar {options.command}: {reason}", file=sys.stderr)
        return FAILED
    return code


def _let_a_stop_end_the_start() -> None:
    """Have SIGTERM end us before a command obeys it by itself: the kernel ignores it for process 1 of a container."""
    if os.getpid() == 1:
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def _reasons(error: Exception) -> Sequence[str]:
    """Return one line for each thing an operator can act on; nothing for a fault of ours."""
    problems = getattr(error, "problems", None)  # ConfigError; not imported, `healthcheck` does without
    if isinstance(problems, tuple):
        return problems
    if type(error).__name__ in {"ListenError", "TlsError", "ControlError", "CommandError"}:
        return [str(error)]
    return []


if __name__ == "__main__":
    sys.exit(main())
