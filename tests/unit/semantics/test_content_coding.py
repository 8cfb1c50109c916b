"""Would a request accept what is stored with a content coding (RFC 9110 sections 8.4.1 and 12.5.3)?"""

import pytest

from proxy.semantics.content_coding import accepts_codings
from tests.unit.caching.messages import fields

CASES = [
    # Accept-Encoding, Content-Encoding, acceptable, anchor
    (None, None, True, "nothing is encoded"),
    ("gzip;q=0", None, True, "nothing is encoded"),
    (None, "identity", True, "8.4.1: identity is no coding"),
    (None, "gzip", False, "more careful than 12.5.3"),
    ("", "gzip", False, "12.5.3: an empty field wants none"),
    ("gzip", "gzip", True, "12.5.3"),
    ("GZip", "gzip", True, "8.4.1: case-insensitive"),
    ("gzip", "GZIP", True, "8.4.1: case-insensitive"),
    ("x-gzip", "gzip", True, "8.4.1.3: x-gzip is gzip"),
    ("gzip", "x-gzip", True, "8.4.1.3: x-gzip is gzip"),
    ("compress", "x-compress", True, "8.4.1.1"),
    ("br", "gzip", False, "12.5.3"),
    ("br, gzip", "gzip", True, "12.5.3"),
    ("gzip;q=0.5", "gzip", True, "12.4.2"),
    ("gzip; q=0.001", "gzip", True, "12.4.2"),
    ("gzip;Q=1", "gzip", True, "12.4.2: case-insensitive"),
    ("gzip;q=0", "gzip", False, "12.4.2: q=0 is a refusal"),
    ("gzip;q=0.0", "gzip", False, "12.4.2"),
    ("gzip ; q=0.000", "gzip", False, "12.4.2"),
    ("*", "gzip", True, "12.5.3"),
    ("*;q=0", "gzip", False, "12.5.3"),
    ("gzip, *;q=0", "gzip", True, "12.5.3: the named one counts"),
    ("gzip;q=0, *", "gzip", False, "12.5.3: the named one counts"),
    ("identity", "gzip", False, "12.5.3"),
    ("gzip;q=high", "gzip", False, "rubbish is a refusal"),
    ("gzip;q=nan", "gzip", False, "rubbish is a refusal"),
    ("gzip;q=inf", "gzip", False, "rubbish is a refusal"),
    ("gzip;q=-1", "gzip", False, "rubbish is a refusal"),
    ("gzip;q=1_0", "gzip", False, "rubbish is a refusal"),
    ("gzip, gzip;q=0", "gzip", False, "a contradiction is a refusal"),
    ("gzip;q=0, gzip", "gzip", False, "in either order"),
    ("gzip", "gzip, br", False, "8.4: every coding counts"),
    ("gzip, br", "gzip, br", True, "8.4: every coding counts"),
    ("gzip", "identity, gzip", True, "8.4"),
    ("gzip", "", True, "nothing is encoded"),
]


@pytest.mark.parametrize(("accepted", "coding", "expected", "anchor"), CASES)
def test_an_encoded_response_is_only_for_who_accepts_it(accepted, coding, expected, anchor):
    request = fields() if accepted is None else fields(f"Accept-Encoding: {accepted}")
    response = fields() if coding is None else fields(f"Content-Encoding: {coding}")
    assert accepts_codings(request, response) is expected, anchor


def test_all_lines_of_accept_encoding_count():
    assert accepts_codings(
        fields("Accept-Encoding: br", "Accept-Encoding: gzip"), fields("Content-Encoding: gzip")
    )
