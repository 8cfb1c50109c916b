"""One number that moves whenever something has happened on which a decision may rest.

Whoever keeps a decision to repeat it (a ticket) keeps the number with it: as long as it has not moved, only time can
have changed what was decided, or another response that is stored in place of its own. Of that the store tells it.
"""


class Epoch:
    """Counts what may have ended a decision: answers, writes, purges, switched modes, settings, a failing audit."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0

    def move(self) -> None:
        """Have every decision that is kept made anew before it is repeated."""
        self.number += 1
