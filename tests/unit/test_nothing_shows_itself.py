"""Values that hold tokens, bodies, filters or titles don't show them: a traceback or a stray log line may."""

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.caching.key import CacheKey
from proxy.clock import Instant
from proxy.connect import bodies, tokens
from proxy.connect.change_checks import Check, CheckCause
from proxy.connect.profile import ConnectRules
from proxy.exchange.answer import Answer
from proxy.exchange.ports import UpstreamRequest
from proxy.semantics.message import Request, Response
from tests.support.one_vault import ITEMS, in_virtual_time

MARK = "s3cr3tV4lu3"
FIELDS = CIMultiDictProxy(CIMultiDict({"Authorization": f"Bearer {MARK}"}))
TARGET = f"/v1/vaults/x/items?filter=title eq {MARK}"
NOW = Instant(wall_seconds=0.0, boot_seconds=0.0)

VALUES = [
    Request(method="GET", target=TARGET, fields=FIELDS),
    Response(status=200, reason="", fields=FIELDS, body=MARK.encode()),
    UpstreamRequest(method="GET", target=TARGET, fields=FIELDS),
    Answer(status=200, reason="", fields=FIELDS, body=MARK.encode()),
    CacheKey(b"abcd", "GET", TARGET),
    Check(partition=b"p", vault="v", authorization=MARK, cause=CheckCause.INTERVAL),
    tokens.Tokens(key=b"k", names={}).partition(FIELDS),
    tokens._claims.decode(f'{{"jti": "{MARK}"}}'.encode()),
    bodies._Item(**dict.fromkeys(bodies._Item.__struct_fields__, MARK)),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_does_not_show_what_it_holds(value):
    assert MARK not in repr(value)


@in_virtual_time(ConnectRules())
async def test_what_is_stored_does_not_show_itself(world):
    await world.get(ITEMS + f"?filter=title%20eq%20%22{MARK}%22", token=MARK)
    await world.get(ITEMS, token=MARK)
    held = [*vars(world.exchange).values(), *world.exchange.profile.__dict__.values()]
    assert not [value for value in held if MARK in repr(value)]
