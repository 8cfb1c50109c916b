"""What the lane knows of heads: found by tail and line, counted with its response, and gone without a trace."""

import gc
import sys
import weakref
from types import SimpleNamespace

from proxy.semantics.peer import NOBODY
from proxy.server.express_heads import ChangingFields
from proxy.server.express_shelves import MOST_CUTS, KnownHit, Lines, Shelf
from proxy.server.express_template import Template

TAIL = b"\r\nHost: a\r\nAuthorization: Bearer t\r\n\r\n"
HEAD = Template(opening=b"opening", own=b"head", common=b"rest")
LINE = b"GET /v1/vaults HTTP/1.1"
CHANGING = ChangingFields([f"X-Id-{number}" for number in range(MOST_CUTS + 1)], only_unsampled=False)


def ticket(body=b"body"):
    return SimpleNamespace(stored=SimpleNamespace(response=SimpleNamespace(body=body)))


def keep(shelf, line=LINE, tail=TAIL, template=HEAD):
    lines = shelf.tails.get(tail) or Lines(shelf, shelf.tails, tail)
    entry = KnownHit(ticket(), template, lines=lines, line=line)
    lines.keep(line, entry)
    return entry


def cuts_of(*numbers):
    return CHANGING.cuts_of(b"".join(b"\r\nX-Id-%d: a" % number for number in numbers) + b"\r\n\r\n")


def test_an_entry_is_found_by_its_tail_and_its_line():
    shelf = Shelf(NOBODY)
    first, second = keep(shelf), keep(shelf, b"GET /v1/vaults/v HTTP/1.1")
    other = keep(shelf, tail=b"\r\nHost: b\r\n\r\n")
    assert shelf.tails[TAIL] == {LINE: first, b"GET /v1/vaults/v HTTP/1.1": second}
    assert shelf.tails[b"\r\nHost: b\r\n\r\n"] == {LINE: other}


def test_a_body_is_the_stored_one():
    of_ticket = ticket(b"x" * 1000)
    entry = KnownHit(of_ticket, HEAD, lines=Lines(Shelf(NOBODY), {}, TAIL), line=LINE)
    assert entry.body is of_ticket.stored.response.body


def test_an_entry_was_used_if_its_ticket_was():
    of_ticket = ticket()
    entry = KnownHit(of_ticket, HEAD, lines=Lines(Shelf(NOBODY), {}, TAIL), line=LINE)
    for is_used in (True, False):
        of_ticket.was_used = lambda is_used=is_used: is_used
        assert entry.was_used() is is_used


def test_the_tail_is_counted_with_the_first_entry_and_the_line_with_each():
    shelf = Shelf(NOBODY)
    first, second = keep(shelf), keep(shelf, LINE + b"x")
    assert first.size_bytes - second.size_bytes == len(TAIL) - 1


def test_what_answers_have_in_common_is_kept_and_counted_once():
    shelf = Shelf(NOBODY)
    first = keep(shelf, template=Template(opening=b"o", own=b"1", common=bytes(bytearray(b"rest"))))
    second = keep(
        shelf, LINE + b"x", template=Template(opening=b"o", own=b"22", common=bytes(bytearray(b"rest")))
    )
    other = keep(shelf, LINE + b"y", template=Template(opening=b"o", own=b"22", common=b"another"))
    assert second.common is first.common
    assert other.common == b"another"
    assert second.size_bytes - first.size_bytes == 1 + 1 - len(b"rest") - len(TAIL)
    assert other.size_bytes - second.size_bytes == len(b"another")


def test_with_the_last_entry_of_a_tail_the_tail_goes():
    shelf = Shelf(NOBODY)
    first, second = keep(shelf), keep(shelf, b"GET /2 HTTP/1.1")
    first.drop()
    assert list(shelf.tails[TAIL].values()) == [second]
    second.drop()
    assert shelf.tails == {}
    second.drop()
    assert shelf.tails == {}


def test_an_entry_that_was_replaced_takes_its_successor_not_along():
    shelf = Shelf(NOBODY)
    first, second = keep(shelf), keep(shelf)
    first.drop()
    assert shelf.tails[TAIL] == {LINE: second}


def test_lines_that_have_gone_take_those_not_along_that_came_in_their_place():
    shelf = Shelf(NOBODY)
    first = keep(shelf)
    shelf.clear()
    second = keep(shelf)
    first.drop()
    assert shelf.tails[TAIL] == {LINE: second}


def test_lines_that_were_emptied_while_an_entry_was_on_its_way_are_found_again():
    """What is kept with a response may push out the entry whose tail it shares."""
    shelf = Shelf(NOBODY)
    first = keep(shelf)
    lines = shelf.tails[TAIL]
    second = KnownHit(ticket(), HEAD, lines=lines, line=b"GET /2 HTTP/1.1")
    first.drop()
    assert shelf.tails == {}
    lines.keep(b"GET /2 HTTP/1.1", second)
    assert shelf.tails[TAIL] == {b"GET /2 HTTP/1.1": second}


def test_a_shelf_that_was_cleared_knows_nothing_and_entries_may_still_go():
    shelf = Shelf(NOBODY)
    entry = keep(shelf)
    shelf.clear()
    entry.drop()
    assert shelf.tails == shelf.cut_tails == {}


def test_nothing_holds_a_tail_once_its_entries_have_gone():
    shelf = Shelf(NOBODY)
    tail = bytes(bytearray(TAIL))
    before = sys.getrefcount(tail)
    entries = [keep(shelf, b"GET /%d HTTP/1.1" % number, tail) for number in range(3)]
    assert sys.getrefcount(tail) > before
    while entries:
        entries.pop().drop()
    gc.collect()
    assert sys.getrefcount(tail) == before


def test_a_shelf_stays_as_long_as_anything_on_it_and_then_goes():
    shelf = Shelf(NOBODY)
    gone = weakref.ref(shelf)
    first, second = keep(shelf), keep(shelf, b"GET /2 HTTP/1.1")
    del shelf
    first.drop()
    gc.collect()
    assert gone() is not None
    second.drop()
    del first, second
    gc.collect()
    assert gone() is None


def test_a_shelf_that_was_cleared_goes_with_what_was_on_it():
    shelf = Shelf(NOBODY)
    gone, entry = weakref.ref(shelf), keep(shelf)
    shelf.clear()
    del shelf, entry
    gc.collect()
    assert gone() is None


def test_spellings_are_looked_for_once_and_are_bounded():
    shelf = Shelf(NOBODY)
    assert shelf.look_for(cuts_of(0, 1))
    assert shelf.look_for(cuts_of(1, 2))
    assert [cut.mark for cut in shelf.cuts] == [b"\r\nX-Id-%d:" % number for number in (0, 1, 2)]
    assert shelf.look_for(cuts_of(*range(MOST_CUTS)))
    assert not shelf.look_for(cuts_of(MOST_CUTS))
    assert shelf.look_for(cuts_of(3))
    assert len(shelf.cuts) == MOST_CUTS
