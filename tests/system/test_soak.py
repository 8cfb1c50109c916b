"""Two minutes of everything at once; `python -m tests.soak --minutes 10` is the long form."""

import pytest

from tests.soak.run import soak

pytestmark = pytest.mark.system


async def test_two_minutes_of_everything_leave_nothing_behind_and_nothing_unexplained():
    verdict = await soak(120)
    assert not verdict.complaints, "\n".join([*verdict.complaints, *verdict.report])
