"""Sample requests, answers and tokens for the tests of the Connect profile, and a driver that plays the exchange."""

import json
from dataclasses import dataclass, field

import jwt
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.caching.generations import Generations
from proxy.caching.pieces import at_once
from proxy.caching.profile import NO_EFFECTS, Effects, Finding, Sent, Servability, WriteOutcome, write_outcome
from proxy.caching.reasons import NotStoredReason
from proxy.caching.receipt import Receipt
from proxy.caching.stored_response import ReuseTerms, StoredResponse
from proxy.clock import Instant
from proxy.connect.profile import ConnectProfile, ConnectRules, ConnectSubject
from proxy.semantics.message import Fields, Request, Response

VAULT = "ytrfte14kw1uex5txaore1emkz"
OTHER_VAULT = "ftz4pm2xxwmwrsd7rjqn7grzfz"
ITEM = "wepiqdxdzncjtnvmv5fegud4qy"
OTHER_ITEM = "2fcbqwe9ndg175zg2dzwftvkpa"
FILE = "6r65pjq33banznomn7q22sj44e"

VAULTS_TARGET = "/v1/vaults"
VAULT_TARGET = f"/v1/vaults/{VAULT}"
ITEMS_TARGET = f"{VAULT_TARGET}/items"
ITEM_TARGET = f"{ITEMS_TARGET}/{ITEM}"
OTHER_ITEM_TARGET = f"{ITEMS_TARGET}/{OTHER_ITEM}"
FILES_TARGET = f"{ITEM_TARGET}/files"
FILE_TARGET = f"{FILES_TARGET}/{FILE}"
CONTENT_TARGET = f"{FILE_TARGET}/content"
FILTERED_TARGET = f"{ITEMS_TARGET}?filter=title%20eq%20%22x%22"

KEY = b"k" * 32
WALL_SECONDS = 1_800_000_000.0


def at(boot_seconds: float) -> Instant:
    return Instant(wall_seconds=WALL_SECONDS + boot_seconds, boot_seconds=boot_seconds)


def fields(**values: str) -> Fields:
    return CIMultiDictProxy(CIMultiDict({name.replace("_", "-"): value for name, value in values.items()}))


def token(jti: str = "a" * 26, *, expires: float | None = None, vaults: list[str] | None = None) -> str:
    claims: dict[str, object] = {"jti": jti, "1password.com/token": "key material", "iss": "com.1password.b5"}
    if expires is not None:
        claims["exp"] = expires
    if vaults is not None:
        claims["1password.com/vts"] = [{"u": vault.upper(), "a": 48} for vault in vaults]
    return jwt.encode(claims, "s" * 64, algorithm="HS256")


ALPHA = token("alphaalphaalphaalphaalphaa")
BETA = token("betabetabetabetabetabetaaa")


def request(target: str, bearer: str | None = ALPHA, method: str = "GET") -> Request:
    authorization = fields() if bearer is None else fields(Authorization=f"Bearer {bearer}")
    return Request(method=method, target=target, fields=authorization)


def item_document(item: str = ITEM, version: int | None = 1, **more: object) -> dict[str, object]:
    document: dict[str, object] = {"id": item, "title": "t", "vault": {"id": VAULT}, "category": "LOGIN"}
    return document | ({} if version is None else {"version": version}) | more


def vault_document(vault: str = VAULT, content: int = 1) -> dict[str, object]:
    return {"id": vault, "name": "Demo", "attributeVersion": 1, "contentVersion": content, "items": 1}


def answer(document: object = None, status: int = 200, **values: str) -> Response:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Response(status=status, reason="", fields=fields(**values), body=body)


