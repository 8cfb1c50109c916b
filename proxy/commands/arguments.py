"""The command line's words: the commands, their options, and what these may be. Nothing of a command is imported."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from proxy import __version__

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name for it

_DESCRIPTION = """\
A caching reverse proxy for 1Password Connect. Point OP_CONNECT_HOST of an application at it instead of at Connect."""

_EPILOG = """\
exit codes:
  0  ok
  1  degraded
  2  failing, refused or not understood

Settings come from --config FILE (TOML) and from CONNECT_SIDECAR__SECTION__NAME, which wins.
All of them, with defaults and reasons: docs/configuration.md
"""


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line; `options.module` is the command's module in `proxy.commands`."""
    root = argparse.ArgumentParser(
        prog="connect-sidecar",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("--version", action="version", version=f"connect-sidecar {__version__}")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_servers(commands)
    _add_checks(commands)
    _add_doctor(commands)
    _add_operations(commands)
    _add_audit(commands)
    return root


def _add_servers(commands: "Commands") -> None:
    serve = _add(
        commands,
        "serve",
        "serve",
        "run the sidecar in front of the Connect server that OP_CONNECT_HOST names",
    )
    _add_config(serve)
    demo = _add(
        commands, "demo", "demo", "try it: an embedded Connect server, the sidecar, and curl lines to paste"
    )
    demo.add_argument(
        "--connect-port", type=_port, default=8080, metavar="PORT", help="of the embedded server (8080)"
    )
    emulate = _add(
        commands, "emulate", "emulate", "run the embedded Connect server alone, with sample vaults"
    )
    emulate.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    emulate.add_argument("--port", type=_port, default=8080, help="port to listen on (8080; 0: a free one)")
    emulate.add_argument(
        "--control-port", type=_port, metavar="PORT", help="plan faults here, see docs/emulator.md"
    )
    emulate.add_argument(
        "--sync-delay-seconds",
        type=float,
        default=1.0,
        metavar="SECONDS",
        help="until reads show what was written (1)",
    )


def _add_checks(commands: "Commands") -> None:
    check = _add(
        commands, "check-config", "check_config", "say everything that is wrong or unwise about the settings"
    )
    _add_config(check)
    health = _add(
        commands, "healthcheck", "healthcheck", "ask /readyz of the sidecar on this machine (for probes)"
    )
    _add_config(health)
    health.add_argument("--url", help="ask there instead, for example for Connect's /heartbeat through us")
    health.add_argument(
        "--timeout-seconds", type=float, default=2.0, metavar="SECONDS", help="give up after this (2)"
    )


def _add_doctor(commands: "Commands") -> None:
    doctor = _add(
        commands,
        "doctor",
        "doctor",
        "ask your Connect server what nobody has published, directly and through a sidecar (docs/doctor.md)",
    )
    doctor.add_argument("--upstream", required=True, metavar="URL", help="where Connect is")
    doctor.add_argument(
        "--token-file", type=Path, metavar="FILE", help="with an access token; else OP_CONNECT_TOKEN"
    )
    doctor.add_argument("--ca-file", type=Path, metavar="FILE", help="PEM bundle, for https")
    doctor.add_argument(
        "--proxied", metavar="URL", help="a sidecar in front of it, to compare; else one is started"
    )
    doctor.add_argument(
        "--foreign-vault", type=_vault_id, metavar="VAULT", help="id of a vault that the token may not read"
    )
    doctor.add_argument(
        "--write",
        type=_vault_id,
        metavar="VAULT",
        help="make, change and remove an item in this vault, by id",
    )
    doctor.add_argument(
        "--wait-seconds", type=_interval, default=30.0, metavar="SECONDS", help="for a write to show (30)"
    )
    doctor.add_argument("--json", action="store_true", help="the same as a JSON document")


def _add_operations(commands: "Commands") -> None:
    purge = _add(
        commands, "purge", "purge", "drop stored responses of the running sidecar; the next read asks Connect"
    )
    _add_config(purge)
    what = purge.add_mutually_exclusive_group(required=True)
    what.add_argument("--all", action="store_true", help="everything")
    what.add_argument("--vault", metavar="VAULT", help="all of one vault, by id")
    what.add_argument(
        "--item", metavar="VAULT/ITEM", help="one item, its files and the lists it is in, by ids"
    )
    what.add_argument(
        "--token", metavar="NAME", help="all of one access token, by its name in metrics and logs"
    )
    mode = _add(commands, "mode", "mode", "switch the running sidecar, or say which mode it is in")
    _add_config(mode)
    mode.add_argument(
        "mode",
        nargs="?",
        choices=("cache", "observe", "passthrough"),
        help="passthrough: forward everything, keep nothing (the kill switch); observe: forward everything and count"
        " what the cache would have answered",
    )
    reload = _add(
        commands, "reload", "reload", "have the running sidecar read its settings and certificates anew"
    )
    _add_config(reload)
    leave = _add(
        commands,
        "quit",
        "quit",
        "have the running sidecar answer what is under way and end, with exit code 0 (the last step of a Job)",
    )
    _add_config(leave)
    _add_questions(commands)


def _add_questions(commands: "Commands") -> None:
    status = _add(commands, "status", "status", "say in one line how the running sidecar is")
    _add_config(status)
    how = status.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="the same as a JSON document (docs/status.md)")
    how.add_argument(
        "--watch", action="store_true", help="a live view, until Ctrl-C; no terminal: line after line"
    )
    status.add_argument(
        "--interval-seconds",
        type=_interval,
        default=2.0,
        metavar="SECONDS",
        help="between two looks with --watch (2)",
    )
    explain = _add(
        commands,
        "explain",
        "explain",
        "say what the running sidecar would do with a request now, and why; nothing changes by asking",
    )
    _add_config(explain)
    explain.add_argument("target", metavar="TARGET", help="a path as clients send it: /v1/vaults/...")
    explain.add_argument(
        "--token", required=True, metavar="NAME", help="name of the access token in metrics and logs"
    )
    explain.add_argument("--method", default="GET", metavar="METHOD", help="GET unless said otherwise")
    explain.add_argument("--json", action="store_true", help="the same as a JSON document")


