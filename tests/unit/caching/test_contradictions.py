"""Where an answer or a request contradicts itself or what is stored, nothing is concluded from it."""

from proxy.caching.decisions import NotStored, on_not_modified
from proxy.caching.reasons import NotStoredReason
from proxy.caching.reuse import present
from proxy.caching.stored_response import StoredResponse
from tests.unit.caching.messages import at, date, get, head, receipt, sent, stored, subject


def _freshen(*lines, held):
    told = head(*lines, status=304)
    return on_not_modified(held, told, subject().rules, sent(99), receipt(told, 100, asked=99))


def test_a_304_of_another_date_is_about_something_else_unless_the_tags_agree():
    """RFC 9111 section 4.3.4."""
    dated = stored(f"Last-Modified: {date(-9)}", "Cache-Control: max-age=60")
    assert isinstance(_freshen(f"Last-Modified: {date(-9)}", held=dated), StoredResponse)
    mismatch = NotStored(reason=NotStoredReason.NOT_VALIDATED)
    assert _freshen(f"Last-Modified: {date(-8)}", held=dated) == mismatch
    tagged = stored('ETag: "a"', f"Last-Modified: {date(-9)}", "Cache-Control: max-age=60")
    assert isinstance(_freshen('ETag: "a"', f"Last-Modified: {date(-8)}", held=tagged), StoredResponse)


def test_ranges_on_several_lines_are_several_ranges():
    """RFC 9110 section 5.3: lines of a field are one list."""
    shown = present(stored(), get("Range: bytes=0-1", "Range: bytes=4-5"), at())
    assert (shown.status, shown.body) == (200, b"0123456789")
