"""Pauses stay short whatever an answer wishes for."""

import math

from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.clock import Instant
from proxy.exchange import retry_pause

NOW = Instant(wall_seconds=1_790_000_000.0, boot_seconds=5.0)


@given(
    st.integers(0, 5), st.none() | st.text(max_size=40) | st.integers(-9, 10**30).map(str), st.floats(0, 1)
)
def test_a_pause_is_between_25_ms_and_two_seconds_or_none(retries, wish, jitter):
    fields = None if wish is None else CIMultiDictProxy(CIMultiDict({"Retry-After": wish}))
    pause = retry_pause.seconds(retries, fields, now=NOW, jitter=jitter)
    assert pause is None or 0.025 <= pause <= max(2.0, 0.075 * 2**retries)
    assert pause is None or math.isfinite(pause)
