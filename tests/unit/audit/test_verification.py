"""Each kind of tampering and each kind of accident is found, named, and told apart from the other."""

import itertools
import json
import random

import pytest

from proxy.audit import chain
from proxy.audit.chain import Head
from proxy.audit.findings import Finding, Severity
from proxy.audit.records import Link, Lost, Rotated
from proxy.audit.verification import KnownHead, Verifier
from tests.support.audit_lines import chain_of, closed, opened, read

KEY = b"k" * 32
WHOLE = (opened(keyed=True), *(read(count) for count in range(1, 7)), closed(hit=21))


def whole(key=KEY, instance="a1"):
    return chain_of(*WHOLE, key=key, instance=instance)


def verified(*files, key=KEY, heads=None):
    verifier = Verifier(key, heads)
    for number, lines in enumerate(files):
        verifier.read(f"f{number}", lines)
    verifier.judge()
    return verifier


def found(verifier):
    """Return all findings as pairs of what and how it is said."""
    every = [verifier.findings, *(instance.findings for instance in verifier.instances)]
    return [(one.finding, one.text) for findings in every for one in findings.kept]


def kinds(verifier):
    return [finding for finding, _ in found(verifier)]


def head_of(lines):
    return chain.mac_of(json.loads(lines[-1])["mac"])


def test_a_whole_chain_is_whole_and_its_reads_add_up():
    verifier = verified(whole())
    assert found(verifier) == []
    assert verifier.severity is Severity.NOTE
    (instance,) = verifier.instances
    assert instance.reads == {"hit": 21}
    assert instance.origin == "prod/billing-7d4"


def test_many_instances_mixed_with_other_lines_and_with_what_collectors_add():
    first, second = whole(), whole(instance="b2")
    cri = [b"2026-11-26T06:52:03.123456789Z stdout F " + line for line in second]
    docker = [
        json.dumps({"log": line.decode(), "stream": "stdout"}).encode() + b"\n"
        for line in whole(instance="c3")
    ]
    mixed = [line for lines in itertools.zip_longest(first, cri, docker) for line in lines if line]
    others = [
        b'{"ts":"2026","event":"exchange.finished"}\n',
        b"Traceback\n",
        b"\n",
        b'{"log":"{\\"ts\\":"}\n',
    ]
    verifier = verified(mixed[:10], others, [line.replace(b"\n", b"\r\n") for line in mixed[10:]])
    assert found(verifier) == []
    assert len(list(verifier.instances)) == 3
    assert verifier.other_lines == 3


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_lines_does_not_matter(seed):
    lines = whole() + whole(instance="b2")
    random.Random(seed).shuffle(lines)
    assert found(verified(lines)) == []


def test_lines_listed_backwards_are_one_run():
    verifier = Verifier(KEY)
    verifier.read("f", reversed(whole()))
    (instance,) = verifier.instances
    assert len(instance.chain) == 1


@pytest.mark.parametrize("order", [list, reversed])
@pytest.mark.parametrize("at", range(len(WHOLE)))
def test_a_changed_line_is_named(at, order):
    lines = whole()
    lines[at] = lines[at].replace(b"prod", b"dev!")
    verifier = verified(order(lines))
    number = at + 1 if order is list else len(lines) - at
    assert found(verifier) == [(Finding.LINE_CHANGED, f"f0:{number}: seq {at + 1} is not as it was written")]
    assert verifier.severity is Severity.CHANGED


def test_a_changed_code_is_one_changed_line():
    lines = whole()
    lines[3] = lines[3].replace(lines[3][-10:-3], b"0000000")
    assert found(verified(lines)) == [(Finding.LINE_CHANGED, "f0:4: seq 4 is not as it was written")]


