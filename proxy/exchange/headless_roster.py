"""The endpoints behind one name: each of its addresses is one (a headless Service's are its pods').

Looked up when there is none, and again when the pinned one failed, at most once a second. An endpoint keeps its
breaker as long as its address is listed; one that has left is closed once nobody reads from it. If a look-up fails,
what is known stays. Must not know how names are looked up or connections made.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from proxy.clock import Clock
from proxy.errors import ErrorKind, UpstreamError
from proxy.exchange.endpoints import Endpoint

_LOOK_UP_EVERY_SECONDS = 1.0

LookUp = Callable[[], Awaitable[Sequence[str]]]
"""Returns addresses. Raises UpstreamError."""

MakeEndpoint = Callable[[str, int], Endpoint]
"""Makes the endpoint of an address; the number is the lowest that is free."""


class HeadlessRoster:
    """A `Roster` that follows a name."""

    def __init__(self, *, look_up: LookUp, make: MakeEndpoint, clock: Clock) -> None:
        self._look_up = look_up
        self._make = make
        self._clock = clock
        self._listed: dict[str, Endpoint] = {}
        self._leaving: list[Endpoint] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._looked_up_boot_seconds: float | None = None
        self._fault = ErrorKind.DNS_ERROR

    def known(self) -> Sequence[Endpoint]:
        """Return the endpoints whose addresses were listed last."""
        return tuple(self._listed.values())

    async def renew(self) -> None:
        """Look the name up, unless that has just been done. Raises UpstreamError if there is still no endpoint."""
        async with self._turn:
            if self._is_due():
                await self._follow()
        if not self._listed:
            raise UpstreamError(self._fault, sent=False)

    async def close(self) -> None:
        """Close every endpoint, those that are leaving included."""
        for endpoint in (*self._listed.values(), *self._leaving):
            await endpoint.close()
        if self._closing:
            await asyncio.wait(self._closing)

    def _is_due(self) -> bool:
        last = self._looked_up_boot_seconds
        return last is None or self._clock.now().boot_seconds - last >= _LOOK_UP_EVERY_SECONDS

    async def _follow(self) -> None:
        try:
            addresses = await self._look_up()
        except UpstreamError as error:
            self._fault = error.kind
            return
        finally:
            self._looked_up_boot_seconds = self._clock.now().boot_seconds
        if not addresses:
            return  # a Service between two pods: the known ones may be back at once
        before, self._listed = self._listed, {}
        self._leaving += [endpoint for address, endpoint in before.items() if address not in addresses]
        for address in addresses:
            known = before.get(address)
            self._listed[address] = self._make(address, self._free_number(before)) if known is None else known
        self._close_idle()

    def _free_number(self, before: dict[str, Endpoint]) -> int:
        taken = {endpoint.number for endpoint in (*before.values(), *self._listed.values(), *self._leaving)}
        return next(number for number in range(len(taken) + 1) if number not in taken)

    def _close_idle(self) -> None:
        """Close who has left and is not read from; the request that found out doesn't wait for it."""
        idle = [endpoint for endpoint in self._leaving if not endpoint.under_way]
        self._leaving = [endpoint for endpoint in self._leaving if endpoint.under_way]
        for endpoint in idle:
            closing = asyncio.get_running_loop().create_task(endpoint.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
