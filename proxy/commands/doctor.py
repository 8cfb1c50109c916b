"""`doctor`: ask a real Connect what nobody has published, compare, and say which settings follow."""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from proxy.commands.doctor_embedded import embedded_answers
from proxy.commands.errors import CommandError
from proxy.commands.exit_codes import DEGRADED, OK
from proxy.doctor.errors import DoctorError
from proxy.doctor.examination import Plan, Report, examine
from proxy.doctor.report_text import text_of

ResultT = TypeVar("ResultT")
_TOKEN_VARIABLE = "OP_CONNECT_TOKEN"  # noqa: S105 - a name


def run(options: argparse.Namespace) -> int:
    """Examine and report: 0 as expected, 1 something worth reading. Raises CommandError."""
    plan = Plan(
        url=options.upstream.rstrip("/"),
        token=_token(options.token_file),
        ca_file=options.ca_file,
        proxied_url=(options.proxied or "").rstrip("/"),
        foreign_vault=options.foreign_vault or "",
        write_vault=options.write or "",
        wait_seconds=options.wait_seconds,
    )
    try:
        report = asyncio.run(_unless_ended(_examine(plan)))
    except DoctorError as error:
        raise CommandError(str(error)) from error
    except asyncio.CancelledError:
        raise CommandError("ended before it was done; nothing of it is said") from None
    print(json.dumps(asdict(report), indent=2) if options.json else text_of(report))
    return DEGRADED if report.is_worth_reading else OK


async def _examine(plan: Plan) -> Report:
    expected = await embedded_answers(writes=bool(plan.write_vault))
    return await examine(plan, expected=expected, say=_say)


async def _unless_ended(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Let SIGTERM end it as Ctrl-C does, so that what was written is removed."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await work


def _token(token_file: Path | None) -> str:
    if token_file is None:
        token = os.environ.get(_TOKEN_VARIABLE, "")
        named = _TOKEN_VARIABLE
    else:
        named = "--token-file"
        try:
            token = token_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError("--token-file: can't be read") from error
    token = token.strip()
    if not token:
        raise CommandError(f"{named}: no token; give --token-file FILE or set {_TOKEN_VARIABLE}")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise CommandError(f"{named}: is not a bearer token")
    return token


def _say(line: str) -> None:
    print(f"connect-sidecar doctor: {line}", file=sys.stderr, flush=True)