@pytest.mark.parametrize("key", [KEY, None])
def test_a_line_taken_out_is_a_gap_with_times(key):
    lines = chain_of(opened(keyed=key is not None), *WHOLE[1:], key=key)
    del lines[2:4]
    verifier = verified(lines, key=key)
    assert found(verifier) == [
        (
            Finding.MISSING,
            "seq 3 to 4 missing, between 2026-11-18T11:06:41.000Z and 2026-11-18T11:06:44.000Z",
        )
    ]
    assert verifier.severity is Severity.GAP


def test_a_line_taken_out_and_the_numbers_closed_up_is_a_change():
    lines = whole()
    lines[3:] = [
        line.replace(f'"seq":{seq}'.encode(), f'"seq":{seq - 1}'.encode())
        for seq, line in enumerate(lines[4:], start=5)
    ]
    assert set(kinds(verified(lines))) == {Finding.LINE_CHANGED}


def test_a_line_put_in_is_two_lines_of_one_number():
    lines = whole()
    lines.insert(4, lines[4].replace(b'"count":4', b'"count":1'))
    verifier = verified(lines)
    assert Finding.TWO_LINES in kinds(verifier)
    assert verifier.severity is Severity.CHANGED


def test_numbers_swapped_between_two_lines_are_a_change():
    lines = whole()
    lines[2], lines[3] = (
        lines[3].replace(b'"seq":4', b'"seq":3'),
        lines[2].replace(b'"seq":3', b'"seq":4'),
    )
    assert set(kinds(verified(lines))) == {Finding.LINE_CHANGED}


def test_the_same_line_twice_is_no_harm_and_counted_once():
    lines = whole()
    verifier = verified(lines, lines[2:5])
    assert kinds(verifier) == [Finding.DUPLICATE] * 3
    assert verifier.severity is Severity.NOTE
    assert next(iter(verifier.instances)).reads == {"hit": 21}


def test_an_end_cut_away_shows_by_the_closing_record():
    ((finding, text),) = found(verified(whole()[:-1]))
    assert finding is Finding.NO_CLOSING
    assert text == (
        "ended without a closing record after seq 7 at 2026-11-18T11:06:46.000Z:"
        " reads of up to 10 s may be missing"
    )


def test_an_end_cut_away_shows_by_the_metrics():
    lines = whole()
    head = KnownHead(seq=len(lines), figure=chain.figure_of(head_of(lines)))
    assert found(verified(lines, heads={"a1": head})) == []
    verifier = verified(lines[:5], heads={"a1": head})
    assert (Finding.BEHIND, "seq 6 to 8 missing at the end, as its metrics say") in found(verifier)


def test_a_chain_written_anew_shows_by_the_metrics():
    """Without a key anybody can make a whole chain of other lines; the head that a metric keeps is another."""
    lines = chain_of(opened(), read(5), closed(hit=5))
    forged = chain_of(opened(), read(1), closed(hit=1))
    heads = {"a1": KnownHead(seq=3, figure=chain.figure_of(head_of(lines)))}
    assert kinds(verified(forged, key=None)) == []
    assert kinds(verified(forged, key=None, heads=heads)) == [Finding.HEAD_DIFFERS]


def test_an_instance_that_is_not_there_at_all_shows_by_the_metrics():
    verifier = verified(whole(), heads={"b2": KnownHead(seq=3, figure=1)})
    assert kinds(verifier) == [Finding.BEHIND]


def test_a_beginning_cut_away_is_a_gap():
    verifier = verified(whole()[3:])
    assert found(verifier) == [
        (
            Finding.NO_OPENING,
            "seq 1 to 3 missing at the beginning, before 2026-11-18T11:06:43.000Z",
        )
    ]


def test_a_beginning_that_rotation_removed_is_none_because_the_chain_says_so():
    first = chain_of(opened(keyed=True), read(1), key=KEY)
    dropped = Link(instance="a1", seq=2, mac=head_of(first).hex())
    rest = chain_of(
        read(2), Rotated(dropped=dropped), closed(hit=3), key=KEY, head=Head(seq=2, mac=head_of(first))
    )
    verifier = verified(rest)
    assert kinds(verifier) == [Finding.REMOVED_BY_ROTATION]
    assert verifier.severity is Severity.NOTE
    changed = [rest[0].replace(b'"count":2', b'"count":1'), *rest[1:]]
    assert Finding.LINE_CHANGED in kinds(verified(changed))
    assert kinds(verified(rest[1:]))[0] is Finding.MISSING


