"""README's bounds (how old an answer may be, how long a revoked token reads) over random bad luck, in virtual time.

The whole exchange runs; Connect is a model that is changed elsewhere, fails in every way it knows, lags and revokes,
while the wall clock is stepped by an hour at random. `Witness` holds every answer against README's formulas.

Each of these, broken on purpose, was found by this property within 250 examples: the hard maximum of staleness; a
stale answer that re-dates what is stored; the length of a lease; a lease from the arrival of its answer; the age of an
answer from its arrival; residence time on the wall clock; `exp` ignored, or read against the boot clock; "refuse"
ignored; a token that is served after its 401; 429 counted as an outage; a slow Connect covering for a lapsed lease; the
check interval as bound of lists, for vaults that are checked and that are not (or no longer); a list as proof of items
that have changed, and of searches that others have changed; `ttl` without its sign; an unknown write that leaves what
is stored. Caught by tests/property/test_each_bound_in_virtual_time.py, too: write fences that never open.
"""

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from proxy.connect.profile import ConnectRules, UnverifiedTokens
from tests.support.bounds_run import ITEMS, TARGETS, Change, Poller, Run, Script
from tests.support.unlucky_upstream import Luck, Spell
from tests.support.virtual_time import run_in_virtual_time

LENGTH_SECONDS = 300.0
HOUR_SECONDS = 3600.0

MOMENTS = st.integers(0, int(LENGTH_SECONDS) * 4).map(lambda quarter: quarter / 4)
RULES = st.builds(
    ConnectRules,
    item_freshness_seconds=st.sampled_from([5.0, 20.0, 60.0]),
    list_freshness_seconds=st.sampled_from([4.0, 30.0]),
    token_verification_seconds=st.sampled_from([6.0, 25.0, 60.0]),
    change_check_interval_seconds=st.sampled_from([60.0, 60.0, 0.0]),
    stale_if_error_seconds=st.sampled_from([0.0, 40.0, 150.0]),
    answer_stale_after_seconds=st.sampled_from([0.0, 2.0]),
    unverified_tokens=st.sampled_from(list(UnverifiedTokens)),
)
POLLERS = st.builds(
    Poller,
    token=st.sampled_from([0, 0, 1]),
    target=st.sampled_from(TARGETS),
    begins_seconds=st.sampled_from([0.0, 0.0, 3.5, 60.0]),
    period_seconds=st.sampled_from([1.3, 3.1, 7.0, 24.9]),
    reads=st.sampled_from([15, 40, 60]),
    reloads=st.sampled_from([False, False, True]),
)
CHANGES = st.builds(
    Change,
    at_seconds=MOMENTS,
    item=st.integers(0, ITEMS - 1),
    title=st.sampled_from([None, None, "red", "blue"]),
    is_deletion=st.sampled_from([False] * 7 + [True]),
    is_by_client=st.sampled_from([False, False, True]),
)
SPELLS = st.builds(
    lambda begins, lasts, luck, seconds: Spell(
        begins=begins, ends=begins + lasts, luck=luck, seconds=seconds
    ),
    MOMENTS,
    st.sampled_from([0.5, 5.0, 30.0, 100.0]),
    st.sampled_from([*Luck, Luck.REFUSED, Luck.RESET, Luck.ERROR, Luck.CUT]),
    st.sampled_from([1.0, 4.0, 9.0, 14.0]),
)
SCRIPTS = st.builds(
    Script,
    rules=RULES,
    pollers=st.lists(POLLERS, min_size=3, max_size=6).map(tuple),
    changes=st.lists(CHANGES, max_size=12).map(tuple),
    spells=st.lists(SPELLS, max_size=4).map(tuple),
    wall_steps=st.lists(st.tuples(MOMENTS, st.sampled_from([HOUR_SECONDS, -HOUR_SECONDS])), max_size=3).map(
        tuple
    ),
    revoked_at_seconds=st.sampled_from([None, None, 40.0, 90.5, 120.0]),
    expires_at_seconds=st.sampled_from([None, 100.0, 3_700.0]),
    is_guarded=st.booleans(),
)


_ONE, _OTHER = TARGETS[:2]
TWO_AT_AN_OPEN_BREAKER = Script(
    rules=ConnectRules(
        item_freshness_seconds=5.0, token_verification_seconds=6.0, stale_if_error_seconds=40.0
    ),
    pollers=(
        Poller(token=0, target=_ONE, begins_seconds=0.0, period_seconds=1.3, reads=15, reloads=False),
        Poller(token=0, target=_ONE, begins_seconds=0.0, period_seconds=24.9, reads=3, reloads=False),
        Poller(token=0, target=_OTHER, begins_seconds=0.0, period_seconds=24.9, reads=3, reloads=False),
    ),
    changes=(),
    spells=(
        Spell(begins=0.0, ends=0.5, luck=Luck.REFUSED),
        Spell(begins=20.5, ends=25.5, luck=Luck.REFUSED),
    ),
    wall_steps=(),
    revoked_at_seconds=None,
    expires_at_seconds=None,
    is_guarded=True,
)
"""Open for longer than anything lasts, because nobody came: one of two is let through, the other has it stale."""

A_REPLICA_BEHIND_THE_ONE_THAT_HAS_SHOWN_A_WRITE = Script(
    rules=ConnectRules(
        item_freshness_seconds=5.0, token_verification_seconds=6.0, stale_if_error_seconds=0.0
    ),
    pollers=(Poller(token=0, target=_ONE, begins_seconds=60.0, period_seconds=1.3, reads=15, reloads=False),),
    changes=(Change(at_seconds=51.25, item=0, title="blue", is_by_client=True),),
    spells=(Spell(begins=60.25, ends=65.25, luck=Luck.LAGGING, seconds=14.0),),
    wall_steps=(),
    revoked_at_seconds=None,
    expires_at_seconds=None,
    is_guarded=False,
)
"""The first read has lifted the fence, and versions are remembered for as long as stale answers are: not at all."""


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCRIPTS)
@example(TWO_AT_AN_OPEN_BREAKER)
@example(A_REPLICA_BEHIND_THE_ONE_THAT_HAS_SHOWN_A_WRITE)
def test_no_answer_is_older_or_given_longer_than_the_bounds_say_whatever_happens(script):
    run_in_virtual_time(Run(script).play())
