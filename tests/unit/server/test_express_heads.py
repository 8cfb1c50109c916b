"""What of a head may be cut out: only the value of a line that no reading of the head takes for anything else."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.server.express_heads import (
    ChangingFields,
    begins,
    goes_on,
    is_whole,
    line_end,
    says_unsampled,
    without,
)

HEAD_PIECES = [
    b"\r\n",
    b"\r",
    b"\n",
    b"GET / HTTP/1.1",
    b"traceparent: ",
    b"X-Request-Id: a",
    b"b3:",
    b" ",
    b"\0",
    b"Host: a",
]
LETTERS = string.ascii_letters.encode()
LINE = b"GET /v1/vaults HTTP/1.1"
UNSAMPLED = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
CHANGING = ChangingFields(
    ("traceparent", "tracestate", "b3", "X-B3-TraceId", "X-Request-Id"), only_unsampled=False
)
TRACED = ChangingFields(
    ("traceparent", "tracestate", "b3", "X-B3-TraceId", "X-B3-Sampled", "X-Request-Id"), only_unsampled=True
)


def tail(*lines: bytes) -> bytes:
    """Return all of a head but its request line."""
    return b"".join(b"\r\n" + line for line in (b"Host: a", *lines)) + b"\r\n\r\n"


def cut(octets: bytes, changing: ChangingFields = CHANGING) -> bytes | None:
    return without(octets, changing.cuts_of(octets))


# --- where a head begins, comes apart and ends


def test_a_head_comes_apart_where_its_request_line_ends():
    head = LINE + tail()
    assert (head[: line_end(head)], head[line_end(head) :]) == (LINE, tail())


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        LINE,
        LINE + tail()[:-1],
        LINE + tail() + b"G",
        LINE + tail() + LINE + tail(),
        b"\r\n" + LINE + tail(),
        (LINE + tail()).replace(b"GET", b"PUT"),
        (LINE + tail()).replace(b"GET", b"get"),
        (LINE + tail()).replace(b"GET", b"HEAD"),
        b"GET http://a/v1/vaults HTTP/1.1" + tail(),
        b"GET * HTTP/1.1" + tail(),
        b"GET  / HTTP/1.1" + tail(),
        LINE + tail().replace(b"\r\n", b"\n"),
    ],
)
def test_whole_is_one_get_in_origin_form_and_nothing_else(octets):
    assert not is_whole(octets)


def test_every_beginning_of_a_head_may_become_one_and_the_whole_head_is_one():
    head = LINE + tail(b"X-Request-Id: 1")
    for end in range(len(head)):
        assert begins(head[:end])
        assert not is_whole(head[:end])
    assert is_whole(head)
    assert not begins(head)


@pytest.mark.parametrize(
    "octets", [b"P", b"GE7", b"GET h", b"\r", b"\r\nGET /", b"GET / HTTP/1.1\r\n\r\nG", b"get /"]
)
def test_what_can_become_no_such_head_is_not_held_back(octets):
    assert not begins(octets)


# --- the changing fields: what is cut


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (b"X-Request-Id: a", b"X-Request-Id: "),
        (b"x-request-id: a", b"x-request-id: "),
        (b"X-REQUEST-ID:a", b"X-REQUEST-ID:"),
        (b"X-Request-Id: \t a b  c \t", b"X-Request-Id: \t  \t"),
        (b"X-Request-Id: " + b"a" * 512, b"X-Request-Id: "),
        (b"X-Request-Id: Az09=_;,:.-", b"X-Request-Id: "),
        (b"traceparent: " + UNSAMPLED, b"traceparent: "),
        (b"traceparent: " + UNSAMPLED[:-1] + b"1", b"traceparent: "),
        (b"tracestate: a=b,c-d=e", b"tracestate: "),
        (b"b3: 0", b"b3: "),
        (b"X-B3-TraceId: 80f198ee56343ba8", b"X-B3-TraceId: "),
    ],
)
def test_only_the_value_goes_and_its_line_stays_as_it_is(line, kept):
    for place in range(3):
        lines = [b"Accept: x", b"Z: y"]
        lines.insert(place, line)
        expected = [b"Accept: x", b"Z: y"]
        expected.insert(place, kept)
        assert cut(tail(*lines)) == tail(*expected)


def test_directly_after_the_request_line_it_is_cut_as_well():
    assert cut(b"\r\nX-Request-Id: 1\r\nHost: a\r\n\r\n") == b"\r\nX-Request-Id: \r\nHost: a\r\n\r\n"


def test_several_fields_are_cut_each_by_itself():
    octets = tail(b"traceparent: " + UNSAMPLED, b"X-Request-Id: 7", b"tracestate: a=b")
    assert cut(octets) == tail(b"traceparent: ", b"X-Request-Id: ", b"tracestate: ")


# --- what is not


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([], id="not there"),
        pytest.param([b"X-Request-Id: a", b"X-Request-Id: b"], id="twice"),
        pytest.param([b"X-Request-Id: a", b"x-request-ID: b"], id="twice, in other case"),
        pytest.param([b"X-Request-Id: a", b"X-Request-Id:"], id="twice, once empty"),
        pytest.param([b"X-Request-Id:"], id="empty"),
        pytest.param([b"X-Request-Id: \t "], id="blank"),
        pytest.param([b"X-Request-Id: " + b"a" * 513], id="too long"),
        pytest.param([b"X-Request-Id: " + b"a b " * 129], id="too long, with spaces"),
        pytest.param([b"X-Request-Id: a\r\n b"], id="folded"),
        pytest.param([b"X-Request-Id: a\r\n\tb"], id="folded by a tab"),
        pytest.param([b"X-Request-Id:\r\n a"], id="folded at once"),
        pytest.param([b"X-Request-Id: a\r\n "], id="folded, and then nothing"),
        pytest.param([b"X: y\r\n X-Request-Id: a"], id="in a folded line"),
        pytest.param([b"X: X-Request-Id: a"], id="in the value of another"),
        pytest.param([b"X: \nX-Request-Id: a"], id="after a bare line feed"),
        pytest.param([b"X: \rX-Request-Id: a"], id="after a bare carriage return"),
        pytest.param([b"My-X-Request-Id: a"], id="the end of a longer name"),
        pytest.param([b"X-Request-Id-Too: a"], id="the beginning of a longer name"),
        pytest.param([b"X-Request-Id : a"], id="space before the colon"),
        pytest.param([b" X-Request-Id: a"], id="space before the name"),
        pytest.param([b"X-Request-Id a"], id="no colon"),
        pytest.param([b"X-Request-Id: a\tb"], id="a tab within"),
    ],
)
def test_a_line_that_may_be_read_in_another_way_is_compared_like_any_other(lines):
    assert cut(tail(*lines)) is None


@pytest.mark.parametrize("value", [b"%b", b"a%b", b"%ba", b"a%bc", b"a %b c"])
def test_an_octet_of_no_id_is_never_cut(value):
    others = set(range(256)) - set(b"=_;,:.- \t0123456789" + LETTERS)
    for octet in others:
        assert cut(tail(b"X-Request-Id: " + value % bytes([octet]), b"Z: y")) is None, octet


def test_a_name_in_the_target_is_not_looked_at():
    octets = b"GET /?X-Request-Id:1 HTTP/1.1" + tail()
    assert cut(octets[line_end(octets) :]) is None


def test_at_the_very_end_of_a_head_the_empty_line_is_left():
    octets = tail(b"X-Request-Id: 1")
    assert octets.endswith(b": 1\r\n\r\n")
    assert cut(octets) == octets.replace(b": 1", b": ")


def test_a_field_of_another_spelling_than_the_one_looked_for_stays():
    cuts = CHANGING.cuts_of(tail(b"X-Request-Id: 1"))
    assert without(tail(b"x-request-id: 1"), cuts) is None
    assert without(tail(b"X-Request-Id: 1", b"x-request-id: 2"), cuts) == tail(
        b"X-Request-Id: ", b"x-request-id: 2"
    )


def test_without_names_nothing_is_looked_for():
    assert ChangingFields((), only_unsampled=False).cuts_of(tail(b"X-Request-Id: 1")) == ()


def test_what_a_name_has_of_a_pattern_is_meant_as_it_is():
    changing = ChangingFields(("X-.",), only_unsampled=False)
    assert cut(tail(b"X-1: a"), changing) is None


# --- while traces are kept


@pytest.mark.parametrize(
    "value",
    [
        UNSAMPLED[:-1] + b"1",
        UNSAMPLED[:-1] + b"2",
        UNSAMPLED[:-2],
        UNSAMPLED + b"-x",
        UNSAMPLED.upper(),
        b"01" + UNSAMPLED[2:],
        b"ff" + UNSAMPLED[2:],
        b"00-" + b"0" * 32 + UNSAMPLED[35:],
        UNSAMPLED[:36] + b"0" * 16 + b"-00",
        UNSAMPLED.replace(b"-", b"_"),
        UNSAMPLED[:-3] + b" -00",
        b"",
        b"0",
    ],
)
def test_only_a_trace_that_is_not_kept_is_cut(value):
    octets = tail(b"traceparent: " + value)
    assert cut(octets, TRACED) is None
    assert not says_unsampled(octets, TRACED.cuts_of(octets))


def test_a_trace_that_is_not_kept_is_cut_and_says_so():
    octets = tail(b"Traceparent:" + UNSAMPLED + b" ", b"tracestate: a=b")
    assert cut(octets, TRACED) == tail(b"Traceparent: ", b"tracestate: ")
    assert says_unsampled(octets, TRACED.cuts_of(octets))


@pytest.mark.parametrize("line", [b"b3: 0", b"X-B3-TraceId: 80f198ee56343ba8", b"X-B3-Sampled: 0"])
def test_what_another_kind_of_trace_says_is_compared_and_says_nothing_of_being_kept(line):
    assert cut(tail(line), TRACED) is None
    assert not says_unsampled(tail(line), TRACED.cuts_of(tail(line)))
    both = tail(line, b"traceparent: " + UNSAMPLED)
    assert cut(both, TRACED) == tail(line, b"traceparent: ")


@pytest.mark.parametrize(
    "lines",
    [
        [b"traceparent: " + UNSAMPLED, b"traceparent: " + UNSAMPLED],
        [b"traceparent: " + UNSAMPLED, b"Traceparent: " + UNSAMPLED[:-1] + b"1"],
        [b"X: traceparent: " + UNSAMPLED],
        [b"traceparent: " + UNSAMPLED + b"\r\n -01"],
        [b"X-Request-Id: 1"],
    ],
)
def test_a_head_that_is_not_clear_about_its_trace_says_nothing(lines):
    octets = tail(*lines)
    assert not says_unsampled(octets, TRACED.cuts_of(octets))


# --- whatever is sent

PIECES = st.sampled_from(
    [
        *(b"\r\n", b"\r", b"\n", b" ", b"\t", b":", b": ", b"-", b"1", b"a", b"\0", b"\xff", b"%"),
        *(
            b"\r\nX-Request-Id: ",
            b"\r\nx-request-id:",
            b"X-Request-Id",
            b"\r\ntraceparent: ",
            b"\r\n ",
            UNSAMPLED,
        ),
        *(b"\r\nZ: y", b"a" * 511, b"a b"),
    ]
)


@given(st.lists(PIECES, max_size=14).map(b"".join), st.lists(PIECES, max_size=14).map(b"".join))
def test_heads_that_are_the_same_without_those_values_have_the_same_lines(one, other):
    """Line by line they differ in nothing but what stands for the values, and there it is an id of either."""
    one, other = (b"\r\nHost: a" + octets + b"\r\n\r\n" for octets in (one, other))
    cuts = CHANGING.cuts_of(one)
    if without(one, cuts) is None or without(one, cuts) != without(other, cuts):
        return
    lines, others = one.split(b"\r\n"), other.split(b"\r\n")
    assert len(lines) == len(others)
    for place, (line, twin) in enumerate(zip(lines, others, strict=True)):
        if line != twin:
            name, _, value = line.partition(b":")
            assert name.lower() in {b"x-request-id", b"traceparent"}
            assert twin.startswith(name + b":")
            for each in (value, twin.partition(b":")[2]):
                assert 0 < len(each.strip(b" \t")) <= 512
                assert not each.strip(b" \t").translate(None, b"=_;,:.- 0123456789" + LETTERS)
            assert not lines[place + 1].startswith((b" ", b"\t"))


@given(st.binary(max_size=200) | st.lists(st.sampled_from(HEAD_PIECES), max_size=12).map(b"".join))
def test_no_octets_are_beyond_taking_apart(octets):
    for only_unsampled in (False, True):
        fields = ChangingFields(("traceparent", "x-request-id", "b3"), only_unsampled=only_unsampled)
        cuts = fields.cuts_of(octets)
        cut = without(octets, cuts)
        assert cut is None or len(cut) < len(octets)
        assert says_unsampled(octets, cuts) in {True, False}
    at = line_end(octets)
    assert at == octets.find(b"\r")
    assert not (is_whole(octets) and begins(octets))


@pytest.mark.parametrize("odd", [b"\n", b"\r\r", b"\0", b"\x7f", b"\x1b[31m", b"a\rb"])
def test_what_can_be_no_head_is_not_waited_for(odd):
    assert begins(b"GET / HTTP/1.1\r\nX: a")
    assert not begins(b"GET / HTTP/1.1\r\nX: a" + odd + b"b")


@pytest.mark.parametrize("last", [b"\0", b"\n", b"\r\r", b""])
@pytest.mark.parametrize("many", [b"a" * 70_000, b"a: b\r\n" * 10_000, b" \t" * 30_000])
def test_a_long_head_is_judged_octet_by_octet_and_no_more(many, last):
    """A pattern that tries its ways one after the other would take longer than anybody waits."""
    assert begins(LINE + b"\r\nX: " + many + last) == (not last)


@given(
    st.lists(st.sampled_from([*HEAD_PIECES, b"G", b"GET", b" /"]), max_size=8).map(b"".join),
    st.integers(0, 60),
)
def test_a_head_in_pieces_is_judged_as_in_one(octets, place):
    begun, more = octets[:place], octets[place:]
    if begins(begun):
        assert goes_on(begun, more) == begins(octets)
