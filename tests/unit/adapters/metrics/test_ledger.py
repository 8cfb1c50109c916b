"""Cells, and durations by bucket."""

import pytest

from proxy.adapters.metrics.ledger import DURATION_SECONDS, Counts, Durations, DurationsByWord

BOUNDS = (*DURATION_SECONDS, float("inf"))


def test_a_kept_cell_counts_on_where_it_was_looked_up():
    counts = Counts()
    cell = counts[("item", "hit")]
    cell.count += 1
    counts[("item", "hit")].count += 1
    cell.count += 1
    assert list(counts.rows()) == [(("item", "hit"), 3)]


def test_zeros_are_there_before_anything_happens():
    counts = Counts(("sent",), ("no_budget",))
    assert dict(counts.rows()) == {("sent",): 0, ("no_budget",): 0}


def test_counts_are_summed_by_some_labels():
    counts = Counts()
    for values, times in ((("item", "hit", "a"), 2), (("item", "hit", "b"), 3), (("vault", "hit", "a"), 5)):
        counts[values].count += times
    assert dict(counts.summed(0, 1)) == {("item", "hit"): 5, ("vault", "hit"): 5}
    assert dict(counts.summed(2)) == {("a",): 7, ("b",): 3}


@pytest.mark.parametrize(
    ("seconds", "bound"),
    [(0.0, 0.001), (0.001, 0.001), (0.0011, 0.005), (10.0, 10.0), (10.1, float("inf")), (1e9, float("inf"))],
)
def test_a_duration_counts_in_every_bucket_it_is_not_above(seconds, bound):
    durations = Durations()
    durations.note(seconds)
    histogram = durations.histogram("hit")
    assert [count for _, count, _ in histogram.buckets] == [int(each >= bound) for each in BOUNDS]
    assert histogram.total == seconds
    assert histogram.labels == ("hit",)


def test_each_bucket_keeps_its_last_trace():
    durations = Durations()
    durations.note_traced(0.002, "a" * 32, 1.0)
    durations.note_traced(0.003, "b" * 32, 2.0)
    durations.note(0.004)
    durations.note_traced(2.0, "c" * 32, 3.0)
    exemplars = {bound: exemplar for bound, _, exemplar in durations.histogram().buckets if exemplar}
    assert {bound: exemplar.labels["trace_id"][0] for bound, exemplar in exemplars.items()} == {
        0.005: "b",
        2.5: "c",
    }
    assert (exemplars[0.005].value, exemplars[0.005].timestamp) == (0.003, 2.0)


def test_durations_by_word_are_there_from_the_start_or_from_their_first():
    by_word = DurationsByWord("hit")
    by_word["stale"].note(0.1)
    by_word["stale"].note(0.1)
    counts = {histogram.labels: histogram.buckets[-1][1] for histogram in by_word.histograms()}
    assert counts == {("hit",): 0, ("stale",): 2}


def test_several_that_are_told_as_one_sum_count_as_long_as_they_took_on_average():
    one_by_one, at_once = Durations(), Durations()
    for _ in range(5):
        one_by_one.note(0.002)
    at_once.note_many(5, 0.01)
    assert [count for _, count, _ in at_once.histogram("hit").buckets] == [
        count for _, count, _ in one_by_one.histogram("hit").buckets
    ]
    assert at_once.histogram("hit").total == pytest.approx(0.01)
