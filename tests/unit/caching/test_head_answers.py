"""What an answer to HEAD says of what is stored for GET (RFC 9111 section 4.3.5)."""

import pytest

from proxy.caching.decisions import NotStored, on_head_answer
from proxy.caching.reasons import NotStoredReason as No
from proxy.caching.stored_response import StoredResponse
from tests.unit.caching.messages import at, head, sent, stored, subject

FRESH = "Cache-Control: max-age=60"
MISMATCH = NotStored(reason=No.NOT_VALIDATED)

CASES = [
    # stored, status, lines, what follows, anchor
    (('ETag: "a"',), 200, ('ETag: "a"',), "freshened", "4.3.5"),
    (('ETag: "a"',), 200, ('ETag: "a"', "Content-Length: 10"), "freshened", "4.3.5"),
    (('ETag: "a"',), 200, ('ETag: "a"', "Content-Length: 11"), MISMATCH, "4.3.5: another length"),
    (('ETag: "a"',), 200, ('ETag: "b"',), MISMATCH, "4.3.5: another tag"),
    ((), 200, ('ETag: "b"',), MISMATCH, "4.3.5: we have no such tag"),
    ((), 200, ("Content-Length: 11",), MISMATCH, "4.3.5: another length"),
    ((), 200, ("Content-Length: 10",), None, "a length alone proves nothing"),
    (('ETag: "a"',), 200, (), None, "names nothing"),
    (('ETag: "a"',), 404, ('ETag: "b"',), None, "4.3.5: 200 only"),
    (('ETag: "a"',), 200, ('ETag: "a"', "Cache-Control: no-store"), NotStored(reason=No.NO_STORE), "5.2.2.5"),
]


@pytest.mark.parametrize(("held", "status", "lines", "expected", "anchor"), CASES)
def test_an_answer_to_head_freshens_contradicts_or_says_nothing(held, status, lines, expected, anchor):
    kept = stored(*held, FRESH)
    verdict = on_head_answer(kept, head(*lines, status=status), subject(), sent(99, 8), at(100))
    if expected == "freshened":
        assert isinstance(verdict, StoredResponse), anchor
        assert (verdict.current_age_seconds(at(100)), verdict.response.body) == (1.0, kept.response.body)
    else:
        assert verdict == expected, anchor
