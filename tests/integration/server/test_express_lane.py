"""The express lane over real sockets: what takes it, what does not, and that nobody can tell by the answer."""

import asyncio
import gc
import ssl
from types import SimpleNamespace

import pytest
import trustme

from proxy.emulator import Emulator
from tests.support.audit_lines import documents_of
from tests.support.lane_world import LaneWorld, RawWire, Shop, alike, closing, lane_world, until


@pytest.fixture
async def shop():
    async with Emulator() as emulator:
        yield Shop(emulator)


async def test_a_head_that_repeats_takes_the_lane_and_gets_the_same_octets(shop):
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        head = shop.head()
        (hit,) = await world.warm(wire, head)
        for _ in range(5):
            assert await wire.ask(head) == hit
        assert world.answered == 6
        assert len(shop.emulator.requests_to(shop.item)) == 1


async def test_a_head_is_known_on_the_next_connection_of_its_peer_and_kept_once(shop):
    """Who opens a connection for each request must not fill the store with what is known of one head."""
    async with lane_world(shop.emulator) as world:
        async with world.wire() as wire:
            (hit,) = await world.warm(wire, shop.head())
        stored_bytes = world.running.sidecar._store.stored_bytes
        for number in range(1, 20):
            await until(lambda: not world.connections)
            gc.collect()
            async with world.wire() as wire:
                assert await wire.ask(shop.head()) == hit
            assert world.answered == 1 + number
        assert world.running.sidecar._store.stored_bytes == stored_bytes


async def test_what_the_lane_answers_stays_in_a_full_store_and_what_nobody_asks_for_goes(shop):
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        await world.warm(wire, shop.head())
        await wire.ask(shop.head(shop.second))
        store = world.running.sidecar._store
        store._total_bytes = int(store.stored_bytes * 1.5)
        for path in (shop.third, shop.second, shop.third, shop.second):
            await wire.ask(shop.head())
            await wire.ask(shop.head(path))
        assert store.evictions
        assert len(shop.emulator.requests_to(shop.item)) == 1


async def test_the_lane_counts_as_the_full_path_does(shop):
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        await world.warm(wire, shop.head())
        for _ in range(6):
            await wire.ask(shop.head())
        lines = (await world.scraped()).splitlines()
        hits = [
            line for line in lines if line.startswith("connect_sidecar_requests_total{") and '"hit"' in line
        ]
        assert sum(float(line.rpartition(" ")[2]) for line in hits) == 8
        assert "connect_sidecar_express_lane_requests_total 7.0" in lines
        assert "connect_sidecar_express_lane_open 1.0" in lines


