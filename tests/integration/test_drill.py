"""The drill in its short form: Connect is killed for five seconds under load; `make drill` is the long one."""

import pytest

from benchmarks.drill.__main__ import told
from benchmarks.drill.drill import Course, Way, drill

COURSE = Course(down_seconds=5.0, before_seconds=1.0, after_seconds=2.0, per_second=20.0)
NOTICES = {Way.DIRECT, Way.COLD}


@pytest.mark.slow
async def test_nobody_notices_but_who_asks_directly_and_who_is_new_with_an_empty_sidecar():
    outcomes = {each.way: each for each in await drill(COURSE)}
    assert outcomes.keys() == set(Way)
    table = "\n".join(told(list(outcomes.values()), COURSE))
    assert all(each.before.errors.total() == 0 for each in outcomes.values()), table
    for way, each in outcomes.items():
        assert each.down.requests > 20, table
        if way in NOTICES:
            assert each.down.answered == 0, table
        else:
            assert each.down.errors.total() == 0, table
            assert each.after.errors.total() == 0, table
            assert each.down.p99_seconds < 2, table
    assert outcomes[Way.WARM].down.stale > 0, table
    assert outcomes[Way.NEW_BEHIND].down.stale > 0, table
    assert outcomes[Way.DIRECT].after.errors.total() == 0, table
