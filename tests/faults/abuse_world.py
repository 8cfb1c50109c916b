"""Where abuse is played: a whole sidecar in front of the embedded server, watched from all sides.

What may not happen in silence is kept here: complaints to the event loop, and everything the sidecar says of
itself (log lines, metrics, status).
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from proxy.emulator import READ, Emulator
from tests.faults.abuse import Ending, Row
from tests.support.sidecar import RunningSidecar, running_sidecar
from tests.support.wire import WireAnswer, WireClient, request_head


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A sidecar, what it stands in front of, and a token that is good."""

    sidecar: RunningSidecar
    emulator: Emulator
    token: str
    complaints: list[dict[str, object]]

    async def play(self, row: Row) -> list[WireAnswer]:
        """Send a row's octets; return every answer up to the end of the connection."""
        async with await WireClient.connect(self.sidecar.address) as client:
            client.writer.write(row.octets)
            if row.ending is Ending.HALF_CLOSES:
                client.writer.write_eof()
            async with asyncio.timeout(8):
                return [answer async for answer in answers(client)]

    async def is_well(self) -> bool:
        """Tell whether the next client is served."""
        async with await WireClient.connect(self.sidecar.address) as client:
            answer = await client.ask(request_head("GET", "/v1/vaults", self.token))
        return answer.status == 200 and json.loads(answer.body)[0]["name"] == "vault"

    async def shown(self) -> str:
        """Return what an operator can see: metrics and status, over their sockets."""
        async with await WireClient.connect(self.sidecar.observe_address) as client:
            metrics = (await client.ask("GET /metrics HTTP/1.1\r\nHost: localhost")).body
        reader, writer = await asyncio.open_unix_connection(self.sidecar.control_path)
        async with WireClient(reader, writer) as client:
            status = (await client.ask("GET /status HTTP/1.1\r\nHost: localhost")).body
        assert b"connect_sidecar_stored_responses" in metrics
        assert json.loads(status)["phase"] == "serving"
        return (metrics + status).decode()

    @property
    def stored_responses(self) -> int:
        """How many responses the sidecar holds."""
        return self.sidecar.sidecar.status().stored_responses


async def answers(client: WireClient) -> AsyncIterator[WireAnswer]:
    """Yield whole answers up to the end. Raises IncompleteReadError if the last one is cut short."""
    while True:
        try:
            yield await client.answer()
        except asyncio.IncompleteReadError as end:
            if end.partial:
                raise
            return


@asynccontextmanager
async def running_world() -> AsyncIterator[World]:
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    async with Emulator() as emulator:
        vault = emulator.add_vault("vault")
        token = emulator.issue_token("reader", {vault.id: READ})
        async with running_sidecar(emulator.url, LOG__LEVEL="debug") as sidecar:
            yield World(sidecar=sidecar, emulator=emulator, token=token, complaints=complaints)
