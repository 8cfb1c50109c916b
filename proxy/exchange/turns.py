"""Work in pieces on the event loop: everybody has a turn in between."""

import asyncio

from proxy.caching.pieces import Pieces, ResultT


async def in_turns(pieces: Pieces[ResultT]) -> ResultT:
    """Do one piece in each turn of the loop; return what has come of them. One piece is done at once."""
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            result: ResultT = end.value
            return result
        await asyncio.sleep(0)
