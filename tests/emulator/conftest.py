"""An emulator with sample data, a token that may do everything, and a plain HTTP client for them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
from multidict import CIMultiDictProxy
from yarl import URL

from proxy.emulator import READ_WRITE, Emulator, EmulatorSettings, ManualClock, SampleData


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A response that was read to its end."""

    status: int
    fields: CIMultiDictProxy[str]
    body: bytes
    json: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A running emulator and what a test needs to talk to it."""

    emulator: Emulator
    sample: SampleData
    token: str
    session: aiohttp.ClientSession
    clock: ManualClock

    @property
    def items_path(self) -> str:
        return f"/v1/vaults/{self.sample.demo.id}/items"

    @property
    def login_path(self) -> str:
        return f"{self.items_path}/{self.sample.login.id}"

    @property
    def files_path(self) -> str:
        vault, item = self.sample.infrastructure.id, self.sample.document.id
        return f"/v1/vaults/{vault}/items/{item}/files"

    async def ask(self, method: str, target: str, *, token: str | None = None, **options) -> Reply:
        headers = {"Authorization": f"Bearer {token or self.token}", **options.pop("headers", {})}
        url = URL(self.emulator.url + target, encoded=True)
        async with self.session.request(method, url, headers=headers, **options) as response:
            body = await response.read()
            is_json = bool(body) and response.content_type == "application/json"
            return Reply(
                status=response.status,
                fields=response.headers,
                body=body,
                json=await response.json() if is_json else None,
            )

    async def get(self, target: str, **options) -> Reply:
        return await self.ask("GET", target, **options)


BenchMaker = Callable[..., AbstractAsyncContextManager[Bench]]


@pytest.fixture
def bench_with() -> BenchMaker:
    """Make a bench with other settings than the defaults; its clock stands still until advanced."""

    @asynccontextmanager
    async def make(**settings) -> AsyncIterator[Bench]:
        clock = ManualClock()
        async with (
            Emulator(EmulatorSettings(**settings), clock=clock) as emulator,
            aiohttp.ClientSession() as session,
        ):
            sample = emulator.sample_data(large_file_bytes=300_000)
            token = emulator.issue_token("everything", dict.fromkeys(sample.vault_ids, READ_WRITE))
            yield Bench(emulator=emulator, sample=sample, token=token, session=session, clock=clock)

    return make


@pytest.fixture
async def bench(bench_with: BenchMaker) -> AsyncIterator[Bench]:
    async with bench_with() as made:
        yield made
