"""The express lane: a request whose head is the same octets as one that was a hit is answered before it is parsed.

What is kept for a head is a ticket (exchange/tickets.py), which refers to the stored response and says whether the
decision still holds; the lane knows octets and writes them. It may turn itself off: it checks one answer in a thousand
against the full path, which is asked what it would say to the same octets at the same moment.
"""

from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

from proxy.clock import Instant, readings
from proxy.exchange.events import ExpressLaneClosed
from proxy.exchange.ticket import Figures
from proxy.exchange.tickets import Tickets
from proxy.semantics.message import Request
from proxy.semantics.peer import Peer
from proxy.server.doorkeeper import Doorkeeper
from proxy.server.express_heads import ChangingFields, line_end, without
from proxy.server.express_shelves import KnownHead, Lines, Shelf
from proxy.server.express_template import Template, is_plain, rendered, template_of

_TIMED_ONE_IN = 16
"""One in so many is timed, and counts for all of them: to read a clock costs as much as to find a ticket."""
_CHECKED_OF = 4096
_CHECKED_AMONG_FIRST = 4 * _TIMED_ONE_IN
"""Of so many, those that are timed among the first are checked: one in 1,024, but four close together. A check finds
nothing that it needs in the processor's caches, and takes several times as long as the next one."""
Decide = Callable[[bytes, Peer], Request | None]
"""What the full path makes of the octets of a head; None if it refuses them."""


class ExpressLane:
    """All heads of one server, and whether it is open. `decide` reads octets as the full path does."""

    def __init__(
        self,
        tickets: Tickets[Any, Any],
        *,
        changing: ChangingFields,
        decide: Decide,
        on_closed: Callable[[ExpressLaneClosed], None],
    ) -> None:
        self._tickets = tickets
        self._clock = tickets.clock
        self._boot_seconds, self._wall_seconds = readings(tickets.clock)
        self._changing = changing
        self._decide = decide
        self._on_closed = on_closed
        self._shelves: WeakValueDictionary[str, Shelf] = WeakValueDictionary()
        self._doorkeeper = Doorkeeper()
        self.is_open = True
        self.answered = 0
        """How many requests took it."""

    def shelf(self, peer: Peer) -> Shelf:
        """Return what is known of a peer's heads: a ticket is for one party, because the audit says who read."""
        known = self._shelves.get(peer.party)
        if known is None:
            known = self._shelves[peer.party] = Shelf(peer)
        return known

    def close(self, why: ExpressLaneClosed) -> None:
        """Let everything take the full path from now on, and say why."""
        if self.is_open:
            self.rest()
            self._on_closed(why)

    def rest(self) -> None:
        """Do the same without a word: forget all heads, and learn no more."""
        self.is_open = False
        for shelf in list(self._shelves.values()):
            shelf.clear()

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
        ticket = entry.ticket
        boot_seconds, wall_seconds = self._boot_seconds(), self._wall_seconds()
        figures = ticket.use(boot_seconds, wall_seconds)
        if figures is None:
            figures = self._use_anew(entry, boot_seconds, wall_seconds)
            if figures is None:
                return None
        date = ticket.receipt.date.encode()
        answer = b"".join((entry.opening, date, entry.own, entry.common % figures, entry.body))
        self.answered += 1
        if not self.answered % _TIMED_ONE_IN:
            ticket.spent(_TIMED_ONE_IN * (self._boot_seconds() - boot_seconds))
            if self.answered % _CHECKED_OF < _CHECKED_AMONG_FIRST:
                now = Instant(wall_seconds=wall_seconds, boot_seconds=boot_seconds)
                return self._checked(octets, shelf.peer, answer, now)
        return answer

    def learn(self, octets: bytes, request: Request, shelf: Shelf) -> None:
        """Remember a head that the full path has answered, once it has come twice and was a plain hit."""
        if not self.is_open or not is_plain(request):
            return
        at = line_end(octets)
        line, tail = octets[:at], octets[at:]
        lines = self._lines_for(shelf, tail)
        if lines is None or line in lines:
            return  # else the lane would have forgotten it: the request came at a bad moment, or together with others
        if not self._doorkeeper.has_seen(hash((line, lines.tail))):
            return
        issued = self._tickets.issue(request, self._clock.now())
        template = None if issued is None else template_of(issued)
        if issued is None or template is None:
            return
        entry = KnownHead(issued.ticket, template, lines=lines, line=line)
        if self._tickets.store.attach(issued.ticket.subject.key, entry):
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

    def _use_anew(self, entry: KnownHead, boot_seconds: float, wall_seconds: float) -> Figures | None:
        """Use a ticket after it has been renewed, if that is what it needs."""
        if not self._renew(entry, boot_seconds, wall_seconds):
            return None
        return entry.ticket.use(boot_seconds, wall_seconds)

    def _renew(self, entry: KnownHead, boot_seconds: float, wall_seconds: float) -> bool:
        """Have an entry's ticket decided anew; what is for another response than before is answered with that one."""
        now = Instant(wall_seconds=wall_seconds, boot_seconds=boot_seconds)
        template: Template | None = None
        if self._tickets.renew(entry.ticket, now):
            stored = entry.ticket.stored
            if stored is entry.stored:
                return True
            template = entry.template if stored.receipt.date.isascii() else None
        if template is None:
            issued = self._tickets.reissue(entry.ticket, now)
            template = None if issued is None else template_of(issued)
        if template is None:
            self._forget(entry)
            return False
        entry.answer_by(template)
        return True

    def _forget(self, entry: KnownHead) -> None:
        self._tickets.store.detach(entry.ticket.subject.key, entry)
        entry.drop()

    def _checked(self, octets: bytes, peer: Peer, answer: bytes, now: Instant) -> bytes | None:
        """Ask the full path what it would say; if that is something else, close, and say that."""
        request = self._decide(octets, peer)
        issued = None if request is None else self._tickets.issue(request, now)
        right = None if issued is None else rendered(issued)
        if right != answer:
            self.close(ExpressLaneClosed.MISMATCH)
        return right
