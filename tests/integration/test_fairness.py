"""Who is served beside whom, over real sockets with the defaults: nobody who behaves gets a 429 or a 503."""

import asyncio
from itertools import pairwise
from urllib.parse import quote

from proxy.emulator import FOREVER, READ, Emulator, SlowHead
from tests.support.sidecar import running_sidecar
from tests.support.wire import WireClient, request_head

REFERENCES, KEYS = 300, 10


async def statuses(sidecar, token, paths):
    """Ask for one path after the other on one connection; return the statuses."""
    async with await WireClient.connect(sidecar.address) as client:
        return [(await client.ask(request_head("GET", path, token))).status for path in paths]


async def test_the_start_of_external_secrets_gets_no_429():
    """300 references of 10 keys each, four requests a key (vaults, vault, title, item), all on one token."""
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        token = emulator.issue_token("external-secrets", {sample.demo.id: READ})
        vault = f"/v1/vaults/{sample.demo.id}"
        titled = quote('title eq "Web shop"')
        key = [
            "/v1/vaults",
            vault,
            f"{vault}/items?filter={titled}",
            f"{vault}/items/{sample.login.id}",
        ]
        async with running_sidecar(emulator.url) as sidecar:
            workers = 20
            shares = [key * (REFERENCES * KEYS // workers)] * workers
            told = await asyncio.gather(*(statuses(sidecar, token, share) for share in shares))
        assert sum(map(len, told)) == 12_000
        assert {status for one in told for status in one} == {200}
        assert len(emulator.requests_to("^/v1/")) < 200, "the others were hits"


async def test_three_hundred_tokens_start_beside_a_guesser_and_none_is_refused():
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        path = f"/v1/vaults/{sample.demo.id}/items/{sample.login.id}"
        tokens = [emulator.issue_token(f"app-{number}", {sample.demo.id: READ}) for number in range(300)]
        async with running_sidecar(emulator.url) as sidecar:
            is_over = asyncio.Event()
            guesses: list[int] = []

            async def guess(number):
                async with await WireClient.connect(sidecar.address) as client:
                    while not is_over.is_set():
                        answer = await client.ask(request_head("GET", path, f"guess-{number}-{len(guesses)}"))
                        guesses.append(answer.status)

            guessers = [asyncio.create_task(guess(number)) for number in range(20)]
            told = await asyncio.gather(*(statuses(sidecar, token, [path] * 2) for token in tokens))
            is_over.set()
            await asyncio.gather(*guessers)
            status = sidecar.sidecar.status()
        assert {one for each in told for one in each} == {200}
        assert guesses
        assert set(guesses) <= {401, 503}
        assert 429 not in guesses, "they wait, and nobody learns more"
        assert status.stored_responses == 300, "nothing of a guess is kept"


async def test_a_greedy_token_in_front_of_a_slow_connect_leaves_the_normal_one_its_turns():
    """Fifty requests at a time, all misses, against one: Connect takes a while for each."""
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        greedy, normal = (emulator.issue_token(name, {sample.demo.id: READ}) for name in ("greedy", "normal"))
        vault = f"/v1/vaults/{sample.demo.id}"
        async with running_sidecar(emulator.url, UPSTREAM__MAX_CONNECTIONS="8") as sidecar:
            for token in (greedy, normal):
                assert await statuses(sidecar, token, [vault]) == [200]
            emulator.faults.add(SlowHead(delay_seconds=0.05), times=FOREVER)
            emulator.forget_requests()
            is_over = asyncio.Event()

            async def ask_greedily(number):
                return await statuses_until(sidecar, greedy, vault, number, is_over)

            clients = [asyncio.create_task(ask_greedily(number)) for number in range(50)]
            while len(emulator.requests_to("^/v1/")) < 8:
                await asyncio.sleep(0.01)
            misses = [search(vault, f"n{number}") for number in range(10)]
            told = await statuses(sidecar, normal, misses)
            is_over.set()
            asked = await asyncio.gather(*clients)
        assert set(told) == {200}
        order = [
            request.value("Authorization") == f"Bearer {normal}" for request in emulator.requests_to("^/v1/")
        ]
        between = [place for place, is_normal in enumerate(order) if is_normal]
        waits = [later - earlier for earlier, later in pairwise(between)]
        assert len(between) == 10
        assert max(waits) <= 12, "never more than about one round of all slots"
        assert 429 not in {status for each in asked for status in each}


def search(vault, tag):
    """A look-up that nobody has made before."""
    asked_for = quote(f'tag eq "{tag}"')
    return f"{vault}/items?filter={asked_for}"


async def statuses_until(sidecar, token, vault, number, is_over):
    told, count = [], 0
    async with await WireClient.connect(sidecar.address) as client:
        while not is_over.is_set():
            path = search(vault, f"g{number}-{count}")
            told.append((await client.ask(request_head("GET", path, token))).status)
            count += 1
    return told
