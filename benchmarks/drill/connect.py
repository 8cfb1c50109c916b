"""Connect as a process that can be killed: the embedded server, with the same vaults, ids and keys each time."""

import asyncio
import json
import sys
from dataclasses import dataclass

from tests.support.process import free_port
from tests.support.wire import WireClient, request_head


@dataclass(slots=True)
class ConnectProcess:
    """One port, and a server on it or not. The token of the first start is good after every other."""

    port: int
    token: str = ""
    _process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where it is, or would be."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start it; return once it listens."""
        process = self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "proxy", "emulate", "--port", str(self.port)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert process.stdout is not None
        async for line in process.stdout:
            name, _, value = line.decode().strip().removeprefix("export ").partition("=")
            if name == "OP_CONNECT_TOKEN":
                self.token = self.token or value
                return
        raise SystemExit("the embedded Connect server did not start")

    async def kill(self) -> None:
        """End it as the kernel does when memory runs out: no farewell."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def readable_targets(self) -> list[str]:
        """Return everything that an application may read and a sidecar may keep.

        Items with a one-time password are left out: by default they are never kept (docs/configuration.md).
        """
        targets = ["/v1/vaults"]
        async with await WireClient.connect(self.url) as wire:

            async def read(target: str) -> object:
                return json.loads((await wire.ask(request_head("GET", target, self.token))).body)

            vaults = await read("/v1/vaults")
            assert isinstance(vaults, list)
            for vault in vaults:
                listed = f"/v1/vaults/{vault['id']}/items"
                items = await read(listed)
                assert isinstance(items, list)
                targets.append(listed)
                for item in items:
                    document = await read(f"{listed}/{item['id']}")
                    assert isinstance(document, dict)
                    if all(each.get("type") != "OTP" for each in document.get("fields", [])):
                        targets.append(f"{listed}/{item['id']}")
        return targets


def connect_process() -> ConnectProcess:
    """Return one that is not started yet, on a free port."""
    return ConnectProcess(free_port())
