"""Everything that sidecars say of themselves in a test run, and every secret that went through them meanwhile.

Secrets are what embedded Connect servers issue and hold: tokens (whole, and the parts that say something), titles and
values of items, names of vaults. What is said are logs, audits, metrics, status and spans, of processes and of sidecars
in the tests' own process.
"""

from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from proxy.adapters.logs.line_writer import LineWriter
from proxy.emulator.model import Change, ItemPut, VaultPut
from proxy.emulator.replication import Replication
from proxy.emulator.tokens import TokenAuthority

_SHORTEST = 8
"""Shorter texts may stand anywhere by chance, and so may one letter again and again."""

_NO_SECRETS = frozenset({"username", "password", "connect-sidecar"})


class Overheard:
    """Collects both, from `listen` on."""

    def __init__(self) -> None:
        self.said: dict[str, set[bytes]] = {}
        self._secrets: set[str] = set()

    def listen(self) -> None:
        """Note secrets where embedded servers get them, and log lines where sidecars of this process write them."""
        issue, at_once, write = TokenAuthority.issue, Replication.change_at_once, Replication.write
        take = LineWriter.write

        def issued(authority: TokenAuthority, name: str, **how: object) -> str:
            token = issue(authority, name, **how)  # type: ignore[arg-type]
            self._secrets.update([token, *token.split(".")[1:]])
            return token

        def changed(replication: Replication, change: Change) -> None:
            self._note(change)
            at_once(replication, change)

        def written(replication: Replication, change: Change) -> None:
            self._note(change)
            write(replication, change)

        def taken(writer: LineWriter, line: bytes) -> None:
            self.say("a log", line)
            take(writer, line)

        TokenAuthority.issue = issued  # type: ignore[method-assign]
        Replication.change_at_once = changed  # type: ignore[method-assign]
        Replication.write = written  # type: ignore[method-assign]
        LineWriter.write = taken  # type: ignore[method-assign]

    def say(self, who: str, octets: bytes) -> None:
        """Note something that was said; a line that was said before is no news."""
        self.said.setdefault(who, set()).update(octets.splitlines())

    def leaks(self) -> Iterator[str]:
        """Yield who said which secret; of a secret only so much that it can be found."""
        said = {who: b"\n".join(octets) for who, octets in self.said.items()}
        for secret in sorted(self._secrets):
            shapes = {shape.encode() for shape in (secret, quote(secret), quote_plus(secret))}
            for who, octets in said.items():
                if any(shape in octets for shape in shapes):
                    yield f"{who} says {secret[:6]}... ({len(secret)} characters)"

    def _note(self, change: Change) -> None:
        match change:
            case VaultPut():
                self._secret(change.vault.name)
            case ItemPut():
                for text in _texts(change.item.document):
                    self._secret(text)
            case _:
                pass

    def _secret(self, text: str) -> None:
        if len(text) >= _SHORTEST and len(set(text)) > 2 and text not in _NO_SECRETS:
            self._secrets.add(text)


def _texts(document: object) -> Iterator[str]:
    """Yield what clients have written into an item: its title, tags, and the values of its fields."""
    if not isinstance(document, dict):
        return
    yield document.get("title") if isinstance(document.get("title"), str) else ""
    yield from (tag for tag in document.get("tags") or () if isinstance(tag, str))
    for field in document.get("fields") or ():
        if isinstance(field, dict) and isinstance(field.get("value"), str):
            yield field["value"]


OVERHEARD = Overheard()
