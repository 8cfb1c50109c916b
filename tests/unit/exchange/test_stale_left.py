"""For how long a stale answer could still be given: the settings' bound, or the end of the token itself."""

from dataclasses import replace

import pytest

from proxy.caching.generations import Generations
from proxy.caching.receipt import Receipt
from proxy.connect.profile import ConnectProfile, ConnectRules
from proxy.exchange.lookup import Lookup
from tests.unit.caching.messages import stored
from tests.unit.connect.samples import ITEM_TARGET, KEY, WALL_SECONDS, at, request, token

BOUND_SECONDS, STALE_SINCE_SECONDS = 3600.0, 40.0


@pytest.mark.parametrize(
    ("expires_in_seconds", "left_seconds"),
    [
        (None, BOUND_SECONDS - STALE_SINCE_SECONDS),
        (7200.0, BOUND_SECONDS - STALE_SINCE_SECONDS),
        (600.0, 500.0),
        (50.0, 0.0),
    ],
)
def test_an_answer_lasts_no_longer_than_its_token(expires_in_seconds, left_seconds):
    expires = None if expires_in_seconds is None else WALL_SECONDS + expires_in_seconds
    profile = ConnectProfile(rules=ConnectRules(stale_if_error_seconds=BOUND_SECONDS), key=KEY)
    asked, now = request(ITEM_TARGET, token(expires=expires)), at(100.0)
    started = at(0.0)
    receipt = Receipt(
        request_sent_boot_seconds=started.boot_seconds,
        received_wall_seconds=started.wall_seconds,
        received_boot_seconds=started.boot_seconds,
        age_zero_boot_seconds=started.boot_seconds,
        date="",
    )
    response = replace(stored(lifetime=60.0, stale_if_error=None), receipt=receipt)
    lookup = Lookup(profile=profile, store=None, generations=Generations())
    assert lookup.stale_left_seconds(profile.subject(asked, now), asked, response, now) == left_seconds
