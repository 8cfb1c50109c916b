"""The search for secrets in what sidecars say finds them."""

from proxy.adapters.logs.line_writer import LineWriter
from proxy.emulator import READ, Emulator
from proxy.emulator.replication import Replication
from proxy.emulator.tokens import TokenAuthority
from tests.support.overheard import Overheard


async def test_a_secret_is_found_whoever_says_it_and_however_it_is_written(monkeypatch):
    overheard = Overheard()
    with monkeypatch.context() as patched:
        for owner, name in (
            (TokenAuthority, "issue"),
            (Replication, "change_at_once"),
            (Replication, "write"),
            (LineWriter, "write"),
        ):
            patched.setattr(owner, name, getattr(owner, name))  # put back afterwards
        overheard.listen()
        async with Emulator() as emulator:
            vault = emulator.add_vault("A vault of ours")
            token = emulator.issue_token("ci", {vault.id: READ})
            emulator.add_item(
                vault.id, title="Web shop & more", fields=[{"id": "p", "value": "hunter2-hunter2"}]
            )
    assert list(overheard.leaks()) == []
    for secret in (
        token,
        token.split(".")[1],
        "A vault of ours",
        "Web%20shop%20%26%20more",
        "Web+shop+%26+more",
        "hunter2-hunter2",
    ):
        overheard.said = {"a line": {f"before {secret} behind".encode()}}
        assert list(overheard.leaks()), secret
