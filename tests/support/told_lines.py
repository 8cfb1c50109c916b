"""What sidecars of the test's own process write to standard error, read from a file that nobody disturbs.

pytest's own capture reads and truncates what a thread may be writing at that moment.
"""

import asyncio
import json
from pathlib import Path


class ToldLines:
    """The log so far."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def lines(self) -> list[dict[str, object]]:
        """Return the lines that are complete."""
        whole, _, _ = self._file.read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    async def until(self, event: str) -> list[dict[str, object]]:
        """Return the lines so far, once one of `event` is there."""
        async with asyncio.timeout(20):
            while not any(line["event"] == event for line in self.lines()):
                await asyncio.sleep(0)
        return self.lines()
