"""Nobody is measured failing: answers are 200, with the body for the token that asked, and hits where they shall be."""

import random
import re
import socket
import ssl
from contextlib import closing
from dataclasses import dataclass

from benchmarks.peers.heads import Heads
from benchmarks.peers.load import Outcome
from benchmarks.peers.origin import BODY_BYTES, COUNT_TARGET, item, item_name, token_mark, vault_name
from benchmarks.peers.peers import Peer
from benchmarks.peers.scenarios import ITEMS, TOKENS, Act, Scenario, Transport
from benchmarks.peers.site import Site

_SAMPLE = 60
_TOLERATED_MISSES = 0.01
"""Part of the requests of a run of hits that may reach the origin: our change checks, and nginx's and Varnish's own."""


class CheckError(Exception):
    """An answer is not what a measurement may rest on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer."""

    head: str
    body: bytes


class Wire:
    """One connection to a peer."""

    def __init__(self, site: Site, transport: Transport) -> None:
        if transport is Transport.UNIX:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(site.socket)
        else:
            port = site.tls_port if transport is Transport.TLS else site.port
            self._socket = socket.create_connection(("127.0.0.1", port))
        if transport is Transport.TLS:
            context = ssl.create_default_context(cafile=site.authority)
            self._socket = context.wrap_socket(self._socket, server_hostname="localhost")
        self._socket.settimeout(10)

    def ask(self, request: str) -> Answer:
        """Send one request and read its answer, which must say its length or be chunked."""
        self._socket.sendall(request.encode())
        head, rest = self._until(b"", b"\r\n\r\n")
        text = head.decode("latin-1") + "\r\n\r\n"
        if length := re.search(r"(?i)\r\ncontent-length: (\d+)\r\n", text):
            while len(rest) < int(length[1]):
                rest += self._more()
            return Answer(head=text, body=rest)
        body = b""
        while size := int((line := self._until(rest, b"\r\n"))[0], 16):
            rest = line[1]
            while len(rest) < size + 2:
                rest += self._more()
            body, rest = body + rest[:size], rest[size + 2 :]
        return Answer(head=text, body=body)

    def _until(self, octets: bytes, mark: bytes) -> tuple[bytes, bytes]:
        while mark not in octets:
            octets += self._more()
        before, _, after = octets.partition(mark)
        return before, after

    def _more(self) -> bytes:
        if not (octets := self._socket.recv(65_536)):
            raise CheckError("the connection ended inside an answer")
        return octets

    def close(self) -> None:
        """End it."""
        self._socket.close()


def _cache_lines(head: str) -> str:
    return ", ".join(
        line for line in head.splitlines() if re.match(r"(?i)x-cache|cache-status|age|ratelimit", line)
    )


def origin_count(port: int) -> int:
    """Return how many requests have reached the origin."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET {COUNT_TARGET} HTTP/1.1\r\nHost: origin\r\n\r\n".encode())
        return int(connection.recv(65_536).rpartition(b"\r\n\r\n")[2])


def check_answers(peer: Peer, scenario: Scenario, site: Site, heads: Heads) -> None:
    """Ask a sample of what the load asks, and look at it; CheckError says what is wrong."""
    with closing(Wire(site, scenario.transport)) as wire:
        _check_sample(wire, peer, scenario, site, heads)


def _check_sample(wire: Wire, peer: Peer, scenario: Scenario, site: Site, heads: Heads) -> None:
    port = site.tls_port if scenario.transport is Transport.TLS else site.port
    tokens = heads.tokens[scenario.token_vaults]
    for _ in range(_SAMPLE):
        owner = random.randrange(TOKENS) if scenario.uses_wrk else 0
        token, vault, name = (
            tokens[owner],
            vault_name(owner),
            item_name(scenario.body, random.randrange(ITEMS)),
        )
        path = f"/v1/vaults/{vault}/items/{name}"
        answer = wire.ask(heads.filled(host=f"127.0.0.1:{port}", token=token, path=path))
        if not answer.head.startswith("HTTP/1.1 200 "):
            raise CheckError(f"{peer.name}: {answer.head.splitlines()[0]}")
        expected = item(vault, name, token_mark(f"Bearer {token}"), 1)
        if peer.is_honest and scenario.act is not Act.WRITE and answer.body != expected:
            raise CheckError(f"{peer.name}: not the body of this item for this token")
        if scenario.act is Act.HIT and not peer.is_hit(answer.head):
            raise CheckError(f"{peer.name}: no hit, or a field is missing: {_cache_lines(answer.head)}")


def check_outcome(peer: Peer, scenario: Scenario, outcome: Outcome, at_origin: int) -> None:
    """Look at what a run of the load saw, and at what reached the origin meanwhile."""
    if outcome.failures or not outcome.requests:
        raise CheckError(f"{peer.name}, {scenario.name}: {outcome.failures} of {outcome.requests} failed")
    if outcome.bytes_read < outcome.requests * BODY_BYTES[scenario.body]:
        raise CheckError(f"{peer.name}, {scenario.name}: answers are shorter than bodies")
    if not is_as_asked(peer, scenario, outcome, at_origin):
        raise CheckError(
            f"{peer.name}, {scenario.name}: {at_origin} of {outcome.requests} reached the origin"
        )


def is_as_asked(peer: Peer, scenario: Scenario, outcome: Outcome, at_origin: int) -> bool:
    """Whether as many requests reached the origin as hits, misses or writes must have."""
    if not peer.is_honest:
        return True
    if scenario.act is Act.HIT:
        return at_origin <= _TOLERATED_MISSES * outcome.requests
    return at_origin >= outcome.requests * (1 - _TOLERATED_MISSES)
