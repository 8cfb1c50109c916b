"""Every request, exactly as it arrived, so that a test can count, and wait for an arrival instead of
sleeping.

Requests that aiohttp's parser refuses (400) never get here.
"""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class RecordedRequest:
    """One request. `status` is None until it was answered, and stays so when it never is."""

    number: int
    method: str
    target: bytes
    """The request target's bytes, escapes and all."""

    fields: tuple[tuple[bytes, bytes], ...]
    """Names and values in the order and case received."""

    body: bytes
    arrived_seconds: float
    connection_id: int
    is_reused_connection: bool
    status: int | None = None
    finished: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    """Set when the answer has been written or the connection was closed instead."""

    @property
    def path(self) -> str:
        """The target up to its query, undecoded."""
        return self.target.partition(b"?")[0].decode("utf-8", "replace")

    def values(self, name: str) -> list[str]:
        """Return all values of a field."""
        wanted = name.lower().encode("ascii")
        return [value.decode("latin-1") for key, value in self.fields if key.lower() == wanted]

    def value(self, name: str) -> str | None:
        """Return the first value of a field."""
        return next(iter(self.values(name)), None)


Predicate = Callable[[RecordedRequest], bool]


class Recorder:
    """Keeps the records and wakes who waits for one."""

    def __init__(self, *, max_records: int) -> None:
        self._records: deque[RecordedRequest] = deque(maxlen=max_records)
        self._waiting: set[asyncio.Event] = set()
        self._arrivals = 0

    @property
    def records(self) -> list[RecordedRequest]:
        """All requests so far, oldest first."""
        return list(self._records)

    @property
    def next_number(self) -> int:
        """The number of the request that arrives next, from 1."""
        return self._arrivals + 1

    def add(self, record: RecordedRequest) -> None:
        """Keep a request that has just arrived."""
        self._arrivals += 1
        self._records.append(record)
        for arrival in self._waiting:
            arrival.set()

    def clear(self) -> None:
        """Forget all requests."""
        self._records.clear()

    def matching(self, *, method: str | None, path: str | None) -> list[RecordedRequest]:
        """Return the requests with that method and with that regular expression found in their target."""
        pattern = re.compile(path or "")
        return [
            record
            for record in self._records
            if (method is None or record.method == method)
            and pattern.search(record.target.decode("utf-8", "replace"))
        ]

    async def wait_for(self, predicate: Predicate, *, count: int) -> RecordedRequest:
        """Return the `count`-th request that `predicate` accepts, as soon as there is one."""
        arrival = asyncio.Event()
        self._waiting.add(arrival)
        try:
            while True:
                accepted = [record for record in self._records if predicate(record)]
                if len(accepted) >= count:
                    return accepted[count - 1]
                arrival.clear()
                await arrival.wait()
        finally:
            self._waiting.discard(arrival)
