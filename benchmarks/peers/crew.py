"""The origin and the peers that run, each started when it is first wanted."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import trustme

from benchmarks.peers.check import origin_count
from benchmarks.peers.peers import Peer
from benchmarks.peers.processes import CLIENT, SERVER, Pinned, start
from benchmarks.peers.scenarios import Transport
from benchmarks.peers.site import CONFIG, TOOLS, Site, free_ports, programs

_LANE_VARIABLE = "CONNECT_SIDECAR__SERVER__EXPRESS_LANE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A peer that runs."""

    peer: Peer
    site: Site
    process: Pinned
    at_rest_bytes: int
    version: str
    settled_at: float
    """By time.monotonic()."""


@dataclass(slots=True, kw_only=True)
class Crew:
    """Starts processes in directories of their own below `directory`; leaving the block ends them all."""

    directory: Path
    has_lane: bool
    """Without, the setting that turns it off doesn't exist and isn't set."""
    members: dict[str, Member] = field(default_factory=dict)
    _ports: list[int] = field(default_factory=lambda: free_ports(2))
    _authority: trustme.CA = field(default_factory=trustme.CA)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> "Crew":
        (self.directory / "authority").write_bytes(self._authority.cert_pem.bytes())
        command = (programs()["python"], "-m", "benchmarks.peers.origin", *map(str, self._ports))
        self._begin("origin", command, CLIENT, self._ports[0], {})
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def origin_count(self) -> int:
        """Return how many requests have reached the origin."""
        return origin_count(self._ports[0])

    def member(self, peer: Peer) -> Member:
        """Return the running peer; it's started if it isn't."""
        if peer.name not in self.members:
            self.members[peer.name] = self._started(peer)
        return self.members[peer.name]

    def _started(self, peer: Peer) -> Member:
        site = self._site(peer)
        if peer.config:
            template = (CONFIG / peer.config).read_text(encoding="utf-8")
            (Path(site.directory) / peer.config).write_text(site.render(template), encoding="utf-8")
        environment = {
            name: site.render(value)
            for name, value in peer.environment.items()
            if self.has_lane or name != _LANE_VARIABLE
        }
        command = [site.render(part) for part in peer.command]
        process = self._begin(peer.name, command, SERVER, site.port, environment)
        return Member(
            peer=peer,
            site=site,
            process=process,
            at_rest_bytes=process.resident_bytes(),
            version=_version([site.render(part) for part in peer.version]),
            settled_at=time.monotonic() + peer.settling_seconds,
        )

    def _begin(
        self, name: str, command: Sequence[str], cpu: int, port: int, environment: Mapping[str, str]
    ) -> Pinned:
        directory = self.directory / name
        directory.mkdir(exist_ok=True)
        pinned = start(name, command, cpu=cpu, directory=directory, port=port, environment=environment)
        self._stack.callback(pinned.stop)
        return pinned

    def _site(self, peer: Peer) -> Site:
        directory = self.directory / peer.name
        directory.mkdir()
        certificate, key, both = (directory / name for name in ("tls.crt", "tls.key", "tls.both"))
        issued = self._authority.issue_cert("localhost", "127.0.0.1", key_type=trustme.KeyType.ECDSA)
        chain = b"".join(part.bytes() for part in issued.cert_chain_pems)
        certificate.write_bytes(chain)
        key.write_bytes(issued.private_key_pem.bytes())
        both.write_bytes(chain + key.read_bytes())
        port, tls_port, spare_port = free_ports(3)
        speaks_nothing_but_tls = peer.transports == frozenset({Transport.TLS})
        return Site(
            directory=str(directory),
            socket=str(directory / "s"),
            port=port,
            tls_port=port if speaks_nothing_but_tls else tls_port,
            spare_port=spare_port,
            origin_port=self._ports[0],
            fresh_origin_port=self._ports[1],
            authority=str(self.directory / "authority"),
            certificate=str(certificate),
            key=str(key),
            certificate_and_key=str(both),
        )


def _version(command: Sequence[str]) -> str:
    if not command:
        return ""
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    return (told.stdout + told.stderr).strip().split("\n")[0].replace(f"{TOOLS}/", "")
