"""What a client gets through the sidecar is what it gets without it: status, reason, fields and body bytes.

A table of requests is asked of the embedded server directly and through the sidecar, twice each, so that the second
one may be a hit. The only differences allowed are the fields a proxy adds.
"""

import json
from dataclasses import dataclass

import pytest
import pytest_asyncio

from proxy.emulator import READ, READ_WRITE, Emulator, SampleData
from tests.support.sidecar import running_sidecar
from tests.support.wire import WireAnswer, WireClient

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADDED = {"via", "age", "cache-status", "date", "connection", "proxy-status", "etag"}
FRAMING = {"transfer-encoding", "content-length"}


@dataclass(frozen=True, slots=True)
class Case:
    """`{...}` in a target is filled from the sample data."""

    name: str
    request_line: str
    fields: tuple[str, ...] = ()
    body: bytes = b""
    authorized: bool = True


def get(name: str, target: str, *fields: str) -> Case:
    return Case(name, f"GET {target}", fields)


CASES = [
    get("vaults", "/v1/vaults"),
    get("vaults with a slash, as the JS SDK asks", "/v1/vaults/"),
    get("vaults by name, Python SDK", "/v1/vaults?filter=name%20eq%20%22Demo%22"),
    get("vaults by title, Go SDK", "/v1/vaults?filter=title+eq+%22Demo%22"),
    get("vaults by title, JS SDK", "/v1/vaults/?filter=title%20eq%20%22Demo%22"),
    get("vaults by an unknown name", "/v1/vaults?filter=name+eq+%22nobody%22"),
    get("vaults, filter with a single quote", "/v1/vaults?filter=name+eq+'Demo'"),
    get("vaults, empty filter", "/v1/vaults?filter="),
    get("vaults, lone question mark", "/v1/vaults?"),
    get("vaults, unknown query", "/v1/vaults?colour=blue&colour=red"),
    get("vault", "/v1/vaults/{vault}"),
    get("vault with a slash", "/v1/vaults/{vault}/"),
    get("vault by its title is a bad id", "/v1/vaults/Demo"),
    get("vault unknown", "/v1/vaults/zzzzzzzzzzzzzzzzzzzzzzzzzz"),
    get("vault in upper case", "/v1/vaults/{VAULT}"),
    get("items", "/v1/vaults/{vault}/items"),
    get("items with a slash", "/v1/vaults/{vault}/items/"),
    get("items by title, Go", "/v1/vaults/{vault}/items?filter=title+eq+%22Web+shop%22"),
    get("items by title, Python", "/v1/vaults/{vault}/items?filter=title%20eq%20%22Web%20shop%22"),
    get("items by title, JS", "/v1/vaults/{vault}/items/?filter=title%20eq%20%22Web%20shop%22"),
    get("items whose title contains", "/v1/vaults/{vault}/items/?filter=title%20co%20%22shop%22"),
    get("items by tag", "/v1/vaults/{vault}/items?filter=tag+eq+%22demo%22"),
    get("items, nothing found", "/v1/vaults/{vault}/items?filter=title+eq+%22none%22"),
    get(
        "items, title with & and + unescaped",
        "/v1/vaults/{vault}/items?filter=title%20eq%20%22My%20&%20+x%22",
    ),
    get(
        "items, filter with lower-case escapes",
        "/v1/vaults/{vault}/items?filter=title%20eq%20%22caf%c3%a9%22",
    ),
    get(
        "items, filter with upper-case escapes",
        "/v1/vaults/{vault}/items?filter=title%20eq%20%22caf%C3%A9%22",
    ),
    get("items, raw quotes", '/v1/vaults/{vault}/items?filter=title+eq+"Web+shop"'),
    get("items of an empty vault", "/v1/vaults/{empty}/items"),
    get("items of an unknown vault", "/v1/vaults/zzzzzzzzzzzzzzzzzzzzzzzzzz/items"),
    get("item", "/v1/vaults/{vault}/items/{item}"),
    get("item with a slash", "/v1/vaults/{vault}/items/{item}/"),
    get("item with a query nobody knows", "/v1/vaults/{vault}/items/{item}?x=1"),
    get("item unknown", "/v1/vaults/{vault}/items/zzzzzzzzzzzzzzzzzzzzzzzzzz"),
    get("item by title", "/v1/vaults/{vault}/items/Web%20shop"),
    get("item in another vault", "/v1/vaults/{infrastructure}/items/{item}"),
    get("note with a hash in its text", "/v1/vaults/{vault}/items/{note}"),
    get("files", "/v1/vaults/{infrastructure}/items/{document}/files"),
    get("files with a slash, as the JS SDK asks", "/v1/vaults/{infrastructure}/items/{document}/files/"),
    get("files inline", "/v1/vaults/{infrastructure}/items/{document}/files?inline_files=true"),
    get(
        "files inline, the seed's word",
        "/v1/vaults/{infrastructure}/items/{document}/files?inline_content=true",
    ),
    get("file", "/v1/vaults/{infrastructure}/items/{document}/files/{file}"),
    get("file inline", "/v1/vaults/{infrastructure}/items/{document}/files/{file}?inline_files=true"),
    get(
        "file too large to inline",
        "/v1/vaults/{infrastructure}/items/{document}/files/{large}?inline_files=true",
    ),
    get("file content", "/v1/vaults/{infrastructure}/items/{document}/files/{file}/content"),
    get("file content, large", "/v1/vaults/{infrastructure}/items/{document}/files/{large}/content"),
    get("file unknown", "/v1/vaults/{infrastructure}/items/{document}/files/nofile"),
    get("files of an item without", "/v1/vaults/{vault}/items/{item}/files"),
    get("heartbeat", "/heartbeat"),
    get("unknown route", "/v1/categories"),
    get("unknown route at the root", "/"),
    get("a route outside of /v1", "/robots.txt"),
    get("dot segments", "/v1/vaults/{vault}/../{vault}"),
    get("encoded dot segments", "/v1/vaults/%2e%2e/vaults"),
    get("an encoded slash", "/v1/vaults/{vault}%2Fitems"),
    get("doubled slashes", "//v1//vaults"),
    get("a needless escape", "/v1/v%61ults"),
    get("odd but legal octets", "/v1/vaults/~!$&'()*+,;=:@-._"),
    get("pipe, caret and backslash", "/v1/vaults/|^\\"),
    get("a second question mark", "/v1/vaults?a?b?c"),
    get("accepting anything", "/v1/vaults/{vault}", "Accept: */*", "Accept-Encoding: gzip, deflate, br"),
    get("a content type on a GET, as SDKs send", "/v1/vaults/{vault}", "Content-Type: application/json"),
    get("lower-case authorization scheme", "/v1/vaults/{vault}", "X-Scheme: lower"),
    get("a range nobody stored", "/v1/categories", "Range: bytes=0-3"),
    Case("HEAD of an item", "HEAD /v1/vaults/{vault}/items/{item}"),
    Case("HEAD of nothing", "HEAD /v1/vaults/zzzzzzzzzzzzzzzzzzzzzzzzzz"),
    Case("OPTIONS", "OPTIONS /v1/vaults"),
    Case("no token", "GET /v1/vaults", authorized=False),
    Case("no token, an item", "GET /v1/vaults/{vault}/items/{item}", authorized=False),
    Case("a junk token", "GET /v1/vaults", ("Authorization: Bearer junk",), authorized=False),
    Case("basic credentials", "GET /v1/vaults", ("Authorization: Basic d2VuZHk6cHc=",), authorized=False),
    Case("an empty credential", "GET /v1/vaults", ("Authorization: Bearer ",), authorized=False),
    Case("a body that is not JSON", "POST /v1/vaults/{vault}/items", ("Content-Length: 3",), b"{{{"),
    Case(
        "a category nobody knows",
        "POST /v1/vaults/{vault}/items",
        ("Content-Length: 24",),
        b'{"category": "NOVELTY" }',
    ),
    Case("no body where one is needed", "PUT /v1/vaults/{vault}/items/{item}", ("Content-Length: 0",)),
    Case("an empty patch", "PATCH /v1/vaults/{vault}/items/{item}", ("Content-Length: 2",), b"[]"),
    Case(
        "a chunked empty patch",
        "PATCH /v1/vaults/{vault}/items/{item}",
        ("Transfer-Encoding: chunked",),
        b"2\r\n[]\r\n0\r\n\r\n",
    ),
    Case(
        "a patch of nothing there",
        "PATCH /v1/vaults/{vault}/items/zzzzzzzzzzzzzzzzzzzzzzzzzz",
        ("Content-Length: 2",),
        b"[]",
    ),
    Case("deleting what is not there", "DELETE /v1/vaults/{vault}/items/zzzzzzzzzzzzzzzzzzzzzzzzzz"),
    Case("writing where it is not allowed", "DELETE /v1/vaults/{infrastructure}/items/{database}"),
    Case("a method nobody knows", "PURGE /v1/vaults"),
    Case("a body on a GET", "GET /v1/vaults", ("Content-Length: 2",), b"{}"),
]


