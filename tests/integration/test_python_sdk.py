"""The real Python SDK, sync and async, all its methods: through the sidecar it gets what it gets directly."""

import asyncio

import onepasswordconnectsdk
import pytest
from onepasswordconnectsdk.client import AsyncClient, Client, FailedToRetrieveItemException
from onepasswordconnectsdk.models import Field, Item, ItemVault

from proxy.emulator import READ_WRITE, Emulator
from tests.support.sidecar import running_sidecar


@pytest.fixture
async def world():
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        token = emulator.issue_token("sdk", dict.fromkeys(sample.vault_ids, READ_WRITE))
        async with running_sidecar(emulator.url) as sidecar:
            yield emulator, sample, token, sidecar


def reads(client: Client, sample) -> list[object]:
    """Every reading method, twice, so that the second one may be a hit."""
    demo, infrastructure = sample.demo.id, sample.infrastructure.id
    document, file = sample.document.id, sample.file.id
    seen: list[object] = []
    for _ in range(2):
        seen += [
            [vault.to_dict() for vault in client.get_vaults()],
            client.get_vault(demo).to_dict(),
            client.get_vault_by_title("Demo").to_dict(),
            [item.to_dict() for item in client.get_items(demo)],
            client.get_item(sample.login.id, demo).to_dict(),
            client.get_item("Web shop", "Demo").to_dict(),
            client.get_item_by_id(sample.api_credential.id, demo).to_dict(),
            client.get_item_by_title("Payment API", demo).to_dict(),
            [f.to_dict() for f in client.get_files(document, infrastructure)],
            client.get_file(file, document, infrastructure).to_dict(),
            client.get_file_content(file, document, infrastructure),
        ]
    return seen


def open_client(url: str, token: str) -> Client:
    return onepasswordconnectsdk.new_client(url, token)


async def test_every_read_of_the_sync_client_is_the_same(world):
    emulator, sample, token, sidecar = world
    direct = await asyncio.to_thread(reads, open_client(emulator.url, token), sample)
    through = await asyncio.to_thread(reads, open_client(sidecar.url, token), sample)
    assert through == direct


async def test_the_second_round_of_reads_asks_nothing_of_connect(world):
    emulator, sample, token, sidecar = world
    await asyncio.to_thread(reads, open_client(sidecar.url, token), sample)
    emulator.forget_requests()
    await asyncio.to_thread(reads, open_client(sidecar.url, token), sample)
    assert emulator.requests == []


def write_and_read(client: Client, vault: str) -> list[object]:
    """Create, read, update, read, delete, read: titles seen on the way."""
    field = Field(label="password", purpose="PASSWORD", value="one", type="CONCEALED")
    item = Item(title="made", category="LOGIN", vault=ItemVault(id=vault), fields=[field])
    created = client.create_item(vault, item)
    seen: list[object] = [client.get_item(created.id, vault).title]
    created.title = "renamed"
    client.update_item(created.id, vault, created)
    seen.append(client.get_item(created.id, vault).title)
    seen.append([summary.title for summary in client.get_items(vault) if summary.id == created.id])
    client.delete_item(created.id, vault)
    try:
        client.get_item_by_id(created.id, vault)
    except FailedToRetrieveItemException as error:
        seen.append(str(error).replace(created.id, "<id>"))
    seen.append([summary.title for summary in client.get_items(vault) if summary.id == created.id])
    return seen


async def test_writes_of_the_sync_client_are_seen_at_once_as_directly(world):
    emulator, sample, token, sidecar = world
    direct = await asyncio.to_thread(write_and_read, open_client(emulator.url, token), sample.empty.id)
    through = await asyncio.to_thread(write_and_read, open_client(sidecar.url, token), sample.empty.id)
    assert through == direct
    assert through[:3] == ["made", "renamed", ["renamed"]]
    assert through[-1] == []


def download(client: Client, sample, folder) -> bytes:
    client.download_file(sample.file.id, sample.document.id, sample.infrastructure.id, str(folder))
    (path,) = folder.iterdir()
    return path.read_bytes()


async def test_files_download_as_directly(world, tmp_path):
    emulator, sample, token, sidecar = world
    for name, url in (("direct", emulator.url), ("through", sidecar.url)):
        (tmp_path / name).mkdir()
        await asyncio.to_thread(download, open_client(url, token), sample, tmp_path / name)
    assert (
        next((tmp_path / "direct").iterdir()).read_bytes()
        == next((tmp_path / "through").iterdir()).read_bytes()
    )


async def reads_asynchronously(client: AsyncClient, sample) -> list[object]:
    demo, infrastructure = sample.demo.id, sample.infrastructure.id
    document, file = sample.document.id, sample.file.id
    seen: list[object] = []
    for _ in range(2):
        seen += [
            [vault.to_dict() for vault in await client.get_vaults()],
            (await client.get_vault(demo)).to_dict(),
            (await client.get_vault_by_title("Demo")).to_dict(),
            [item.to_dict() for item in await client.get_items(demo)],
            (await client.get_item(sample.login.id, demo)).to_dict(),
            (await client.get_item("Web shop", "Demo")).to_dict(),
            (await client.get_item_by_id(sample.api_credential.id, demo)).to_dict(),
            (await client.get_item_by_title("Payment API", demo)).to_dict(),
            [f.to_dict() for f in await client.get_files(document, infrastructure)],
            (await client.get_file(file, document, infrastructure)).to_dict(),
            await client.get_file_content(file, document, infrastructure),
        ]
    return seen


async def test_every_read_of_the_async_client_is_the_same(world):
    emulator, sample, token, sidecar = world
    seen = []
    for url in (emulator.url, sidecar.url):
        client = onepasswordconnectsdk.new_client(url, token, is_async=True)
        seen.append(await reads_asynchronously(client, sample))
        await client.session.aclose()
    assert seen[0] == seen[1]


async def test_writes_of_the_async_client_are_seen_at_once(world):
    _, sample, token, sidecar = world
    client = onepasswordconnectsdk.new_client(sidecar.url, token, is_async=True)
    vault = sample.empty.id
    item = Item(title="made", category="LOGIN", vault=ItemVault(id=vault), fields=[])
    created = await client.create_item(vault, item)
    assert (await client.get_item(created.id, vault)).title == "made"
    created.title = "renamed"
    await client.update_item(created.id, vault, created)
    assert (await client.get_item(created.id, vault)).title == "renamed"
    await client.delete_item(created.id, vault)
    assert created.id not in [summary.id for summary in await client.get_items(vault)]
    await client.session.aclose()
