"""An output that a test can fill up, break, hold and look into; and reads to write to it."""

import errno
import os
import threading

from proxy.audit.ledger import Identity
from proxy.audit.records import Link
from proxy.caching.reasons import ForwardReason
from proxy.clock import Instant
from proxy.exchange.events import Answered, ExchangeFinished


class ScriptedOutput:
    """Takes everything, unless told to take only `room` octets more (then the disk is full), or to wait."""

    def __init__(self) -> None:
        self.octets = b""
        self.room: int | None = None
        self.failure: int = errno.ENOSPC
        self.link: Link | None = None
        self.is_closed = False
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.is_asked = threading.Event()

    def found(self) -> Link | None:
        return self.link

    def prepare(self) -> None:
        pass

    def write(self, octets: bytes | memoryview) -> int:
        self.is_asked.set()
        self.may_go_on.wait(30)
        taken = len(octets) if self.room is None else min(self.room, len(octets))
        if not taken:
            raise OSError(self.failure, os.strerror(self.failure))
        if self.room is not None:
            self.room -= taken
        self.octets += bytes(octets[:taken])
        return taken

    def close(self) -> None:
        self.is_closed = True


def a_read(
    item: str = "i", *, cache: Answered = Answered.HIT, wall_seconds: float = 1_795_000_000.0
) -> ExchangeFinished:
    return ExchangeFinished(
        method="GET",
        resource="item",
        token="billing",
        token_id="jti",
        peer="127.0.0.1",
        about=(("vault", "v"), ("item", item)),
        version=7,
        status=200,
        cache=cache,
        why=ForwardReason.MISS,
        duration_seconds=0.001,
        at=Instant(wall_seconds=wall_seconds, boot_seconds=1.0),
    )


def identity(read: ExchangeFinished) -> Identity:
    """What makes other reads equal to this one."""
    return Identity(
        token=read.token,
        token_id=read.token_id,
        peer=read.peer,
        resource=read.resource,
        about=read.about,
        version=read.version,
        how=read.cache.value,
    )
