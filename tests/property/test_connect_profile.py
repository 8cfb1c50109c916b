"""What holds for any input and any order: parsers never raise, keys never meet, fences and leases keep their bounds."""

import base64
import string

from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.caching.pieces import at_once
from proxy.caching.profile import Servability
from proxy.connect import bodies
from proxy.connect.leases import Leases
from proxy.connect.resources import ROUTES, ResourceKind, recognise
from proxy.connect.tokens import Tokens
from proxy.connect.versions import Versions
from proxy.connect.write_fences import Evidence, WriteFences
from proxy.semantics.message import Request
from tests.unit.connect.samples import (
    ALPHA,
    BETA,
    CONTENT_TARGET,
    FILES_TARGET,
    ITEM,
    ITEM_TARGET,
    ITEMS_TARGET,
    KEY,
    OTHER_ITEM,
    VAULT,
    VAULT_TARGET,
    VAULTS_TARGET,
    Driver,
    answer,
    at,
    fields,
    item_document,
)

TARGETS = [VAULTS_TARGET, VAULT_TARGET, ITEMS_TARGET, ITEM_TARGET, FILES_TARGET, CONTENT_TARGET]
TIMES = st.floats(min_value=0.0, max_value=200.0)
TOKEN_CHARACTERS = string.ascii_letters + string.digits + "-._~+/="

token_texts = st.text(alphabet=TOKEN_CHARACTERS.rstrip("="), min_size=1, max_size=30)
codings = st.sampled_from(["", "gzip", "deflate", "br", "gzip, br", "x"])

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "version", "vault", "fields", "totp", "type", "contentVersion", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(
    st.text(alphabet=st.characters(codec=None), max_size=80) | st.sampled_from(TARGETS), st.text(max_size=20)
)
def test_no_target_is_beyond_recognition(target, more):
    for odd in (target, target + more, "/" + target, f"{target}?{more}"):
        names = recognise(odd)
        assert names.kind in ResourceKind
        if names.vault or names.item or names.is_cacheable:
            assert names.kind is not ResourceKind.OTHER


@given(st.sampled_from(TARGETS), st.integers(0, 200), st.sampled_from("%/.;A#\\ \x7f"))
def test_a_disturbed_target_is_never_taken_for_another_resource_of_the_api(target, place, octet):
    disturbed = target[:place] + octet + target[place:]
    names = recognise(disturbed)

    segments = tuple(disturbed.partition("?")[0].removesuffix("/")[1:].split("/"))
    if names.kind is not ResourceKind.OTHER:
        assert len(segments) == len(ROUTES[names.kind].path)
        assert names.vault in segments or not names.vault
        assert names.item in segments or not names.item


@given(
    st.text(alphabet=st.characters(codec=None), max_size=100),
    st.text(alphabet=TOKEN_CHARACTERS, max_size=200),
)
def test_no_authorization_field_is_beyond_parsing(odd, token):
    known = Tokens(key=KEY, names={})
    for value in (odd, f"Bearer {odd}", f"Bearer {token}", f"bearer a.{token}.b", f"{odd} {token}"):
        partition = known.partition(fields(Authorization=value))
        assert partition is None or len(partition.digest) == 32


@given(st.binary(max_size=200))
def test_no_claims_are_beyond_parsing_and_none_but_readable_ones_restrict(payload):
    token = f"h.{base64.urlsafe_b64encode(payload).rstrip(b'=').decode()}.s"
    partition = Tokens(key=KEY, names={}).partition(fields(Authorization=f"Bearer {token}"))

    assert partition is not None
    assert partition.vaults is None or b"1password.com/vts" in payload.lower() or b"\\u" in payload


