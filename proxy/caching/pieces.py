"""Work that comes in pieces: a generator that yields where others may have a turn, and returns what has come of it.

What is pure has no event loop to wait in. Whoever runs it decides what happens between two pieces.
"""

from collections.abc import Generator
from typing import TypeVar

ResultT = TypeVar("ResultT")
Pieces = Generator[None, None, ResultT]


def whole(result: ResultT) -> Pieces[ResultT]:
    """Return work that is done already."""
    yield from ()
    return result


def at_once(pieces: Pieces[ResultT]) -> ResultT:
    """Do it all, and return what has come of it."""
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            result: ResultT = end.value
            return result
