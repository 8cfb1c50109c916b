"""What clients send: the head that 1Password's Python SDK really sends, and tokens as Connect mints them."""

import socket
import threading
from dataclasses import dataclass
from pathlib import Path

from onepasswordconnectsdk.client import new_client  # type: ignore[import-untyped]

from benchmarks.peers.origin import vault_name
from benchmarks.peers.scenarios import TOKENS
from proxy.emulator import READ_WRITE, Emulator

_TOKEN, _VAULT, _ITEM = "THE-TOKEN", "v" * 26, "i" * 26
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
)


def recorded_head() -> str:
    """Have the SDK read an item from a socket of ours; return its head with {host}, {token} and {path} in it.

    The empty line at its end is left out, so that a field can be added.
    """
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = f"127.0.0.1:{listener.getsockname()[1]}"

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                heard.append(connection.recv(65_536))
                connection.sendall(_ANSWER)

        answering = threading.Thread(target=answer)
        answering.start()
        new_client(f"http://{host}", _TOKEN).get_item_by_id(_ITEM, _VAULT)
        answering.join(10)
    text = heard[0].decode("ascii").removesuffix("\r\n")
    for what, mark in (
        (host, "{host}"),
        (_TOKEN, "{token}"),
        (f"/v1/vaults/{_VAULT}/items/{_ITEM}", "{path}"),
    ):
        if text.count(what) != 1:
            raise RuntimeError(f"the SDK's head has {mark} {text.count(what)} times")
        text = text.replace(what, mark)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """Files for the load: the head, and by number of vaults the tokens, one a line."""

    head_file: Path
    head: str
    tokens: dict[int, list[str]]
    token_files: dict[int, Path]

    def filled(self, *, host: str, token: str, path: str) -> str:
        """Return one request as the load sends it."""
        filled = self.head.replace("{host}", host).replace("{token}", token).replace("{path}", path)
        return filled + "\r\n"


def _token(emulator: Emulator, number: int, vaults: int) -> str:
    own_and_more = {vault_name(number + other): READ_WRITE for other in range(vaults)}
    return emulator.issue_token(f"benchmark {number}", own_and_more)


def write_heads(directory: Path, vault_counts: set[int]) -> Heads:
    """Record the head, mint the tokens, write the files."""
    emulator, head = Emulator(), recorded_head()
    head_file = directory / "head"
    head_file.write_bytes(head.encode())
    tokens, files = {}, {}
    for count in sorted(vault_counts):
        tokens[count] = [_token(emulator, number, count) for number in range(TOKENS)]
        files[count] = directory / f"tokens-{count}"
        files[count].write_text("\n".join(tokens[count]) + "\n")
    return Heads(head_file=head_file, head=head, tokens=tokens, token_files=files)