async def test_the_list_is_long_enough():
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world():
    async with Emulator() as emulator:
        sample = emulator.sample_data(large_file_bytes=3 * 2**20)
        token = emulator.issue_token(
            "ci", {sample.demo.id: READ_WRITE, sample.infrastructure.id: READ, sample.empty.id: READ}
        )
        async with running_sidecar(emulator.url) as sidecar:
            yield emulator, sample, token, sidecar


def fill(text: str, sample: SampleData) -> str:
    for name, value in {
        "{vault}": sample.demo.id,
        "{VAULT}": sample.demo.id.upper(),
        "{infrastructure}": sample.infrastructure.id,
        "{empty}": sample.empty.id,
        "{item}": sample.login.id,
        "{note}": sample.note.id,
        "{database}": sample.database.id,
        "{document}": sample.document.id,
        "{file}": sample.file.id,
        "{large}": sample.large_file.id,
    }.items():
        text = text.replace(name, value)
    return text


async def ask(address: str, case: Case, sample: SampleData, token: str) -> WireAnswer:
    scheme = "bearer" if "X-Scheme: lower" in case.fields else "Bearer"
    lines = [f"{fill(case.request_line, sample)} HTTP/1.1", "Host: connect", *case.fields]
    if case.authorized:
        lines.append(f"Authorization: {scheme} {token}")
    async with await WireClient.connect(address) as client:
        return await client.ask("\r\n".join(lines), case.body)


