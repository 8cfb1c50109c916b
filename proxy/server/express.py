"""The express lane: a request whose head is the same octets as one that was a hit is answered before it is parsed.

The lane knows octets: which head is which hit's. What answers it is in `known_hits`, which also checks one answer in a
thousand against the full path: that is asked what it would say to the same octets at the same moment.
"""

from collections.abc import Callable
from weakref import WeakValueDictionary

from proxy.exchange.events import ExpressLaneClosed
from proxy.semantics.message import Request
from proxy.semantics.peer import Peer
from proxy.server.express_heads import ChangingFields, line_end, without
from proxy.server.express_shelves import Lines, Shelf
from proxy.server.express_template import is_plain
from proxy.server.known_hits import KnownHits

Decide = Callable[[bytes, Peer], Request | None]
"""What the full path makes of the octets of a head; None if it refuses them."""


class ExpressLane:
    """All heads of one server. `decide` reads octets as the full path does."""

    def __init__(self, hits: KnownHits, *, changing: ChangingFields, decide: Decide) -> None:
        self._hits = hits
        self._changing = changing
        self._decide = decide
        self._shelves: WeakValueDictionary[str, Shelf] = WeakValueDictionary()
        hits.on_rest = self._forget_all
        self.answered = 0
        """How many requests took it."""

    @property
    def is_open(self) -> bool:
        """Whether it answers."""
        return self._hits.is_open

    def shelf(self, peer: Peer) -> Shelf:
        """Return what is known of a peer's heads: a ticket is for one party, because the audit says who read."""
        known = self._shelves.get(peer.party)
        if known is None:
            known = self._shelves[peer.party] = Shelf(peer)
        return known

    def close(self, why: ExpressLaneClosed) -> None:
        """Let everything take the full path from now on, where it is decided anew, and say why."""
        self._hits.close(why)

    def answer(self, octets: bytes, shelf: Shelf) -> bytes | None:
        """Return the whole answer to a head; None: the full path has to answer, and nothing has been counted."""
        at = octets.find(b"\r")  # line_end()
        tail = octets[at:]
        if shelf.cuts and (cut := without(tail, shelf.cuts)) is not None:
            lines = shelf.cut_tails.get(cut)
        else:
            lines = shelf.tails.get(tail)
        entry = None if lines is None else lines.get(octets[:at])
        if entry is None:
            return None
        hits = self._hits
        answer = hits.answer(entry)
        if answer is None:
            return None
        self.answered += 1
        return hits.checked(self._decide(octets, shelf.peer), answer) if hits.is_check_due else answer

    def learn(self, octets: bytes, request: Request, shelf: Shelf) -> None:
        """Remember a head that the full path has answered, once it has come twice and was a plain hit."""
        if not self.is_open or not is_plain(request):
            return
        at = line_end(octets)
        line, tail = octets[:at], octets[at:]
        lines = self._lines_for(shelf, tail)
        if lines is None or line in lines:
            return  # else the lane would have forgotten it: the request came at a bad moment, or together with others
        if not self._hits.doorkeeper.has_seen(hash((line, lines.tail))):
            return
        entry = self._hits.keep(request, lines, line)
        if entry is not None:
            lines.keep(line, entry)

    def _lines_for(self, shelf: Shelf, tail: bytes) -> Lines | None:
        """Return where heads with a tail are kept; None if they can't be."""
        cuts = self._changing.cuts_of(tail)
        if self._changing.may_be_kept(tail, cuts):
            return None
        cut = without(tail, cuts)
        if cut is None:
            return shelf.tails.get(tail) or Lines(shelf, shelf.tails, tail)
        if not shelf.look_for(cuts):
            return None
        return shelf.cut_tails.get(cut) or Lines(shelf, shelf.cut_tails, cut)

    def _forget_all(self) -> None:
        for shelf in list(self._shelves.values()):
            shelf.clear()