def test_the_next_instance_knows_how_far_the_one_before_it_went():
    first = whole()
    link = Link(instance="a1", seq=8, mac=head_of(first).hex())
    second = chain_of(opened(keyed=True, continues=link), closed(), key=KEY, instance="b2")
    assert found(verified(first, second)) == []
    assert (
        Finding.BEHIND,
        "seq 8 missing at the end, as instance b2 says, which came after it",
    ) in found(verified(first[:-1], second))
    assert kinds(verified(second)) == [Finding.NO_PREDECESSOR]


def test_another_predecessor_of_the_same_name_and_length_is_a_change():
    link = Link(instance="a1", seq=8, mac="0" * 64)
    second = chain_of(opened(keyed=True, continues=link), closed(), key=KEY, instance="b2")
    assert kinds(verified(whole(), second)) == [Finding.HEAD_DIFFERS]


def test_reads_that_the_sidecar_says_were_lost_are_a_gap():
    at = "2026-11-18T11:06:40.000Z"
    lines = chain_of(
        opened(keyed=True), Lost(reads=0, first=at, last=at), Lost(reads=3, first=at, last=at), closed(lost=5),
        key=KEY,
    )  # fmt: skip
    assert found(verified(lines)) == [
        (Finding.LOST, f"3 reads have no record, between {at} and {at}"),
        (Finding.LOST, "2 reads have no record, at the end"),
    ]


def test_a_closing_record_that_counts_other_reads_is_said():
    assert kinds(verified(chain_of(opened(keyed=True), read(1), closed(hit=2), key=KEY))) == [
        Finding.COUNTS_DIFFER
    ]


def test_half_a_line_is_cut_off_and_a_line_of_garbage_is_unreadable():
    lines = whole()
    half = lines[2][:100] + b"\n"
    verifier = verified([*lines[:2], half, *lines[3:]])
    assert kinds(verifier) == [Finding.CUT_OFF, Finding.MISSING]
    assert verifier.severity is Severity.GAP
    assert kinds(verified([*lines, b'{"ts":"x","event":"audit.read"}\n'])) == [Finding.UNREADABLE]


def test_the_wrong_key_is_a_change_and_no_key_is_said():
    assert set(kinds(verified(whole(), key=b"x" * 32))) == {Finding.LINE_CHANGED}
    assert kinds(verified(whole(), key=None)) == [Finding.UNCHECKED]


def test_a_chain_that_claims_to_have_no_key_does_not_pass_where_there_is_one():
    verifier = verified(chain_of(opened(keyed=False), read(), closed(hit=1)))
    assert kinds(verifier) == [Finding.UNCHECKED]
    assert verifier.severity is Severity.CHANGED


def test_no_record_at_all_is_no_whole_record():
    verifier = verified([b"nothing\n"])
    assert verifier.severity is Severity.GAP


def test_many_findings_of_a_kind_are_counted_and_some_kept():
    verifier = verified(chain_of(*(read() for _ in range(100)), key=b"x" * 32))
    (instance,) = verifier.instances
    assert instance.findings.counts[Finding.LINE_CHANGED] == 100
    assert kinds(verifier).count(Finding.LINE_CHANGED) == 20


def test_a_record_of_a_later_version_is_chained_like_any_other():
    document = b'{"ts":"2027","event":"audit.moon_phase","instance":"a1","seq":2,"phase":3}'
    first, last = chain_of(opened(keyed=True), key=KEY), None
    line, head = chain.seal(KEY, Head(seq=1, mac=head_of(first)), document)
    last = chain_of(closed(), key=KEY, head=head)
    assert found(verified([*first, line, *last])) == []
