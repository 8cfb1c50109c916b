"""Audit lines for tests: chains made by hand, and what lines say."""

import json
from collections import Counter
from collections.abc import Iterable

from proxy.audit import chain
from proxy.audit.chain import Head
from proxy.audit.records import Closed, Content, Lead, Opened, Read, document_of, timestamp

START = 1_795_000_000.0


def opened(*, keyed: bool = False, **given) -> Opened:
    return Opened(
        version="1", interval_seconds=10, mode="aggregate", on_failure="serve", keyed=keyed, **given
    )


def read(count: int = 1, how: str = "hit", **given) -> Read:
    at = timestamp(START)
    return Read(token="billing", vault="v", item="i", how=how, first=at, last=at, count=count, **given)


def closed(lost: int = 0, **reads: int) -> Closed:
    return Closed(reads=reads, lost=lost)


def chain_of(
    *contents: Content, instance: str = "a1", key: bytes | None = None, head: Head | None = None
) -> list[bytes]:
    """Return the lines of an instance, one second apart."""
    lines, head = [], head or Head()
    for content in contents:
        lead = Lead(
            ts=timestamp(START + head.seq),
            event=content.event,
            instance=instance,
            seq=head.seq + 1,
            pod="billing-7d4",
            namespace="prod",
        )
        line, head = chain.seal(key, head, document_of(lead, content))
        lines.append(line)
    return lines


def documents_of(octets: bytes) -> list[dict]:
    """Return what the audit lines in some output say, in order."""
    return [json.loads(line) for line in octets.splitlines() if b'"event":"audit.' in line]


def reads_in(documents: Iterable[dict]) -> Counter:
    """Return the reads on record by how they were answered."""
    counted: Counter = Counter()
    for document in documents:
        if document["event"] == "audit.read":
            counted[document["how"]] += document["count"]
    return counted
