"""Where the lane keeps what it knows of heads: shelves by peer, on them tails of heads, and for each its request lines.

Every entry is the companion of a stored response: counted with it, and gone with it. What becomes empty goes as well,
so that no token outlives the last response that is stored for it; a shelf goes with its last entry and connection.
"""

from collections.abc import MutableMapping
from typing import Any

from proxy.exchange.ticket import Ticket
from proxy.semantics.peer import Peer
from proxy.server.express_heads import Cut
from proxy.server.express_template import Template

_OVERHEAD_BYTES = 640
"""Objects around one entry: the ticket, octets objects, places in dicts. Measured; a test measures it again."""

MOST_CUTS = 16
"""Spellings of changing fields that are looked for at one peer's requests."""


class KnownHit:
    """What answers one request: a ticket, and the octets around its figures. Counts for its own octets and overhead."""

    __slots__ = ("_line", "_lines", "body", "common", "opening", "own", "size_bytes", "stored", "ticket")

    def __init__(self, ticket: Ticket[Any], template: Template, *, lines: "Lines", line: bytes) -> None:
        self.ticket = ticket
        self._lines = lines
        self._line = line
        self.answer_by(template)
        brought = (self.opening is template.opening, self.common is template.common)
        own_bytes = len(self.own) + brought[0] * len(self.opening) + brought[1] * len(self.common)
        self.size_bytes = own_bytes + len(line) + lines.share_bytes + _OVERHEAD_BYTES

    @property
    def template(self) -> Template:
        """The head around the ticket's figures."""
        return Template(opening=self.opening, own=self.own, common=self.common)

    def answer_by(self, template: Template) -> None:
        """Answer from now on with a head made for the ticket's response, and with that one's body: no copy."""
        self.own = template.own
        self.opening, self.common = self._lines.shared(template)
        self.stored = self.ticket.stored
        self.body = self.stored.response.body

    def was_used(self) -> bool:
        """Tell whether its ticket was used since this was asked last."""
        return self.ticket.was_used()

    def outdate(self) -> None:
        """Have the ticket decided for anew."""
        self.ticket.outdate()

    def drop(self) -> None:
        """Answer nothing any more."""
        self._lines.lose(self._line, self)


class Lines(dict[bytes, KnownHit]):
    """Entries by request line, for one tail. Their shelf stays as long as they do, for the peer's next connection.

    Without a shelf nothing is found here: entries only have octets in common.
    """

    __slots__ = ("__weakref__", "_common", "_opening", "_shelf", "_tails", "tail")

    def __init__(self, shelf: "Shelf | None", tails: MutableMapping[bytes, "Lines"], tail: bytes) -> None:
        super().__init__()
        self._shelf = shelf  # it is there for as long as anybody is connected, or anything is kept on it
        self._tails = tails
        self._opening = self._common = b""
        self.tail = tail

    @property
    def share_bytes(self) -> int:
        """What the next entry counts for of what all have in common: the first one for all of it."""
        return 0 if self else len(self.tail)

    def shared(self, template: Template) -> tuple[bytes, bytes]:
        """Return what is common to answers as the same objects as in the last one, if it is the same."""
        if template.opening != self._opening:
            self._opening = template.opening
        if template.common != self._common:
            self._common = template.common
        return self._opening, self._common

    def keep(self, line: bytes, entry: KnownHit) -> None:
        """Have an entry found."""
        self[line] = entry
        self._tails[self.tail] = self

    def lose(self, line: bytes, entry: KnownHit) -> None:
        """Have an entry found no more."""
        if self.get(line) is entry:
            del self[line]
            if not self and self._tails.get(self.tail) is self:
                del self._tails[self.tail]


class Shelf:
    """What one peer's heads are known by; `cut_tails` lack the values of changing fields, which `cuts` find."""

    __slots__ = ("__weakref__", "cut_tails", "cuts", "peer", "tails")

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        """The first one of its party."""
        self.tails: dict[bytes, Lines] = {}
        self.cut_tails: dict[bytes, Lines] = {}
        self.cuts: tuple[Cut, ...] = ()

    def look_for(self, cuts: tuple[Cut, ...]) -> bool:
        """Look for these from now on, too; False if that would be too many."""
        known = {cut.line.pattern for cut in self.cuts}
        more = tuple(cut for cut in cuts if cut.line.pattern not in known)
        if len(self.cuts) + len(more) > MOST_CUTS:
            return False
        self.cuts += more
        return True

    def clear(self) -> None:
        """Have nothing found any more; what is kept goes with its responses."""
        self.tails.clear()
        self.cut_tails.clear()
