"""What an answer proves about other stored responses: a vault's list confirms thousands, so it is applied in pieces.

What it outdates goes at once. What it confirms may wait a turn of the loop or a few, and everybody has one in between:
until then a response is as old as it was, no more. What happens meanwhile (a write, a later answer) wins.
"""

from collections import deque
from dataclasses import dataclass, replace

from proxy.caching import decisions
from proxy.caching.generations import Generations
from proxy.caching.key import CacheKey
from proxy.caching.profile import Proof, Sent
from proxy.caching.receipt import Receipt
from proxy.caching.stored_response import StoredResponse
from proxy.exchange.ports import ResponseStore
from proxy.exchange.sweeper import Sweeper
from proxy.semantics.message import ResponseHead

_PIECE = 32
"""How many responses are confirmed in one go: a quarter of a millisecond."""

_MOST_WAITING = 8
"""Proofs that may wait for their turns, each with a list's worth of memory; before there are more, one is finished."""


@dataclass(slots=True, kw_only=True)
class _Confirmation:
    """A proof that is being applied, and what it has not been held against so far.

    `is_whole`: all that it confirms has gone by its receipt so far.
    """

    proof: Proof
    head: ResponseHead
    sent: Sent
    receipt: Receipt
    left: list[CacheKey]
    is_whole: bool = True


class Proofs:
    """Applies proofs, `piece` responses at once."""

    def __init__(self, *, store: ResponseStore, generations: Generations, piece: int = _PIECE) -> None:
        self._store = store
        self._generations = generations
        self._piece = piece
        self._waiting: deque[_Confirmation] = deque()
        self._sweeper = Sweeper(self._go_on)

    def apply(self, proof: Proof, head: ResponseHead, sent: Sent, receipt: Receipt) -> None:
        """Remove what an answer outdates, and freshen what it shows to be unchanged: one piece now, the rest soon."""
        about = self._store.tagged(proof.about)
        for stored in about:
            if proof.outdates(stored):
                self._store.remove(stored.key)
        left = [stored.key for stored in about]
        confirmation = _Confirmation(proof=proof, head=head, sent=sent, receipt=receipt, left=left)
        if not self._confirm_some(confirmation):
            return
        if len(self._waiting) >= _MOST_WAITING:
            self._finish(self._waiting.popleft())
        self._waiting.append(confirmation)
        self._sweeper.wake()

    async def close(self) -> None:
        """Leave what is left: it is not made fresher, and that is all."""
        await self._sweeper.close()

    def _go_on(self) -> bool:
        """Apply the next piece; tell whether there is another."""
        confirmation = self._waiting.popleft()
        if self._confirm_some(confirmation):
            self._waiting.appendleft(confirmation)
        return bool(self._waiting)

    def _finish(self, confirmation: _Confirmation) -> None:
        while self._confirm_some(confirmation):
            pass

    def _confirm_some(self, confirmation: _Confirmation) -> bool:
        """Apply a piece of one proof; tell whether more of it is left."""
        left = confirmation.left
        piece = left[-self._piece :]
        del left[-self._piece :]
        for key in piece:
            for stored in self._store.peek(key):
                self._confirm(stored, confirmation)
        if not left and confirmation.is_whole:
            confirmation.receipt.complete_as_of = confirmation.sent.latest
        return bool(left)

    def _confirm(self, stored: StoredResponse, by: _Confirmation) -> None:
        """Freshen a response, unless it is of a later request or was outdated after this one was sent."""
        rules = by.proof.confirms(stored)
        generation, sent = self._generations.current(stored.scopes), by.sent
        if rules is None or generation > sent.latest:
            return
        if generation != sent.generation:
            sent = replace(sent, generation=generation)
        renewed = decisions.on_confirmed(stored, by.head, rules, sent, by.receipt)
        if renewed is None:
            by.is_whole = False
            return
        by.is_whole &= renewed.receipt is by.receipt
        stored.receipt.complete_as_of = None  # what it stood for goes by another from now on
        self._store.renew(renewed)
