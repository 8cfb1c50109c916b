"""What a 304 is for, but may not be kept: it answers this once, whole, as it was received."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.caching.kept_fields import blanked
from proxy.caching.profile import Sent
from proxy.clock import SystemClock
from proxy.semantics.message import Request, Response
from tests.support.exchanges import make_exchange
from tests.unit.caching.messages import stored

DATE, LATER = "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:38 GMT"
ETAG = 'ETag: "a"'


@pytest.mark.parametrize(
    ("lines", "date"), [([("Date", LATER)], LATER), ([("Date", LATER), ("ETag", '"b"')], DATE)]
)
async def test_it_has_a_date_and_the_length_of_its_body(lines, date):
    exchange = make_exchange(upstream=cast(Any, None), clock=SystemClock())
    fields = CIMultiDictProxy(CIMultiDict({"Authorization": "Bearer t", "Host": "a"}))
    request = Request(method="GET", target=f"/v1/vaults/{0:026}/items/{1:026}", fields=fields)
    now = SystemClock().now()
    subject = exchange.profile.subject(request, now)
    held = stored(ETAG, f"Date: {DATE}", "Content-Length: 10")
    assert held.response == blanked(held.response)
    errand = SimpleNamespace(subject=subject, request=request, validating=held)
    told = Response(status=304, reason="", fields=CIMultiDictProxy(CIMultiDict(lines)), body=b"")
    flight = SimpleNamespace(is_superseded=True)
    landed = await exchange._learner.land(
        cast(Any, errand), told, cast(Any, flight), Sent(at=now, generation=0, latest=0), now
    )
    assert landed.stored is None
    assert (landed.response.fields["Date"], landed.response.fields["Content-Length"]) == (date, "10")
    assert landed.response.body == held.response.body
    await exchange.close()
