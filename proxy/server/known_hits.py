"""Hits that repeat others: answered by a ticket and the octets around its figures, without being decided anew.

What is known is kept with the stored response, as a companion of it in the store: counted with it, and gone with it.
Two know a request again: the express lane by the octets of its head, and whoever has parsed it by what it says. Both
have the same tickets used here, and one answer in a thousand is checked against what is decided anew; a difference
ends it, for both.
"""

import logging
from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

from proxy.clock import Instant, readings
from proxy.exchange.answer import Answer, Handler, ReadyAnswer
from proxy.exchange.events import ExpressLaneClosed
from proxy.exchange.ports import RequestBody
from proxy.exchange.ticket import Figures
from proxy.exchange.tickets import Tickets
from proxy.semantics import trace_context
from proxy.semantics.message import Request
from proxy.server.doorkeeper import Doorkeeper
from proxy.server.express_shelves import KnownHit, Lines
from proxy.server.express_template import Template, is_plain, rendered, template_of

_TIMED_ONE_IN = 16
"""One in so many is timed, and counts for all of them: to read a clock costs as much as to find a ticket."""
_CHECKED_OF = 4096
_CHECKED_AMONG_FIRST = 4 * _TIMED_ONE_IN
"""Of so many, those that are timed among the first are checked: one in 1,024, but four close together. A check finds
nothing that it needs in the processor's caches, and takes several times as long as the next one."""
_log = logging.getLogger(__name__)


class KnownHits:
    """Answers what is known, and whether it still does. `keeps_traces`: a request whose trace is kept is none of it."""

    def __init__(
        self,
        tickets: Tickets[Any, Any],
        *,
        keeps_traces: bool,
        on_closed: Callable[[ExpressLaneClosed], None],
    ) -> None:
        self._tickets = tickets
        self._clock = tickets.clock
        self._boot_seconds, self._wall_seconds = readings(tickets.clock)
        self._keeps_traces = keeps_traces
        self._on_closed = on_closed
        self._unlisted: WeakValueDictionary[str, Lines] = WeakValueDictionary()
        self._used_at = self._clock.now()
        self.doorkeeper = Doorkeeper()
        self.on_rest: Callable[[], None] | None = None
        """Called once nothing is answered any more."""
        self.uses = 0
        """How many requests were answered so."""
        self.is_open = True
        self.is_check_due = False
        """Whether the last answer is one of those to be `checked`."""

    def close(self, why: ExpressLaneClosed) -> None:
        """Have everything decided anew from now on, and say why."""
        if self.is_open:
            self.rest()
            self._on_closed(why)

    def rest(self) -> None:
        """Do the same without a word, and learn no more."""
        self.is_open = False
        if self.on_rest is not None:
            self.on_rest()

    def repeat(self, request: Request) -> bytes | None:
        """Return the whole answer to a request that was parsed; None: it must be decided about, nothing was counted."""
        try:
            entry = self._known(request) if self._may_be_known(request) else None
            answer = None if entry is None else self.answer(entry)
            return self.checked(request, answer) if answer is not None and self.is_check_due else answer
        except Exception as fault:  # noqa: BLE001 - whatever it is, the request is decided about
            _log.error("server.known_hits_fault: %s", type(fault).__name__)
            self.close(ExpressLaneClosed.FAULT)
            return None

    def learn(self, request: Request) -> None:
        """Remember a request that was decided about, once it has come twice and was a plain hit."""
        if not self._may_be_known(request) or self._known(request) is not None:
            return
        party = request.peer.party
        if not self.doorkeeper.has_seen(hash((request.target, request.fields.get("Authorization"), party))):
            return
        lines = self._unlisted.get(party)
        if lines is None:
            lines = self._unlisted[party] = Lines(None, {}, b"")
        self.keep(request, lines, b"")

    def answer(self, entry: KnownHit) -> bytes | None:
        """Return the whole answer of one more use; None: it can't be used, and nothing was counted."""
        ticket = entry.ticket
        boot_seconds, wall_seconds = self._boot_seconds(), self._wall_seconds()
        figures = ticket.use(boot_seconds, wall_seconds)
        if figures is None:
            figures = self._use_anew(entry, boot_seconds, wall_seconds)
            if figures is None:
                return None
        date = ticket.receipt.date.encode()
        self.uses += 1
        if not self.uses % _TIMED_ONE_IN:
            ticket.spent(_TIMED_ONE_IN * (self._boot_seconds() - boot_seconds))
            if self.uses % _CHECKED_OF < _CHECKED_AMONG_FIRST:
                self.is_check_due = True
                self._used_at = Instant(wall_seconds=wall_seconds, boot_seconds=boot_seconds)
        return b"".join((entry.opening, date, entry.own, entry.common % figures, entry.body))

    def checked(self, request: Request | None, answer: bytes) -> bytes | None:
        """Decide anew about the request of the last answer; if that comes to something else, close, and return that."""
        self.is_check_due = False
        issued = None if request is None else self._tickets.issue(request, self._used_at)
        right = None if issued is None else rendered(issued)
        if right != answer:
            self.close(ExpressLaneClosed.MISMATCH)
        return right

    def keep(self, request: Request, lines: Lines, line: bytes) -> KnownHit | None:
        """Keep what will answer such requests with the response that does now; None if there is no such thing."""
        issued = self._tickets.issue(request, self._clock.now())
        template = None if issued is None else template_of(issued)
        if issued is None or template is None:
            return None
        entry = KnownHit(issued.ticket, template, lines=lines, line=line)
        return entry if self._tickets.store.attach(issued.ticket.subject.key, entry) else None

    def _may_be_known(self, request: Request) -> bool:
        if not self.is_open or not is_plain(request):
            return False
        if not self._keeps_traces:
            return True
        trace = trace_context.read(request.fields)
        return trace is not None and not trace.is_sampled

    def _known(self, request: Request) -> KnownHit | None:
        """Return what answers a request: whatever spelling its head has, there is one ticket for a party."""
        party = request.peer.party
        for companion in self._tickets.companions(request):
            if isinstance(companion, KnownHit) and companion.ticket.read.peer == party:
                return companion
        return None

    def _use_anew(self, entry: KnownHit, boot_seconds: float, wall_seconds: float) -> Figures | None:
        """Use a ticket after it has been renewed, if that is what it needs."""
        if not self._renew(entry, boot_seconds, wall_seconds):
            return None
        return entry.ticket.use(boot_seconds, wall_seconds)

    def _renew(self, entry: KnownHit, boot_seconds: float, wall_seconds: float) -> bool:
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

    def _forget(self, entry: KnownHit) -> None:
        self._tickets.store.detach(entry.ticket.subject.key, entry)
        entry.drop()


class Repeating:
    """A `Handler` in front of another: what is known is answered from that."""

    def __init__(self, handler: Handler, hits: KnownHits) -> None:
        self._handler = handler
        self._hits = hits

    async def handle(self, request: Request, body: RequestBody | None) -> Answer | ReadyAnswer:
        """Answer one request."""
        known = self._hits.repeat(request)
        if known is not None:
            return ReadyAnswer(known)
        answer = await self._handler.handle(request, body)
        if answer.status == ReadyAnswer.status:
            self._hits.learn(request)
        return answer
