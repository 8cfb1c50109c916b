"""Whether all octets that aiohttp's parser was fed belong to messages that it has given out whole.

The parser keeps the beginning of a head to itself. Whoever answers before it must know that there is none. What ends a
message is found anew here, never later than the parser finds it; so where both have seen as many messages and nothing
is left here, nothing is left there. Where that can't be told (chunked bodies) the answer is no, for good.
"""

_HEAD_END = b"\r\n\r\n"
_LONGEST = 262_144


class Unread:
    """Accounts for one connection. `is_none`: the parser stands between two messages."""

    __slots__ = ("_is_lost", "_left_bytes", "_octets", "is_none")

    def __init__(self) -> None:
        self._octets = b""  # fed, and not yet seen to belong to a message that was given out
        self._left_bytes = 0  # of a body, still to come
        self._is_lost = False
        self.is_none = True

    def fed(self, octets: bytes) -> None:
        """Note what the parser gets."""
        if self._left_bytes:
            taken = min(self._left_bytes, len(octets))
            self._left_bytes -= taken
            octets = octets[taken:]
        self._octets = self._octets + octets if self._octets else octets
        self._is_lost = self._is_lost or len(self._octets) > _LONGEST
        self._settle()

    def given_out(self, body_bytes: int | None) -> None:
        """Note a message that the parser has given out; None: nobody knows where its body ends."""
        end = self._octets.find(_HEAD_END)
        if end < 0 or body_bytes is None:
            self._is_lost = True
        else:
            octets = self._octets[end + len(_HEAD_END) :]
            self._left_bytes = max(0, body_bytes - len(octets))
            self._octets = octets[body_bytes:]
        self._settle()

    def _settle(self) -> None:
        if self._is_lost:
            self._octets = b""
        self.is_none = not (self._is_lost or self._octets or self._left_bytes)