def _add_audit(commands: "Commands") -> None:
    audit = _add(
        commands, "audit", "audit", "verify the record of what was read without Connect hearing of it"
    )
    actions = audit.add_subparsers(dest="action", required=True, metavar="ACTION")
    verify = actions.add_parser(
        "verify",
        help="is it whole? 0: yes; 1: something is missing; 2: something was changed",
        description="Reads exports of any number of sidecars, mixed and in any order (docs/audit.md).",
    )
    verify.add_argument(
        "files", nargs="+", metavar="FILE", help="with audit lines among others; -: standard input"
    )
    verify.add_argument(
        "--key-file", type=Path, metavar="FILE", help="the key, audit.key_file of the sidecars"
    )
    verify.add_argument(
        "--head",
        type=_known_head,
        action="append",
        default=[],
        metavar="INSTANCE=SEQ:HEAD",
        help="how far a chain went at least: audit_sequence and audit_head of its metrics",
    )


def _add(commands: "Commands", name: str, module: str, help_line: str) -> argparse.ArgumentParser:
    sentence = help_line[0].upper() + help_line[1:] + "."
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help_line, description=sentence)
    parser.set_defaults(module=module)
    return parser


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="TOML file with settings (docs/configuration.md)"
    )


def _known_head(text: str) -> object:
    from proxy.commands.audit import known_head  # noqa: PLC0415 - imported when it is asked for

    return known_head(text)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


def _vault_id(text: str) -> str:
    if not (text.isascii() and text.isalnum()):
        raise argparse.ArgumentTypeError("a vault's id has letters and digits only")
    return text


def _interval(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 3600:
        raise argparse.ArgumentTypeError("an interval is a number of seconds from 0.1 to 3600")
    return seconds