@dataclass
class Driver:
    """Plays the exchange's part: generations, a store by key and tags, and who learns when."""

    rules: ConnectRules = field(default_factory=ConnectRules)
    started_at: Instant | None = None

    def __post_init__(self) -> None:
        self.profile = ConnectProfile(rules=self.rules, key=KEY, started_at=self.started_at)
        self.generations = Generations()
        self.store: dict[object, StoredResponse] = {}

    def subject(self, target: str, bearer: str | None = ALPHA, method: str = "GET", now: float = 0.0):
        return self.profile.subject(request(target, bearer, method), at(now))

    def read(
        self,
        target: str,
        response: Response,
        *,
        sent: float,
        bearer: str = ALPHA,
        landed: float | None = None,
        generation: int | None = None,
        method: str = "GET",
    ) -> NotStoredReason | None:
        """Let one upstream answer land, as the exchange does; return why it was not stored."""
        now = at(sent if landed is None else landed)
        subject = self.profile.subject(request(target, bearer, method), now)
        before = self.generations.current(subject.scopes)
        known = Sent(
            at=at(sent),
            generation=before if generation is None else generation,
            latest=self.generations.latest,
        )
        finding = at_once(self.profile.examine(subject, response))
        self.carry_out(self.profile.learn(subject, response, finding, known, now))
        if response.status != 200:
            return NotStoredReason.STATUS
        if known.generation != before:
            return NotStoredReason.GENERATION
        refusal = self.profile.refuses_storing(subject, finding, known, now)
        if refusal is None:
            self.store[subject.key] = self._stored(subject, response, known, now, finding)
        return refusal

    def generation(self, target: str, bearer: str = ALPHA) -> int:
        return self.generations.current(self.subject(target, bearer).scopes)

    def write(
        self,
        method: str,
        target: str,
        response: Response | None,
        *,
        ended: float,
        bearer: str = ALPHA,
        outcome: WriteOutcome | None = None,
    ) -> Effects:
        """End a write; without an answer its outcome is unknown."""
        subject = self.profile.subject(request(target, bearer, method), at(ended))
        if outcome is None:
            outcome = WriteOutcome.UNKNOWN if response is None else write_outcome(response.status)
        effects = self.profile.write_ended(subject, outcome, response, at(ended))
        self.carry_out(effects)
        return effects

    def serves(self, target: str, *, now: float, bearer: str = ALPHA) -> Servability | None:
        """Tell what may be done with what is stored; None if nothing is."""
        subject = self.profile.subject(request(target, bearer), at(now))
        stored = self.store.get(subject.key)
        if stored is None:
            return None
        servability = self.profile.servability(subject, stored, at(now))
        outdated = stored.generation != self.generations.current(subject.scopes)
        if servability is Servability.SERVABLE and outdated:
            return Servability.MUST_VALIDATE
        return servability

    def carry_out(self, effects: Effects) -> None:
        if effects is NO_EFFECTS:
            return
        self.generations.advance(effects.advance)
        for tags in effects.remove:
            assert tags, "an empty conjunction would remove everything"
            gone = [key for key, stored in self.store.items() if set(tags) <= set(stored.tags)]
            for key in gone:
                del self.store[key]

    def _stored(
        self, subject: ConnectSubject, response: Response, sent: Sent, now: Instant, finding: Finding
    ) -> StoredResponse:
        return StoredResponse(
            key=subject.key,
            nominated=(),
            response=response,
            receipt=Receipt(
                request_sent_boot_seconds=sent.at.boot_seconds,
                received_wall_seconds=now.wall_seconds,
                received_boot_seconds=now.boot_seconds,
                age_zero_boot_seconds=now.boot_seconds,
                date="",
            ),
            terms=ReuseTerms(
                freshness_lifetime_seconds=self.profile.storing_rules(subject, now).assigned_freshness_seconds
                or 0.0,
                stale_while_revalidate_seconds=0.0,
                stale_if_error_seconds=subject.rules.stale_if_error_seconds,
                must_validate=False,
                must_revalidate=False,
            ),
            entity_tag=None,
            tags=subject.tags,
            generation=self.generations.current(subject.scopes),
            scopes=subject.scopes,
            version=finding.version,
            evidence=finding.evidence,
        )
