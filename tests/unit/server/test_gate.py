"""The required field: shown once and right, or refused; never sent on."""

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.exchange.answer import Answer
from proxy.semantics.message import Request
from proxy.semantics.peer import Peer
from proxy.server.gate import RequiredField

NO_FIELDS = CIMultiDictProxy(CIMultiDict())
PEER = Peer(address="127.0.0.1")


class Behind:
    def __init__(self):
        self.requests = []

    async def handle(self, request, body):
        self.requests.append(request)
        return Answer(status=200, reason="OK", fields=NO_FIELDS, body=b"")


async def asked(*fields, expected="true"):
    behind = Behind()
    gate = RequiredField(behind, name="X-Connect-Sidecar", expected=lambda: expected)
    request = Request(
        method="GET", target="/v1/vaults", fields=CIMultiDictProxy(CIMultiDict(fields)), peer=PEER
    )
    answer = await gate.handle(request, None)
    return answer.status, behind.requests


async def test_a_request_that_shows_the_field_passes_without_it():
    status, [passed] = await asked(("x-connect-sidecar", "true"), ("Host", "h"), ("Accept", "a"))
    assert status == 200
    assert list(passed.fields.items()) == [("Host", "h"), ("Accept", "a")]
    assert (passed.method, passed.target, passed.peer) == ("GET", "/v1/vaults", PEER)


@pytest.mark.parametrize(
    "fields",
    [
        (),
        (("X-Connect-Sidecar", "false"),),
        (("X-Connect-Sidecar", ""),),
        (("X-Connect-Sidecar", "true"), ("X-Connect-Sidecar", "true")),
        (("X-Connect-Sidecar", "yes\udcff"),),
        (("X-Connect-Sidecar", "true"), ("X-Forwarded-For", "10.0.0.1")),
        (("X-Connect-Sidecar", "true"), ("x-forwarded-for", "")),
        (("X-Connect-Sidecar", "true"), ("Forwarded", "for=10.0.0.1")),
    ],
    ids=str,
)
async def test_any_other_is_refused_and_goes_nowhere(fields):
    assert await asked(*fields) == (403, [])


async def test_a_value_that_cannot_be_read_lets_nobody_in():
    assert await asked(("X-Connect-Sidecar", ""), expected="") == (403, [])
