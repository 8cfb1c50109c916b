"""`purge`: drop stored responses of all, a vault, an item or a token, and say how many went."""

import argparse

from proxy.commands.control import ask
from proxy.commands.errors import CommandError
from proxy.commands.exit_codes import OK


def run(options: argparse.Namespace) -> int:
    """Purge and say how many went. Raises ConfigError, CommandError, ControlError."""
    removed = ask(options.config, "POST", "/purge", document_of(options)).get("removed", 0)
    print(f"{removed} stored response{'' if removed == 1 else 's'} dropped")
    return OK


def document_of(options: argparse.Namespace) -> dict[str, str]:
    """Return what the control port wants to hear. Raises CommandError for an item without its vault."""
    if options.all:
        return {"scope": "all"}
    if options.vault is not None:
        return {"scope": "vault", "vault": options.vault}
    if options.token is not None:
        return {"scope": "token", "token": options.token}
    vault, _, item = options.item.partition("/")
    if not vault or not item or "/" in item:
        raise CommandError("--item: expected VAULT/ITEM, two ids")
    return {"scope": "item", "vault": vault, "item": item}
