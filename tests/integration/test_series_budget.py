"""How many series a sidecar makes under a wide load with faults, and that no client's word is a label."""

import asyncio
import json
from contextlib import suppress
from itertools import cycle
from urllib.parse import quote

import pytest

from proxy.emulator import (
    FOREVER,
    READ_WRITE,
    Close,
    Emulator,
    Garbage,
    LoseAnswer,
    Refuse,
    Reset,
    Status,
    TruncatedBody,
)
from proxy.exchange.events import Answered
from proxy.exchange.mode import Mode
from proxy.server.control_app import Purge, PurgeScope
from tests.support.scraped import scrape
from tests.support.sidecar import SteppedClock, running_sidecar
from tests.support.wire import WireClient, request_head

TITLE = "A title nobody may see"
SEARCH = quote(f'title eq "{TITLE}"')
FAULTS = (
    Reset(),
    Close(),
    Garbage(),
    LoseAnswer(),
    Refuse(),
    TruncatedBody(),
    Status(status=408),
    Status(status=409),
    Status(status=429),
    Status(status=500),
    Status(status=503),
    Status(status=403),
    Status(status=302),
    Status(status=200, body="[not json"),
)
SETTINGS = {
    "LIMITS__MODE": "enforce",
    "LIMITS__REQUEST_BURST": "30",
    "LIMITS__REQUESTS_PER_SECOND": "1",
    "LIMITS__UPSTREAM_BURST": "20",
    "LIMITS__UPSTREAM_PER_SECOND": "1",
    "ROUTES__DENY": "DELETE files",
    "CACHE__RESPONSE_BYTES": "65_536",
    "UPSTREAM__BREAKER_OPEN_SECONDS": "0.01",
}


class Load:
    """Every kind of request, in the name of several tokens."""

    def __init__(self, emulator, sidecar, clock, tokens):
        self.emulator, self.sidecar, self.clock = emulator, sidecar, clock
        self.sample = sample = emulator.sample_data(large_file_bytes=2**18)
        self.tokens = [
            emulator.issue_token(f"t{number}", dict.fromkeys(sample.vault_ids, READ_WRITE), 10**6)
            for number in range(tokens)
        ]
        vault = f"/v1/vaults/{sample.demo.id}"
        document = f"/v1/vaults/{sample.infrastructure.id}/items/{sample.document.id}"
        self.reads = (
            "/v1/vaults",
            vault,
            f"{vault}/items",
            f"{vault}/items?filter={SEARCH}",
            f"{vault}/items/{sample.login.id}",
            f"{vault}/items/{sample.one_time_password.id}",
            f"{vault}/items/{'z' * 26}",
            f"{document}/files",
            f"{document}/files/{sample.file.id}",
            f"{document}/files/{sample.file.id}/content",
            f"{document}/files/{sample.large_file.id}/content",
            "/v1/activity",
            "/heartbeat",
            "/health",
            "/metrics",
            f"/{quote(TITLE)}",
        )
        self.items = f"{vault}/items"
        self.item = f"{self.items}/{sample.login.id}"

    async def ask(self, method, path, token, *fields, body=b""):
        more = (f"Content-Length: {len(body)}", "Content-Type: application/json") if body else ()
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            async with await WireClient.connect(self.sidecar.address) as client:
                return await client.ask(request_head(method, path, token, *fields, *more), body)

    async def read_everything(self, token, *fields):
        for path in self.reads:
            await self.ask("GET", path, token, *fields)
        await self.ask("HEAD", self.item, token)

    async def write_everything(self, token):
        document = json.dumps({"title": TITLE, "category": "LOGIN", "vault": {"id": self.sample.demo.id}})
        for method, path in (
            ("POST", self.items),
            ("PUT", self.item),
            ("PATCH", self.item),
            ("DELETE", f"{self.items}/{'y' * 26}"),
            ("DELETE", f"{self.item}/files"),
            ("POST", "/v1/vaults"),
        ):
            await self.ask(method, path, token, body=document.encode())

    async def ask_together(self, token):
        """Have several ask for the same thing, so that they share one request."""
        self.clock.pass_seconds(100)
        await asyncio.gather(*(self.ask("GET", self.item, token) for _ in range(4)))

    async def exceed(self, token):
        """Use the token's budget up."""
        async with await WireClient.connect(self.sidecar.address) as client:
            while (await client.ask(request_head("GET", self.item, token))).status != 429:
                pass
        self.clock.pass_seconds(100)

    async def fail(self, token, fault):
        await self.ask("GET", self.item, token)
        self.clock.pass_seconds(70)
        planned = self.emulator.faults.add(fault, times=FOREVER)
        for path in (self.item, f"{self.items}/{'x' * 26}"):
            await self.ask("GET", path, token)
        await self.ask("DELETE", f"{self.items}/{'w' * 26}", token)
        self.emulator.faults.remove(planned)
        self.clock.pass_seconds(100)

    async def run(self):
        switch = self.sidecar.sidecar.exchange.switch
        first = self.tokens[0]
        self.clock.pass_seconds(31)
        for mode in (Mode.OBSERVE, Mode.PASSTHROUGH, Mode.CACHE):
            switch(mode)
            await self.read_everything(first)
            await self.write_everything(first)
            self.clock.pass_seconds(100)
        for fault, token in zip(FAULTS, cycle(self.tokens), strict=False):
            await self.read_everything(token, "Cache-Control: no-cache")
            await self.fail(token, fault)
        for token in self.tokens:
            await self.ask_together(token)
            await self.ask("GET", self.item, token, "Cache-Control: only-if-cached, no-cache")
            await self.fail(token, Refuse())
            await self.exceed(token)
        await asyncio.gather(*(self.read_everything(f"junk.{number}.token") for number in range(10)))
        self.sidecar.sidecar.purge(Purge(scope=PurgeScope.ALL))
        self.sidecar.sidecar.reload()


@pytest.mark.parametrize(("tokens", "most"), [(1, 400), (50, 3000)])
async def test_series_stay_few(tokens, most):
    clock = SteppedClock()
    async with Emulator() as emulator, running_sidecar(emulator.url, clock=clock, **SETTINGS) as sidecar:
        load = Load(emulator, sidecar, clock, tokens)
        await load.run()
        seen = await scrape(sidecar.observe_address)
    print(f"{tokens} tokens: {seen.series} series")
    assert seen.series <= most
    assert len(seen.words("token_requests_total", "token")) == tokens + 1, "the unknown ones are one"
    assert seen.words("requests_total", "cache") == set(Answered), "a load that is not wide says little"
    said = {value for sample in seen.samples for value in sample.labels.values()}
    ids = {load.sample.demo.id, load.sample.login.id, load.sample.file.id, *load.tokens, TITLE, quote(TITLE)}
    assert not {word for word in said if any(secret in word for secret in ids) or "junk" in word}
