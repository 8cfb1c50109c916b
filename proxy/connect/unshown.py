"""What is decoded from a body or a token never shows itself: not in a traceback, not in a log."""

import msgspec


class Unshown(msgspec.Struct):
    """A decoded document whose repr has its kind only."""

    def __repr__(self) -> str:
        """Say what it is, and nothing that is in it."""
        return type(self).__name__