@given(
    st.lists(
        st.text(alphabet=TOKEN_CHARACTERS.rstrip("="), min_size=1, max_size=30),
        min_size=2,
        max_size=8,
        unique=True,
    ),
    st.sampled_from(TARGETS),
)
def test_two_different_tokens_never_get_equal_keys(tokens, target):
    profile = Driver().profile
    keys = set()
    for token in tokens:
        pair = CIMultiDictProxy(CIMultiDict({"Authorization": f"Bearer {token}"}))
        subject = profile.subject(Request(method="GET", target=target, fields=pair), at(0.0))
        assert subject.partition is not None
        keys.add(subject.key)

    assert len(keys) == len(tokens)


@given(
    st.sampled_from(TARGETS),
    st.binary(max_size=100),
    st.sampled_from(["", "gzip", "deflate", "br", "gzip, br", "x"]),
)
def test_no_body_is_beyond_reading(target, body, coding):
    response = answer(body, Content_Encoding=coding)

    at_once(bodies.read(recognise(target), response, decoded_bytes=1000))
    bodies.read_written(recognise(target), response, decoded_bytes=1000)


@given(st.sampled_from(TARGETS), json_values)
def test_no_json_is_beyond_reading(target, document):
    reading = at_once(bodies.read(recognise(target), answer(document), decoded_bytes=10_000))

    assert reading is None or all(
        isinstance(version, int) and version >= 0 for _, version in reading.versions
    )


writes = st.tuples(
    st.sampled_from(["changed", "created", "deleted", "unknown"]),
    st.sampled_from([ITEM, OTHER_ITEM]),
    st.integers(0, 5),
    TIMES,
)
evidences = st.tuples(st.integers(0, 9), st.booleans(), TIMES, TIMES)


@given(st.lists(writes, min_size=1, max_size=6), st.lists(evidences, max_size=8), TIMES)
def test_no_fence_is_lifted_by_what_was_sent_before_its_last_write_ended_nor_outlives_its_cap(
    history, shown, later
):
    fences = WriteFences(write_fence_seconds=30.0)
    history.sort(key=lambda write: write[3])
    last = {item: ended for _, item, _, ended in history}
    for kind, item, version, ended in history:
        match kind:
            case "changed":
                fences.changed(VAULT, item, version, at(ended))
            case "created":
                fences.created(VAULT, item, version, at(ended))
            case "deleted":
                fences.deleted(VAULT, item, at(ended))
            case _:
                fences.unknown(VAULT, item, at(ended))
    for version, is_list, sent, delay in shown:
        evidence = Evidence(
            sent=at(sent),
            versions={ITEM: version, OTHER_ITEM: version},
            listed=frozenset() if is_list else None,
        )
        for item in fences.lift(VAULT, evidence, at(max(sent, history[-1][3]) + delay)):
            assert sent > last[item]
    for item, ended in last.items():
        assert not fences.item_is_fenced(VAULT, item, at(max(ended + 30.0, later + ended + 30.0)))
        is_remembered = history[-1][3] < ended + 30.0
        if is_remembered and all(sent <= ended for _, _, sent, _ in shown):
            assert fences.item_is_fenced(VAULT, item, at(ended))
            assert fences.vault_is_fenced(VAULT, at(ended))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), TIMES), max_size=20))
def test_versions_only_ever_refuse_what_is_below_something_noted(noted):
    versions = Versions(keep_seconds=50.0)
    now = 0.0
    for number, version, delay in noted:
        now += delay / 10
        versions.note([((VAULT, str(number)), version)], at(now))
    for number in range(4):
        seen = [version for key, version, _ in noted if key == number]
        assert not versions.is_regressed([((VAULT, str(number)), max(seen, default=0))], at(now))
        assert versions.highest((VAULT, str(number)), at(now + 51.0)) is None


lease_events = st.tuples(
    st.sampled_from(["renew", "list", "refuse", "end"]), st.sampled_from(["v1", "v2", ""]), TIMES
)


