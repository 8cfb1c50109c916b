"""With a key, no change of a whole record goes unnoticed; without one, no accident does. Nothing crashes it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.audit.findings import Severity
from proxy.audit.verification import Verifier
from proxy.commands.audit import report
from tests.support.audit_lines import chain_of, closed, opened, read

KEY = b"k" * 32
LINES = [
    *chain_of(opened(keyed=True), *(read(count) for count in range(1, 9)), closed(hit=36), key=KEY),
    *chain_of(opened(keyed=True), read(), closed(hit=1), key=KEY, instance="b2"),
]
WHOLE = b"".join(LINES)
PLAIN = b"".join(chain_of(opened(), read(1), read(2), closed(hit=3)))


def severity_of(octets, key=KEY):
    verifier = Verifier(key)
    verifier.read("f", octets.splitlines(keepends=True))
    verifier.judge()
    assert "\x1b" not in "".join(report(verifier))
    return verifier.severity


@settings(deadline=None, max_examples=400)
@given(at=st.integers(0, len(WHOLE) - 2), to=st.integers(0, 255))
def test_no_octet_of_a_keyed_record_can_be_changed(at, to):
    changed = WHOLE[:at] + bytes([to]) + WHOLE[at + 1 :]
    assert (severity_of(changed) is Severity.NOTE) == (changed == WHOLE)


@settings(deadline=None, max_examples=200)
@given(at=st.integers(0, len(PLAIN) - 2), to=st.integers(0, 255))
def test_no_octet_of_a_plain_record_changes_by_accident(at, to):
    changed = PLAIN[:at] + bytes([to]) + PLAIN[at + 1 :]
    assert (severity_of(changed, None) is Severity.NOTE) == (changed == PLAIN)


@settings(deadline=None, max_examples=200)
@given(at=st.integers(0, len(WHOLE)), until=st.integers(0, len(WHOLE)))
def test_no_piece_can_be_taken_out_of_a_keyed_record(at, until):
    kept = WHOLE[:at] + WHOLE[max(at, until) :]
    is_all_there = LINES[: len(LINES)] == kept.splitlines(keepends=True)
    is_whole_instance = kept in (b"".join(LINES[:10]), b"".join(LINES[10:]))
    is_without_line_end = kept == WHOLE[:-1] or kept in (b"".join(LINES[:10])[:-1], b"".join(LINES[10:])[:-1])
    assert (severity_of(kept) is Severity.NOTE) == (is_all_there or is_whole_instance or is_without_line_end)


@settings(deadline=None, max_examples=200)
@given(order=st.permutations(range(len(LINES))), again=st.sets(st.integers(0, len(LINES) - 1)))
def test_any_order_and_any_repetition_of_a_whole_record_is_whole(order, again):
    lines = [LINES[number] for number in order] + [LINES[number] for number in again]
    assert severity_of(b"".join(lines)) is Severity.NOTE


@settings(deadline=None, max_examples=200)
@given(
    lines=st.lists(
        st.builds(
            lambda event, instance, seq, rest: (
                b'{"ts":"\\u001b[2J","event":"audit.%b","instance":"%b","seq":%b%b'
                % (event, instance, seq, rest)
            ),
            st.sampled_from([b"read", b"opened", b"closed", b"lost", b"rotated", b"x"]),
            st.sampled_from([b"a1", b"", b"\\u0000", b"\xff", b"i" * 300]),
            st.sampled_from([b"1", b"2", b"0", b"-1", b"9007199254740992", b"9" * 400, b"1e3", b"null"]),
            st.sampled_from(
                [
                    b"}",
                    b',"how":"hit","first":"a","last":"b","count":1,"mac":"' + b"0" * 64 + b'"}',
                    b',"reads":{"x":1},"lost":9007199254740992,"mac":"' + b"f" * 64 + b'"}',
                    b',"dropped":{"instance":"a1","seq":5,"mac":"zz"},"mac":"' + b"0" * 64 + b'"}',
                    b',"x":' + b"[" * 2000,
                ]
            ),
        ),
        max_size=30,
    )
)
def test_hostile_lines_are_judged_and_never_shown_as_they_are(lines):
    severity_of(b"\n".join(lines))
    severity_of(WHOLE + b"\n".join(lines))