async def test_age_and_budgets_go_on_in_the_lane_as_without_it(shop):
    async with (
        lane_world(shop.emulator, LIMITS__MODE="enforce", LIMITS__REQUESTS_PER_SECOND="2") as world,
        lane_world(
            shop.emulator,
            world.clock,
            LIMITS__MODE="enforce",
            LIMITS__REQUESTS_PER_SECOND="2",
            SERVER__EXPRESS_LANE="false",
        ) as plain,
        world.wire() as wire,
        plain.wire() as plain_wire,
    ):
        head = shop.head()
        for _ in range(40):
            world.clock.passed_seconds += 0.75
            assert alike(await wire.ask(head)) == alike(await plain_wire.ask(head))
        assert world.answered > 30
        assert plain.running.sidecar.lane is None


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (["Cache-Control: no-cache"], 200),
        (["Cache-Control: max-age=5"], 200),
        (["Cache-Control: only-if-cached"], 200),
        (["Pragma: no-cache"], 200),
        (["Range: bytes=0-3"], 206),
        (["If-None-Match: *"], 304),
        (['If-None-Match: "other"'], 200),
        (['If-Match: "other"'], 412),
        (["If-Modified-Since: Thu, 26 Nov 2099 11:00:00 GMT"], None),
        (["Content-Length: 0"], 200),
        (["TE: trailers"], 200),
        (["Connection: keep-alive, x"], 200),
    ],
)
async def test_a_request_that_shapes_its_answer_takes_the_full_path(shop, fields, status):
    async with (
        lane_world(shop.emulator) as world,
        lane_world(shop.emulator, world.clock, SERVER__EXPRESS_LANE="false") as plain,
        world.wire() as wire,
        plain.wire() as plain_wire,
    ):
        (hit,) = await world.warm(wire, shop.head())
        await plain_wire.ask(shop.head())
        world.clock.passed_seconds += 1.0
        for _ in range(4):
            before, octets = world.answered, shop.head(None, *fields)
            answer = await wire.ask(octets)
            assert alike(answer) == alike(await plain_wire.ask(octets))
            assert status is None or answer.startswith(b"HTTP/1.1 %d " % status)
            assert world.answered == before
        assert (await wire.ask(shop.head())).partition(b"\r\n\r\n")[2] == hit.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    "shape",
    [
        {"method": "HEAD"},
        {"version": "1.0"},
        {"fields": ["Connection: close"]},
        {"fields": ["Connection: Upgrade", "Upgrade: h2c"]},
        {"absolute": True},
    ],
    ids=str,
)
async def test_another_form_of_request_takes_the_full_path(shop, shape):
    async with (
        lane_world(shop.emulator) as world,
        lane_world(shop.emulator, world.clock, SERVER__EXPRESS_LANE="false") as plain,
    ):
        path = shop.item
        if "absolute" in shape:
            path = f"http://connect{path}"
        octets = shop.head(
            path,
            *shape.get("fields", ()),
            method=shape.get("method", "GET"),
            version=shape.get("version", "1.1"),
        )
        for _ in range(4):
            async with world.wire() as wire, plain.wire() as plain_wire:
                assert alike(await wire.ask(octets)) == alike(await plain_wire.ask(octets))
                is_over = [wire.reader.at_eof(), plain_wire.reader.at_eof()]
                if b"close" in octets or b"1.0" in octets or b"h2c" in octets:
                    is_over = [await each.rest() for each in (wire, plain_wire)]
                    assert is_over == [b"", b""]
        assert world.answered == 0


async def test_behind_a_request_that_ends_its_connection_nothing_is_answered(shop):
    async with lane_world(shop.emulator) as world:
        async with world.wire() as wire:
            await world.warm(wire, shop.head())
        async with world.wire() as wire:
            before = world.answered
            wire.send(shop.head(None, "Connection: close") + shop.head())
            assert (await wire.rest()).count(b"HTTP/1.1 200 OK") <= 1
            assert world.answered == before


@pytest.mark.parametrize(
    "field", ["traceparent: 00-{:032x}-{:016x}-00", "X-Request-Id: req {:d}.{:d}", "b3: {:d}-{:d}"]
)
async def test_a_field_that_changes_with_every_request_changes_nothing(shop, field):
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        (hit,) = await world.warm(wire, shop.head(None, field.format(1, 1)))
        for number in range(2, 6):
            before = world.answered
            assert await wire.ask(shop.head(None, field.format(number, number))) == hit
            assert world.answered == before + 1


async def test_a_field_that_nobody_ignores_never_repeats(shop):
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        await world.warm(wire, shop.head())
        before = world.answered
        for number in range(10):
            await wire.ask(shop.head(None, f"X-Mine: {number}"))
        assert world.answered == before


async def test_ignored_fields_are_those_of_the_setting(shop):
    async with (
        lane_world(shop.emulator, SERVER__EXPRESS_LANE_IGNORED_FIELDS="X-Mine") as world,
        world.wire() as wire,
    ):
        await world.warm(wire, shop.head(None, "X-Mine: 1"))
        before = world.answered
        await wire.ask(shop.head(None, "x-mine: 2"))
        await wire.ask(shop.head(None, "X-Mine: 2"))
        assert world.answered == before + 1
        for number in range(4):
            await wire.ask(shop.head(None, f"X-Request-Id: {number}"))
        assert world.answered == before + 1


# --- who asks


def audited(file):
    """Return peer -> how many hits are on record."""
    reads: dict[str, int] = {}
    for line in file.read_bytes().splitlines():
        one = documents_of(line)[0]
        if one["event"] == "audit.read" and one["how"] == "hit":
            reads[one["peer"]] = reads.get(one["peer"], 0) + one["count"]
    return reads


