"""Long work on the event loop, in pieces: everybody has a turn in between, and one such work is done at a time.

Vaults are looked at together, so their lists arrive together; each by itself is no reason to wait for anybody. Only a
few wait, because each is held in memory meanwhile: what comes in spite of that is done at once, and everybody waits.
"""

import asyncio

from proxy.caching.pieces import Pieces, ResultT, at_once

_MOST = 8


class Turns:
    """Who has more than one piece waits for the others who have; what is one piece is done at once."""

    def __init__(self) -> None:
        self._taken = asyncio.Lock()
        self._count = 0

    async def take(self, pieces: Pieces[ResultT]) -> ResultT:
        """Do one piece in each turn of the loop; return what has come of them."""
        try:
            next(pieces)
            if self._count >= _MOST:
                return at_once(pieces)
            self._count += 1
            try:
                async with self._taken:
                    while True:
                        await asyncio.sleep(0)
                        next(pieces)
            finally:
                self._count -= 1
        except StopIteration as end:
            result: ResultT = end.value
            return result
