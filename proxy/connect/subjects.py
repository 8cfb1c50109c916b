"""What a request is about, as a value; worked out once for requests that repeat.

Applications repeat targets: a subject is looked up by partition, method and target and found ready, with its scopes,
tags and rules. Whether anything may be served is not decided here.
"""

from dataclasses import dataclass, field, replace

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.caching.key import ROOT, CacheKey, Tag
from proxy.caching.profile import Handling, Subject
from proxy.caching.stored_response import StoredResponse
from proxy.connect.memo import Memo
from proxy.connect.resources import Mark, Resource, WriteRule, recognise, tag
from proxy.connect.rules import ConnectRules
from proxy.connect.storing_rules import cache_rules
from proxy.connect.tokens import Partition, Tokens
from proxy.semantics.message import Fields, Request

_NOBODY = b""
_NO_FIELDS: Fields = CIMultiDictProxy(CIMultiDict())


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectSubject(Subject):
    """A request to Connect. `names` is what its target names; `partition` is None without exactly one token.

    `write` is what the table knows of an unsafe method here; None on unknown ones and on safe methods.
    """

    names: Resource
    partition: Partition | None
    write: WriteRule | None
    digest: bytes = field(repr=False)
    """The partition's digest, empty without one."""


class Subjects:
    """Finds the subject of a request."""

    def __init__(self, *, rules: ConnectRules, tokens: Tokens) -> None:
        self.tokens = tokens
        self._known: Memo[CacheKey, ConnectSubject] = Memo(capacity=rules.most_subjects)
        self._rules = cache_rules(rules, rules.item_freshness_seconds, rules.list_freshness_seconds)

    def subject(self, request: Request) -> ConnectSubject:
        """Return what a request is about."""
        partition = self.tokens.partition(request.fields)
        key = CacheKey(_NOBODY if partition is None else partition.digest, request.method, request.target)
        known = self._known.get(key)
        if known is not None:
            return known
        return self._make(key, partition, request)

    def key(self, request: Request) -> CacheKey:
        """Return that subject's key."""
        partition = self.tokens.partition(request.fields)
        return CacheKey(_NOBODY if partition is None else partition.digest, request.method, request.target)

    def remember(self, subject: ConnectSubject, reused: StoredResponse) -> None:
        """Keep what a request was about that a stored response has answered: it will be asked for again.

        Nothing else is kept, so that nobody fills this memory with what is stored nowhere.
        """
        if self._known.get(subject.key) is None:
            # Equal to its own, and there already.
            names = subject.names.sharing(reused.tags)
            shared = replace(
                subject,
                key=reused.key,
                scopes=reused.scopes,
                tags=reused.tags,
                names=names,
                about=names.about,
            )
            self._known.put(shared.key, shared)

    def is_current(self, subject: ConnectSubject) -> bool:
        """Tell whether a subject bears the name that its token has now."""
        return subject.partition_label == self.tokens.label(subject.partition)

    def imagine(self, partition: Partition, method: str, target: str) -> ConnectSubject:
        """Return what a token's request would be about; nothing is remembered of it."""
        request = Request(method=method, target=target, fields=_NO_FIELDS)
        return self._make(CacheKey(partition.digest, method, target), partition, request)

    def accept(self, partition: Partition) -> bool:
        """Note that Connect has accepted a token: from now on it has a name. Tell whether that is another."""
        is_renamed = self.tokens.accept(partition)
        if is_renamed:
            self._known.clear()
        return is_renamed

    def adopt(self, rules: ConnectRules) -> None:
        """Go by other freshness and other names of tokens from now on."""
        self._rules = cache_rules(rules, rules.item_freshness_seconds, rules.list_freshness_seconds)
        self.tokens.rename(rules.token_names)
        self._known.clear()

    def partitions_labelled(self, label: str) -> tuple[bytes, ...]:
        """Return the digests of the tokens that bear a label."""
        return self.tokens.labelled(label)

    def _make(self, key: CacheKey, partition: Partition | None, request: Request) -> ConnectSubject:
        names = recognise(request.target)
        handling = _handling(request, names, partition)
        write = names.route.write
        if handling is not Handling.WRITE or write is None or request.method not in write.methods:
            write = None
        return ConnectSubject(
            resource=names.kind.value,
            handling=handling,
            key=key,
            partition_label=self.tokens.label(partition),
            scopes=_scopes(handling, names, write, key.partition),
            tags=names.tags(names.route.tags, key.partition) if handling is Handling.CACHE else (),
            rules=self._rules[names.route.freshness if handling is Handling.CACHE else None],
            lane=None if write is None else tag(Mark.VAULT, vault=names.vault),
            route=names.route.template,
            about=names.about,
            credential_id="" if partition is None else partition.token_id or "",
            usable_until_wall_seconds=None if partition is None else partition.expires_wall_seconds,
            names=names,
            partition=partition,
            write=write,
            digest=key.partition,
        )


def _handling(request: Request, names: Resource, partition: Partition | None) -> Handling:
    if not request.is_safe:
        return Handling.WRITE
    is_cached = request.method == "GET" and partition is not None and names.is_cacheable
    return Handling.CACHE if is_cached else Handling.PASS


def _scopes(handling: Handling, names: Resource, write: WriteRule | None, digest: bytes) -> tuple[Tag, ...]:
    if handling is not Handling.WRITE:
        return names.tags(names.route.scopes, digest)
    return (ROOT,) if write is None else names.tags(write.raises, digest)