async def test_peers_share_no_ticket_and_each_is_on_record(shop, tmp_path):
    settings = {
        "AUDIT__OUTPUT": "file",
        "AUDIT__FILE": str(tmp_path / "audit"),
        "SERVER__SOCKET": str(tmp_path / "s"),
    }
    async with lane_world(shop.emulator, **settings) as world:
        async with world.wire() as wire:
            await world.warm(wire, shop.head())
        async with world.wire("127.0.0.2") as other:
            await meet_a_peer(world, other, shop.head())
        streams = await asyncio.open_unix_connection(str(tmp_path / "s"), limit=2**20)
        async with closing(RawWire(*streams)) as local:
            await meet_a_peer(world, local, shop.head())
    reads = audited(tmp_path / "audit")
    assert reads.pop("127.0.0.1") == 2
    assert reads.pop("127.0.0.2") == 4
    ((peer, count),) = reads.items()
    assert "uid" in peer
    assert count == 4


async def meet_a_peer(world: LaneWorld, wire: RawWire, head: bytes):
    """The doorkeeper knows the head; so a peer that is new to the lane needs one hit, and then it takes it."""
    before = world.answered
    first = await wire.ask(head)
    assert world.answered == before
    for number in range(1, 4):
        assert await wire.ask(head) == first
        assert world.answered == before + number


async def test_over_tls_a_certificate_is_the_peer(shop, tmp_path):
    authority = trustme.CA()
    pair = authority.issue_cert("localhost")
    (tmp_path / "tls.crt").write_bytes(pair.cert_chain_pems[0].bytes())
    (tmp_path / "tls.key").write_bytes(pair.private_key_pem.bytes())
    (tmp_path / "ca.crt").write_bytes(authority.cert_pem.bytes())
    settings = {
        "AUDIT__OUTPUT": "file",
        "AUDIT__FILE": str(tmp_path / "audit"),
        "SERVER__TLS_CERTIFICATE_FILE": str(tmp_path / "tls.crt"),
        "SERVER__TLS_KEY_FILE": str(tmp_path / "tls.key"),
        "SERVER__TLS_CLIENT_CA_FILE": str(tmp_path / "ca.crt"),
        "SERVER__TLS_CLIENT_CERTIFICATES": "required",
    }
    async with lane_world(shop.emulator, **settings) as world:
        port = int(world.running.address.rpartition(":")[2])
        for number, certificate in enumerate((authority.issue_cert("a"), authority.issue_cert("b"))):
            context = ssl.create_default_context()
            authority.configure_trust(context)
            certificate.configure_cert(context)
            streams = await asyncio.open_connection(
                "127.0.0.1", port, ssl=context, server_hostname="localhost", limit=2**20
            )
            async with closing(RawWire(*streams)) as wire:
                if number:
                    await meet_a_peer(world, wire, shop.head())
                else:
                    await world.warm(wire, shop.head())
    assert sorted(audited(tmp_path / "audit").values()) == [2, 4]


async def test_tokens_share_no_ticket(shop):
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        await world.warm(wire, shop.head())
        before = world.answered
        asked = len(shop.emulator.requests_to(shop.item))
        assert b"fwd=" in await wire.ask(shop.head(token=shop.other))
        assert len(shop.emulator.requests_to(shop.item)) == asked + 1
        assert (await wire.ask(shop.head(token=shop.reader[:-2]))).startswith(b"HTTP/1.1 401 ")
        assert (await wire.ask(shop.head(token=shop.reader + "x"))).startswith(b"HTTP/1.1 401 ")
        assert world.answered == before


async def test_behind_another_sidecar_the_lane_gives_the_full_paths_octets(shop):
    """Its Cache-Status comes with what is stored, and at first its numbers are ours, too."""
    async with lane_world(shop.emulator, LIMITS__MODE="off") as behind, behind.wire() as direct:
        upstream = SimpleNamespace(url=f"http://{behind.running.address}")
        async with (
            lane_world(upstream, behind.clock) as world,
            lane_world(upstream, behind.clock, SERVER__EXPRESS_LANE="false") as plain,
            world.wire() as wire,
            plain.wire() as plain_wire,
        ):
            for _ in range(2):
                await direct.ask(shop.head())
            for asked in range(1, 8):
                answer = await wire.ask(shop.head())
                assert alike(answer) == alike(await plain_wire.ask(shop.head()))
                assert answer.count(b"\r\nCache-Status: connect-sidecar; ") == 2
                assert world.answered == max(0, asked - 2)
                behind.clock.passed_seconds += asked > 2