@given(st.lists(lease_events, max_size=15), st.lists(TIMES, min_size=1, max_size=5))
def test_no_lease_outlives_the_sending_of_its_last_success_by_more_than_the_setting(events, moments):
    leases = Leases(token_verification_seconds=60.0, forget_after_seconds=1e6)
    proven: dict[str, float] = {}
    for kind, vault, sent in events:
        match kind:
            case "renew":
                leases.renew(b"a", vault, at(sent))
                proven[vault] = max(sent, proven.get(vault, 0.0))
            case "list":
                leases.listed(b"a", {vault}, at(sent))
                proven[vault] = max(sent, proven.get(vault, 0.0))
            case "refuse":
                leases.refuse(b"a", at(sent))
            case _:
                leases.end(b"a", vault, at(sent))
        for moment in moments:
            for held in ("v1", "v2", ""):
                if leases.holds(b"a", held, at(moment)):
                    assert held in proven
                    assert moment < proven[held] + 60.0
                assert not leases.holds(b"b", held, at(moment))


steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["item", "list", "empty", "missing", "401", "403", "put", "delete", "lost", "refused"]
        ),
        st.sampled_from([ALPHA, BETA]),
        st.integers(1, 4),
        st.sampled_from([0.0, 0.05, 1.0, 10.0, 40.0]),
        st.sampled_from([0.0, 0.5, 5.0]),
    ),
    max_size=15,
)


@settings(max_examples=300)
@given(steps)
def test_whatever_happens_only_what_was_proven_lately_and_not_written_since_is_servable(script):
    driver = Driver()
    now, last_write = 0.0, -1.0
    proven = {ALPHA: -1e9, BETA: -1e9}
    for kind, bearer, version, pause, lag in script:
        now += pause
        sent = max(0.0, now - lag)
        # The exchange refuses by generation what was sent before a write's end; a fence may be lifted by then.
        generation = -1 if sent <= last_write else None
        match kind:
            case "item":
                shown = answer(item_document(version=version))
                driver.read(ITEM_TARGET, shown, sent=sent, landed=now, bearer=bearer, generation=generation)
                proven[bearer] = max(proven[bearer], sent)
            case "list" | "empty":
                shown = [item_document(version=version)] if kind == "list" else []
                driver.read(
                    ITEMS_TARGET, answer(shown), sent=sent, landed=now, bearer=bearer, generation=generation
                )
                proven[bearer] = max(proven[bearer], sent)
            case "missing" | "401" | "403":
                status = 404 if kind == "missing" else int(kind)
                driver.read(ITEM_TARGET, answer({}, status), sent=sent, landed=now, bearer=bearer)
                if kind == "missing":
                    assert driver.serves(ITEM_TARGET, now=now, bearer=bearer) is None
                else:
                    assert driver.serves(ITEM_TARGET, now=now, bearer=bearer) in {None, Servability.REFUSED}
            case "refused":
                before = [driver.serves(ITEM_TARGET, now=now, bearer=token) for token in (ALPHA, BETA)]
                driver.write("PUT", ITEM_TARGET, answer({}, 403), ended=now, bearer=bearer)
                assert before == [
                    driver.serves(ITEM_TARGET, now=now, bearer=token) for token in (ALPHA, BETA)
                ]
            case _:
                method = "DELETE" if kind == "delete" else "PUT"
                response = {
                    "put": answer(item_document(version=version)),
                    "delete": answer(b"", 204),
                    "lost": None,
                }[kind]
                driver.write(method, ITEM_TARGET, response, ended=now, bearer=bearer)
                last_write = now
                for token in (ALPHA, BETA):
                    assert driver.serves(ITEM_TARGET, now=now, bearer=token) is None
        for token in (ALPHA, BETA):
            subject = driver.subject(ITEM_TARGET, token)
            if driver.serves(ITEM_TARGET, now=now, bearer=token) is Servability.SERVABLE:
                assert now < proven[token] + 60.0
                stored = driver.store[subject.key]
                assert stored.request_sent_boot_seconds >= 0.0
                highest = driver.profile._knowledge.versions.highest((VAULT, ITEM), at(now))
                assert highest is None or stored.version == highest
                if last_write >= 0.0 and stored.request_sent_boot_seconds <= last_write:
                    raise AssertionError("stored from before the last write")