def comparable(answer: WireAnswer) -> list[tuple[bytes, bytes]]:
    ignored = ADDED | FRAMING
    return [(name.lower(), value) for name, value in answer.fields if name.lower().decode() not in ignored]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_an_answer_through_the_sidecar_is_the_direct_answer(world, case):
    emulator, sample, token, sidecar = world
    direct = await ask(emulator.url, case, sample, token)
    for _ in range(2):
        through = await ask(sidecar.address, case, sample, token)
        assert (through.status, through.reason) == (direct.status, direct.reason)
        assert through.body == direct.body
        assert comparable(through) == comparable(direct)
        if direct.value("Content-Length") is not None:
            assert through.value("Content-Length") == direct.value("Content-Length")
        if through.body and through.status >= 400 and "json" in (through.value("Content-Type") or ""):
            assert json.loads(through.body)["status"] == through.status


async def test_activity_and_health_pass_with_their_fields(world):
    _, sample, token, sidecar = world
    activity = await ask(sidecar.address, get("a", "/v1/activity?limit=5&offset=1"), sample, token)
    assert activity.status == 200
    assert activity.value(
        "Content-Range",
    ).startswith("2-6/")
    assert len(json.loads(activity.body)) == 5
    health = await ask(sidecar.address, get("h", "/health"), sample, token)
    assert health.status == 200
    assert json.loads(health.body)["name"] == "1Password Connect API"
    assert health.value("Cache-Status") is None or "hit" not in health.value("Cache-Status")


async def test_targets_arrive_octet_for_octet(world):
    emulator, sample, token, sidecar = world
    for case in CASES:
        if case.request_line.startswith("GET") and case.authorized:
            target = fill(case.request_line, sample).removeprefix("GET ")
            emulator.forget_requests()
            await ask(sidecar.address, Case(case.name, f"PURGE {target}"), sample, token)
            assert [request.target for request in emulator.requests] == [target.encode()]
