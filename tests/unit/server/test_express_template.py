"""A template gives back the full path's octets, whatever the figures; what has no such form has no template."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.exchange.answer import Answer
from proxy.exchange.tickets import Issued
from proxy.semantics.message import Request
from proxy.server.express_template import MOST_BODY_BYTES, is_plain, rendered, template_of

DATE = "Thu, 26 Nov 2026 11:00:00 GMT"


def answer(figures, *more, body=b"body", dates=(("Date", DATE),)):
    age, ttl, *left = figures
    fields = [
        ("Content-Type", "application/json"),
        *more,
        *dates,
        ("Age", str(age)),
        ("Cache-Status", f"connect-sidecar; hit; ttl={ttl}"),
        ("Via", "1.1 connect-sidecar-1"),
    ]
    if left:
        fields.append(("RateLimit-Policy", '"requests";q=100;w=5, "upstream";q=20;w=4'))
        fields.append(
            ("RateLimit", f'"requests";r={left[0]};t={left[1]}, "upstream";r={left[2]};t={left[3]}')
        )
    return Answer(status=200, reason="OK", fields=CIMultiDictProxy(CIMultiDict(fields)), body=body)


def head(template, figures, date=DATE):
    return template.opening + date.encode() + template.own + template.common % tuple(figures)


def issued(figures, *more, **changed):
    return Issued(ticket=None, answer=answer(figures, *more, **changed), figures=tuple(figures))


FIGURE = st.integers(0, 10**6)
FIGURES = st.one_of(st.tuples(FIGURE, st.integers(-5, 10**6)), st.tuples(*[FIGURE] * 6))
ODD_FIELDS = [
    ("X-Percent", "100%d %s %% %"),
    ("X-Age", "Age: 3"),
    ("X-Cache-Status", "connect-sidecar; hit; ttl=3"),
    ("X-RateLimit", '"requests";r=3;t=3'),
    ("X-Octets", "\udcff\u00e9"),
    ("Via", "1.0 t=3"),
    ("ETag", '"r=1;t=2"'),
]


@given(FIGURES, st.lists(st.sampled_from(ODD_FIELDS), max_size=4), st.data())
def test_with_other_figures_it_is_what_the_full_path_writes_with_those(figures, more, data):
    template = template_of(issued(figures, *more))
    assert template is not None
    later = data.draw(st.tuples(*[FIGURE] * len(figures)))
    assert head(template, later) + b"body" == rendered(issued(later, *more))


@given(FIGURES, st.lists(st.sampled_from(ODD_FIELDS), max_size=4))
def test_with_another_date_it_is_what_the_full_path_writes_with_that(figures, more):
    template = template_of(issued(figures, *more))
    before = rendered(issued(figures, *more))
    after = before.replace(DATE.encode(), b"100 %d% %% o'clock")
    assert head(template, figures, "100 %d% %% o'clock") + b"body" == after != before


@pytest.mark.parametrize(
    "dates",
    [(), [("Date", "a"), ("Date", "b")], [("Date", "\udcff")], [("Age", "1"), ("Date", "a")]],
    ids=["no date", "two dates", "no text", "after its age"],
)
def test_what_has_not_just_one_date_before_its_age_has_no_template(dates):
    assert template_of(issued((1, 2), dates=dates)) is None


def test_the_octets_are_head_and_body_with_a_length():
    octets = rendered(issued((1, 2)))
    assert octets.startswith(b"HTTP/1.1 200 OK\r\n")
    assert octets.endswith(b"\r\n\r\nbody")
    assert b"\r\nContent-Length: 4\r\n" in octets
    assert b"Connection" not in octets


def test_figures_that_equal_numbers_elsewhere_take_only_their_own_places():
    template = template_of(issued((4, 4, 4, 4, 4, 4), ("X-Four", "4"), body=b"4444"))
    assert template is not None
    octets = head(template, (0, 1, 2, 3, 5, 6))
    assert re.findall(rb"\d+", octets.partition(b"\r\nX-Four")[2].partition(b"Via")[0]) == [
        *(b"4", b"26", b"2026", b"11", b"00", b"00"),
        *(b"0", b"1"),
    ]
    assert octets.endswith(b'"requests";r=2;t=3, "upstream";r=5;t=6\r\nContent-Length: 4\r\n\r\n')


@pytest.mark.parametrize(
    "more",
    [
        [("Cache-Status", "connect-sidecar; hit; ttl=2")],
        [("Cache-Status", "other; hit; ttl=7")],
        [("RateLimit", '"theirs";r=3;t=4')],
    ],
)
def test_a_field_like_ours_from_upstream_gives_no_template_or_the_right_one(more):
    for figures in ((1, 2), (1, 2, 3, 4, 3, 4)):
        template = template_of(issued(figures, *more))
        later = tuple(figure + 10 for figure in figures)
        assert template is None or head(template, later) == rendered(issued(later, *more))[: -len(b"body")]


@pytest.mark.parametrize("left", [(), (3, 4, 3, 4)], ids=["", "budgets"])
def test_behind_another_sidecar_only_our_own_fields_have_places(left):
    """Its fields come behind Age as ours do, and their numbers may be ours by chance."""

    def through_two(age, ttl, *left):
        theirs = answer((age, 55, *((3, 4, 3, 4) if left else ()))).fields
        ours = [("Via", "1.1 connect-sidecar-2"), ("Cache-Status", f"connect-sidecar; hit; ttl={ttl}")]
        if left:
            state = '"requests";r={};t={}, "upstream";r={};t={}'.format(*left)
            ours += [("RateLimit-Policy", '"requests";q=100;w=5'), ("RateLimit", state)]
        fields = CIMultiDictProxy(CIMultiDict([*theirs.items(), *ours]))
        return Answer(status=200, reason="OK", fields=fields, body=b"body")

    first = (7, 55, *left)
    template = template_of(Issued(ticket=None, answer=through_two(*first), figures=first))
    assert template is not None
    later = tuple(figure + 10 for figure in first)
    octets = rendered(Issued(ticket=None, answer=through_two(*later), figures=later))
    assert head(template, later) + b"body" == octets


def test_what_stands_behind_the_first_figure_is_the_same_for_all():
    one, other = (
        template_of(issued(figures, ("ETag", tag))) for figures, tag in (((1, 2), "a"), ((3, 4), "b"))
    )
    assert one.opening + one.own != other.opening + other.own
    assert one.common == other.common


def test_without_its_fields_an_answer_has_no_template():
    bare = Answer(status=200, reason="OK", fields=CIMultiDictProxy(CIMultiDict()), body=b"")
    assert template_of(Issued(ticket=None, answer=bare, figures=(1, 2))) is None


def test_with_budgets_to_show_and_no_place_for_them_it_has_none():
    without = issued((1, 2))
    assert template_of(Issued(ticket=None, answer=without.answer, figures=(1, 2, 3, 4, 5, 6))) is None


async def stream():
    yield b""


def test_a_body_that_streams_or_is_too_long_has_no_template():
    assert template_of(issued((1, 2), body=bytes(MOST_BODY_BYTES))) is not None
    assert template_of(issued((1, 2), body=bytes(MOST_BODY_BYTES + 1))) is None
    assert template_of(issued((1, 2), body=stream())) is None


def test_a_head_that_can_not_be_written_has_none():
    assert template_of(issued((1, 2), ("X-Bad", "a\r\nb"))) is None


# --- which requests


def request(*fields, method="GET", minor_version=1):
    return Request(
        method=method,
        target="/v1/vaults",
        fields=CIMultiDictProxy(CIMultiDict([("Host", "a"), *fields])),
        minor_version=minor_version,
    )


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [("Connection", "keep-alive")],
        [("connection", "Keep-Alive")],
        [("Accept-Encoding", "gzip"), ("User-Agent", "x"), ("Keep-Alive", "timeout=5")],
    ],
)
def test_a_get_that_shapes_nothing_is_plain(fields):
    assert is_plain(request(*fields))


@pytest.mark.parametrize(
    "name",
    [
        *("Cache-Control", "Pragma", "Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since"),
        *("If-Unmodified-Since", "Expect", "TE", "Transfer-Encoding", "Content-Length", "Upgrade"),
    ],
)
def test_a_field_by_which_a_client_shapes_its_answer_is_not_plain_in_any_case(name):
    for spelt in (name, name.lower(), name.upper()):
        assert not is_plain(request((spelt, "")))


@pytest.mark.parametrize(
    "value", ["close", "keep-alive, close", "upgrade", "x-mine", "", "keep-alive, keep-alive"]
)
def test_a_connection_option_but_keep_alive_is_not_plain(value):
    assert not is_plain(request(("Connection", value)))
    assert not is_plain(request(("Connection", "keep-alive"), ("Connection", value)))


def test_other_methods_and_an_older_version_are_not_plain():
    assert not is_plain(request(method="HEAD"))
    assert not is_plain(request(method="PUT"))
    assert not is_plain(request(minor_version=0))
