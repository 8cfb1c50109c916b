"""Requests that stand still until a test lets them go: the way to write a race without a sleep."""

import asyncio
import re

from proxy.emulator.effects import HoldPoint
from proxy.emulator.recorder import RecordedRequest


class Hold:
    """Holds matching requests at one point until `release` is called, at most `times` of them."""

    def __init__(self, *, method: str | None, path: str, at: HoldPoint, times: int | None) -> None:
        self.at = at
        self._method = method
        self._path = re.compile(path)
        self._remaining = times
        self._released = asyncio.Event()
        self._changed = asyncio.Event()
        self._reached: list[RecordedRequest] = []

    @property
    def reached(self) -> list[RecordedRequest]:
        """The requests that have come to the point so far, held or released since."""
        return list(self._reached)

    def release(self) -> None:
        """Let all held requests go on and hold no more."""
        self._released.set()

    async def arrived(self, count: int = 1, *, timeout_seconds: float | None = 10.0) -> RecordedRequest:
        """Return the `count`-th request held here, as soon as it stands still. Raises TimeoutError."""
        async with asyncio.timeout(timeout_seconds):
            while len(self._reached) < count:
                self._changed.clear()
                await self._changed.wait()
        return self._reached[count - 1]

    def claim(self, method: str, target: str) -> bool:
        """Tell whether a request is to be held here, and count it."""
        if self._released.is_set() or self._remaining == 0:
            return False
        if self._method not in (None, method) or not self._path.search(target):
            return False
        if self._remaining is not None:
            self._remaining -= 1
        return True

    async def stand_still(self, record: RecordedRequest) -> None:
        """Wait for the release."""
        self._reached.append(record)
        self._changed.set()
        await self._released.wait()
