"""What was greatest and least lately: nothing too young is missed, nothing much too old is told."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.windows import Greatest, Least

WINDOW = 300.0
MOMENTS = st.lists(
    st.tuples(st.floats(0, 100), st.floats(0, 1e6)), max_size=40
)  # seconds since the one before, value


@given(MOMENTS, st.floats(0, 1000))
def test_everything_of_the_window_counts_and_nothing_older_than_a_tenth_more(moments, wait):
    greatest, now, noted = Greatest(WINDOW), 0.0, []
    for pause, value in moments:
        now += pause
        greatest.note(value, now)
        noted.append((now, value))
    now += wait
    told = greatest.read(now)
    within = [value for when, value in noted if now - when < WINDOW]
    nearly = [value for when, value in noted if now - when <= WINDOW * 1.1]
    assert told is None or told in nearly
    assert not within or (told is not None and told >= max(within))


def test_nothing_is_told_before_anything_was_noted_and_after_all_of_it_is_old():
    greatest = Greatest(WINDOW)
    assert greatest.read(0.0) is None
    assert greatest.read(1e9) is None
    greatest.note(0.0, 5.0)
    assert greatest.read(5.0) == 0.0
    assert greatest.read(WINDOW + 5.0) == 0.0
    assert greatest.read(WINDOW + 30.0) is None


def test_reading_forgets_nothing():
    greatest = Greatest(WINDOW)
    greatest.note(7.0, 10.0)
    assert [greatest.read(20.0), greatest.read(200.0), greatest.read(20.0)] == [7.0, 7.0, 7.0]


def test_the_least_is_told_as_the_greatest_is():
    least = Least(WINDOW)
    assert least.read(0.0) is None
    for value in (30.0, 4.0, 12.0):
        least.note(value, 1.0)
    assert least.read(2.0) == 4.0
    least.note(6.0, 200.0)
    assert least.read(400.0) == 6.0


def test_what_is_cleared_is_forgotten():
    least = Least(WINDOW)
    least.note(4.0, 1.0)
    least.clear()
    assert least.read(2.0) is None
