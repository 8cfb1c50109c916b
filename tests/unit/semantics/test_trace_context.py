"""Trace contexts: which fields say one, which don't, and what is passed on in their place."""

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.semantics.trace_context import TraceContext, read, written

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def fields(*pairs, **named):
    return CIMultiDictProxy(CIMultiDict([*pairs, *named.items()]))


def context(*, is_sampled=True, trace=TRACE, state=""):
    return TraceContext(trace_id=int(trace, 16), span_id=int(SPAN, 16), is_sampled=is_sampled, state=state)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (fields(traceparent=f"00-{TRACE}-{SPAN}-01"), context()),
        (fields(traceparent=f"00-{TRACE}-{SPAN}-00"), context(is_sampled=False)),
        (fields(traceparent=f"00-{TRACE}-{SPAN}-03"), context()),
        (fields(traceparent=f"  00-{TRACE}-{SPAN}-01"), context()),
        (fields(traceparent=f"01-{TRACE}-{SPAN}-01-more"), context()),
        (
            fields(("tracestate", "a=1"), ("tracestate", "b=2"), traceparent=f"00-{TRACE}-{SPAN}-01"),
            context(state="a=1,b=2"),
        ),
        (fields(traceparent=f"00-{TRACE}-{SPAN}-01", tracestate="a" * 513), context()),
        (fields(b3=f"{TRACE}-{SPAN}-1"), context()),
        (fields(b3=f"{TRACE}-{SPAN}-d-0000000000000001"), context()),
        (fields(b3=f"{TRACE}-{SPAN}"), context(is_sampled=False)),
        (fields(b3=f"{TRACE[16:]}-{SPAN}-1"), context(trace=TRACE[16:])),
        (
            fields(("X-B3-TraceId", TRACE), ("X-B3-SpanId", SPAN), ("X-B3-Sampled", "1")),
            context(),
        ),
        (fields(("X-B3-TraceId", TRACE), ("X-B3-SpanId", SPAN), ("X-B3-Flags", "1")), context()),
        (fields(("X-B3-TraceId", TRACE), ("X-B3-SpanId", SPAN)), context(is_sampled=False)),
        (fields(b3=f"{TRACE}-{SPAN}-0", traceparent=f"00-{TRACE}-{SPAN}-01"), context()),
    ],
)
def test_a_context_is_read_in_every_form(given, expected):
    assert read(given) == expected


@pytest.mark.parametrize(
    "given",
    [
        fields(),
        fields(traceparent=""),
        fields(traceparent=f"00-{TRACE}-{SPAN}"),
        fields(traceparent=f"00-{TRACE.upper()}-{SPAN}-01"),
        fields(traceparent=f"ff-{TRACE}-{SPAN}-01"),
        fields(traceparent=f"00-{TRACE}-{SPAN}-01-more"),
        fields(traceparent=f"00-{'0' * 32}-{SPAN}-01"),
        fields(traceparent=f"00-{TRACE}-{'0' * 16}-01"),
        fields(("traceparent", f"00-{TRACE}-{SPAN}-01"), ("traceparent", f"00-{TRACE}-{SPAN}-01")),
        fields(b3="0"),
        fields(b3=f"{TRACE}-{SPAN}-x"),
        fields(("X-B3-TraceId", TRACE)),
        fields(("X-B3-TraceId", "zz"), ("X-B3-SpanId", SPAN)),
    ],
)
def test_what_is_malformed_is_no_context(given):
    assert read(given) is None


OURS = TraceContext(trace_id=int(TRACE, 16), span_id=0x1234, is_sampled=True)


def test_a_context_is_passed_on_in_the_forms_that_it_came_in():
    came = fields(
        ("X-B3-TraceId", TRACE),
        ("X-B3-SpanId", SPAN),
        ("X-B3-ParentSpanId", "1" * 16),
        ("X-B3-Sampled", "0"),
        ("b3", f"{TRACE}-{SPAN}-0"),
        ("Accept", "*/*"),
    )
    assert dict(written(came, OURS)) == {
        "X-B3-TraceId": TRACE,
        "X-B3-SpanId": "0000000000001234",
        "X-B3-Sampled": "1",
        "b3": f"{TRACE}-0000000000001234-1",
        "Accept": "*/*",
        "traceparent": f"00-{TRACE}-0000000000001234-01",
    }


def test_no_b3_is_made_for_who_speaks_none():
    assert dict(written(fields(Accept="*/*"), OURS)) == {
        "Accept": "*/*",
        "traceparent": f"00-{TRACE}-0000000000001234-01",
    }


def test_the_state_of_another_trace_does_not_stay():
    came = fields(traceparent="broken", tracestate="a=1")
    assert "tracestate" not in written(came, OURS)


def test_what_is_written_is_read_as_the_same():
    assert read(CIMultiDictProxy(written(fields(), OURS))) == OURS
