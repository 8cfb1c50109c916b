"""Names become addresses, or errors of the closed list, in time."""

import asyncio
import socket

import pytest

from proxy.adapters.name_resolution import addresses_of
from proxy.errors import ErrorKind, UpstreamError


def resolving(monkeypatch, look_up):
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)


async def test_every_address_comes_once_in_the_resolvers_order(monkeypatch):
    async def three(host, port, **_):
        assert (host, port) == ("connect", 8080)
        kinds = (socket.SOCK_STREAM, 6, "")
        return [
            (socket.AF_INET6, *kinds, ("fd00::2", port, 0, 0)),
            (socket.AF_INET, *kinds, ("10.0.0.1", port)),
            (socket.AF_INET, *kinds, ("10.0.0.1", port)),
        ]

    resolving(monkeypatch, three)
    assert await addresses_of("connect", 8080) == ("fd00::2", "10.0.0.1")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (socket.gaierror(socket.EAI_AGAIN, "try again"), ErrorKind.DNS_TIMEOUT),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), ErrorKind.DNS_ERROR),
        (UnicodeError("label too long"), ErrorKind.DNS_ERROR),
    ],
)
async def test_a_failed_look_up_has_a_kind_and_has_sent_nothing(monkeypatch, fault, kind):
    async def fail(*_, **__):
        raise fault

    resolving(monkeypatch, fail)
    with pytest.raises(UpstreamError) as caught:
        await addresses_of("connect", 8080)
    assert (caught.value.kind, caught.value.sent) == (kind, False)


async def test_a_resolver_that_does_not_answer_is_not_waited_for(monkeypatch):
    async def hang(*_, **__):
        await asyncio.Event().wait()

    resolving(monkeypatch, hang)
    with pytest.raises(UpstreamError) as caught:
        await addresses_of("connect", 8080, timeout_seconds=0.01)
    assert caught.value.kind is ErrorKind.DNS_TIMEOUT


async def test_a_numeric_address_is_itself():
    assert await addresses_of("127.0.0.1", 80) == ("127.0.0.1",)
