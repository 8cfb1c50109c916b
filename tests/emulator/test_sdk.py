"""The real Python SDK drives every method of its clients and can't tell the emulator apart."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from onepasswordconnectsdk.async_client import AsyncClient
from onepasswordconnectsdk.client import Client
from onepasswordconnectsdk.errors import FailedToRetrieveItemException, FailedToRetrieveVaultException
from onepasswordconnectsdk.models import Field, Item, ItemVault

from proxy.emulator import READ, READ_WRITE, Emulator, SampleData


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator() as running:
        yield running


@pytest.fixture
def sample(emulator: Emulator) -> SampleData:
    return emulator.sample_data(large_file_bytes=300_000)


@pytest.fixture
def token(emulator: Emulator, sample: SampleData) -> str:
    return emulator.issue_token("sdk", dict.fromkeys(sample.vault_ids, READ_WRITE))


def new_login(vault_id: str, title: str) -> Item:
    fields = [Field(purpose="USERNAME", value="wendy"), Field(purpose="PASSWORD", generate=True)]
    return Item(vault=ItemVault(id=vault_id), title=title, category="LOGIN", fields=fields)


async def test_sync_client_reads_everything(emulator, sample, token, tmp_path):
    def drive() -> None:
        client = Client(emulator.url, token)
        assert [vault.name for vault in client.get_vaults()] == ["Demo", "Infrastructure", "Empty"]
        assert client.get_vault(sample.demo.id).items == 4
        assert client.get_vault_by_title("Demo").id == sample.demo.id
        titles = [item.title for item in client.get_items(sample.demo.id)]
        assert titles == ["Web shop", "Payment API", "Door code", "Admin console"]
        assert len(client.get_items(sample.demo.id, 'title eq "Web shop"')) == 1
        assert client.get_item("Web shop", "Demo").id == sample.login.id
        assert client.get_item(sample.login.id, sample.demo.id).version == 1
        assert client.get_item_by_id(sample.login.id, sample.demo.id).fields[0].value == "wendy"
        assert client.get_item_by_title("Web shop", sample.demo.id).tags == ["demo", "shop"]
        code = client.get_item("Admin console", "Demo").fields[2].totp
        assert len(code) == 6
        files = client.get_files(sample.document.id, sample.infrastructure.id)
        assert [file.name for file in files] == ["privkey.pem", "backup.tar"]
        file = client.get_file(sample.file.id, sample.document.id, sample.infrastructure.id)
        assert file.size == 21
        content = client.get_file_content(file.id, sample.document.id, sample.infrastructure.id)
        assert content == b"-- not a real key --\n"
        client.download_file(
            sample.large_file.id, sample.document.id, sample.infrastructure.id, str(tmp_path)
        )
        client.session.close()

    await asyncio.to_thread(drive)
    assert (tmp_path / "backup.tar").stat().st_size == 300_000
    assert {request.status for request in emulator.requests} == {200}


async def test_sync_client_writes(emulator, sample, token):
    def drive() -> None:
        client = Client(emulator.url, token)
        created = client.create_item(sample.demo.id, new_login(sample.demo.id, "New"))
        assert created.version == 1
        assert len(created.fields[1].value) == 32
        created.title = "Newer"
        assert client.update_item(created.id, sample.demo.id, created).version == 1
        read = client.get_item(created.id, sample.demo.id)
        assert (read.version, read.title) == (2, "Newer")
        client.delete_item(created.id, sample.demo.id)
        with pytest.raises(FailedToRetrieveItemException, match="not found"):
            client.get_item_by_id(created.id, sample.demo.id)
        client.session.close()

    await asyncio.to_thread(drive)


async def test_sync_client_understands_errors(emulator, sample):
    reader = emulator.issue_token("reader", {sample.demo.id: READ})

    def drive() -> None:
        client = Client(emulator.url, reader)
        with pytest.raises(FailedToRetrieveVaultException, match="not in scope"):
            client.get_vault(sample.infrastructure.id)
        with pytest.raises(FailedToRetrieveItemException, match="permission to perform create"):
            client.create_item(sample.demo.id, new_login(sample.demo.id, "New"))
        client.session.close()

    await asyncio.to_thread(drive)


async def test_async_client_drives_everything(emulator, sample, token, tmp_path):
    client = AsyncClient(emulator.url, token)
    assert len(await client.get_vaults()) == 3
    assert (await client.get_vault(sample.demo.id)).name == "Demo"
    assert (await client.get_vault_by_title("Infrastructure")).id == sample.infrastructure.id
    assert (await client.get_item("Web shop", "Demo")).id == sample.login.id
    assert (await client.get_item_by_id(sample.login.id, sample.demo.id)).title == "Web shop"
    assert (await client.get_item_by_title("Web shop", sample.demo.id)).title == "Web shop"
    assert len(await client.get_items(sample.demo.id)) == 4
    assert len(await client.get_items(sample.demo.id, 'tag eq "shop"')) == 1
    assert len(await client.get_files(sample.document.id, sample.infrastructure.id)) == 2
    file = await client.get_file(sample.file.id, sample.document.id, sample.infrastructure.id)
    content = await client.get_file_content(file.id, sample.document.id, sample.infrastructure.id)
    assert content.startswith(b"--")
    await client.download_file(file.id, sample.document.id, sample.infrastructure.id, str(tmp_path))
    assert (tmp_path / "privkey.pem").read_bytes() == content
    created = await client.create_item(sample.demo.id, new_login(sample.demo.id, "New"))
    assert (await client.update_item(created.id, sample.demo.id, created)).id == created.id
    await client.delete_item(created.id, sample.demo.id)
    await client.session.aclose()
