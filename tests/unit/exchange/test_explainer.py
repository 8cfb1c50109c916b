"""Every verdict and every reason, each in a world where it is so; what then happens is what was said; nothing moves."""

import asyncio
from fractions import Fraction

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.admission.circuit_breaker import BreakerState
from proxy.admission.rate_limiter import Budget, RateLimiter
from proxy.admission.route_policy import RoutePolicy, RouteRule
from proxy.admission.token_bucket import Limit
from proxy.connect.profile import ConnectRules, UnverifiedTokens
from proxy.exchange.exchange import ExchangeLimits
from proxy.exchange.explanation import Because, Verdict
from proxy.exchange.mode import Mode
from proxy.exchange.rate_limits import LimitMode
from proxy.semantics.message import Request
from tests.support.model_account import item_id, vault_id
from tests.support.one_vault import ITEMS, OneVault, item, search
from tests.support.virtual_time import run_in_virtual_time
from tests.unit.connect.samples import token

RULES = ConnectRules(change_check_interval_seconds=0, read_your_writes_hold_seconds=0)
ITEM = item(0)


class Case:
    """A world, and what is asked there."""

    def __init__(self, world, bearer="a", target=ITEM, method="GET"):
        self.world, self.bearer, self.target, self.method = world, bearer, target, method

    @property
    def explainer(self):
        return self.world.exchange.explainer(self.world.profile.inspection)

    @property
    def name(self):
        request = request_of(self.bearer, self.target, self.method)
        return self.world.profile.subject(request, self.world.clock.now()).partition_label

    @property
    def partition(self):
        request = request_of(self.bearer, self.target, self.method)
        return self.world.profile.subject(request, self.world.clock.now()).key.partition

    def explain(self):
        state = BreakerState.OPEN if self.world.account.down else BreakerState.CLOSED
        return self.explainer.explain(self.method, self.target, self.name, [state])

    async def happens(self):
        """Send the request; return the verdict that its answer amounts to."""
        answer = await self.world.send(self.method, self.target, self.bearer)
        said = answer.fields["Cache-Status"]
        if "hit" in said:
            instead = Verdict.STALE_INSTEAD_OF_429 if "rate_limited" in said else Verdict.STALE
            return instead if "ttl=-" in said else Verdict.FRESH
        if "collapsed" in said:
            return Verdict.SHARED
        for word, verdict in (
            ("rate_limited", Verdict.LIMITED),
            ("refused_before", Verdict.REFUSED_BEFORE),
            ("route_denied", Verdict.ROUTE_DENIED),
            ("busy", Verdict.BUSY),
        ):
            if word in said:
                return verdict
        return Verdict.FAILED if answer.status in {502, 503} else Verdict.ASKED


def request_of(bearer, target, method):
    fields = CIMultiDictProxy(CIMultiDict({"Authorization": f"Bearer {bearer}"}))
    return Request(method=method, target=target, fields=fields)


async def read(world, bearer="a"):
    assert (await world.get(ITEM, bearer))[2] == 200
    return Case(world, bearer)


async def fresh(world):
    return await read(world)


async def not_stored(world):
    await world.get(item(1))
    return Case(world)


async def not_fresh(world):
    await world.get(ITEMS)
    await asyncio.sleep(31)
    await world.get(ITEM)  # renews the access, not the list
    return Case(world, target=ITEMS)


async def unverified(world):
    case = await read(world)
    await asyncio.sleep(61)
    return case


async def suspended(world):
    case = await read(world)
    world.account.refused.add("Bearer a")
    await world.look()
    await asyncio.sleep(30)  # its damping is over
    return case


async def refused_before(world):
    case = await read(world)
    world.account.refused.add("Bearer a")
    for _ in range(3):
        await world.look()
    return case


async def expired(world):
    bearer = token(expires=world.clock.now().wall_seconds + 40)
    case = await read(world, bearer)
    await asyncio.sleep(41)
    return case


async def outside_grants(world):
    return await read(world, token(vaults=[vault_id(7)]))


async def fenced(world):
    world.account.sync_seconds = 20.0
    case = await read(world)
    await world.send("PUT", ITEM)
    return case


async def list_is_fenced(world):
    world.account.sync_seconds = 20.0
    await world.get(ITEMS)
    await world.send("PUT", ITEM)
    return Case(world, target=ITEMS)


async def absent(world):
    case = await read(world)
    del world.vault.versions[item_id(0)]
    world.vault.bodies.clear()
    await world.look()
    return case


async def newer_version(world):
    case = await read(world)
    world.vault.change(item_id(0))
    await world.get(ITEM, "b")
    return case


async def outdated(world):
    case = await read(world)
    world.exchange.revalidate()
    return case


async def never_stored(world):
    await read(world)
    return Case(world, target=ITEM + "?anything=else")


async def head(world):
    await read(world)
    return Case(world, method="HEAD")


async def write(world):
    await read(world)
    return Case(world, method="PUT")


async def passthrough(world):
    case = await read(world)
    world.exchange.switch(Mode.PASSTHROUGH)
    return case


async def observe(world):
    case = await read(world)
    world.exchange.switch(Mode.OBSERVE)
    return case


async def stale(world):
    case = await unverified(world)
    world.account.down = True
    return case


async def stale_is_forbidden(world):
    return await stale(world)


async def failed(world):
    case = await not_stored(world)
    world.account.down = True
    return case


async def write_while_down(world):
    case = await write(world)
    world.account.down = True
    return case


async def down_in_passthrough(world):
    case = await passthrough(world)
    world.account.down = True
    return case


async def fresh_while_down(world):
    case = await read(world)
    world.account.down = True
    return case


async def used_up(world):
    case = await read(world)
    for _ in range(3):
        await world.get(ITEM)
    return case


async def used_up_to_connect(world):
    for number in range(4):
        await world.get(item(number))
    return Case(world, target=item(4))


async def stale_within_its_access(world):
    await world.get(ITEMS)
    await asyncio.sleep(31)
    await world.get(ITEM)
    return Case(world, target=ITEMS)


async def stale_and_unverified(world):
    case = await stale_within_its_access(world)
    await asyncio.sleep(61)
    limiter = world.exchange.rate_limits._limiter
    assert limiter.take_verification(case.partition, case.name, world.clock.now())
    return case


async def hit_with_nothing_left_to_connect(world):
    await used_up_to_connect(world)
    return Case(world)


async def unverified_with_nothing_left(world):
    case = await used_up(world)
    await asyncio.sleep(61)
    return case


async def denied(world):
    case = await read(world)
    world.exchange.permit(RoutePolicy(deny=(RouteRule.parse("GET item"),)))
    return case


def budgets(mode=LimitMode.ENFORCE, requests=1000, upstream=1000, **limits):
    """Return what makes the settings of a world whose budgets hardly refill."""
    each = {Budget.REQUESTS: requests, Budget.UPSTREAM: upstream}
    small = {budget: Limit(per_second=Fraction(1, 10_000), burst=burst) for budget, burst in each.items()}
    return lambda: {
        "limiter": RateLimiter(limits=small),
        "limits": ExchangeLimits(limit_mode=mode, **limits),
    }


REFUSING = {"rules": ConnectRules(change_check_interval_seconds=0, unverified_tokens=UnverifiedTokens.REFUSE)}

CASES = {
    fresh: (Verdict.FRESH, None, {}),
    not_stored: (Verdict.ASKED, Because.NOT_STORED, {}),
    not_fresh: (Verdict.ASKED, Because.NOT_FRESH, {}),
    unverified: (Verdict.ASKED, Because.UNVERIFIED, {}),
    suspended: (Verdict.ASKED, Because.SUSPENDED, {}),
    refused_before: (Verdict.REFUSED_BEFORE, None, {}),
    expired: (Verdict.ASKED, Because.EXPIRED, {}),
    outside_grants: (Verdict.ASKED, Because.OUTSIDE_GRANTS, {}),
    fenced: (Verdict.ASKED, Because.FENCE, {}),
    list_is_fenced: (Verdict.ASKED, Because.FENCE, {}),
    absent: (Verdict.ASKED, Because.ABSENT, {}),
    newer_version: (Verdict.ASKED, Because.NEWER_VERSION, {}),
    outdated: (Verdict.ASKED, Because.OUTDATED, {}),
    never_stored: (Verdict.ASKED, Because.NEVER_STORED, {}),
    head: (Verdict.ASKED, Because.METHOD, {}),
    write: (Verdict.ASKED, Because.WRITE, {}),
    passthrough: (Verdict.ASKED, Because.MODE, {}),
    observe: (Verdict.ASKED, Because.MODE, {}),
    stale: (Verdict.STALE, Because.UNVERIFIED, {}),
    stale_is_forbidden: (Verdict.FAILED, Because.UNVERIFIED, REFUSING),
    failed: (Verdict.FAILED, Because.NOT_STORED, {}),
    write_while_down: (Verdict.FAILED, Because.WRITE, {}),
    down_in_passthrough: (Verdict.FAILED, Because.MODE, {}),
    fresh_while_down: (Verdict.FRESH, None, {}),
    used_up: (Verdict.LIMITED, None, budgets(requests=3)),
    used_up_to_connect: (Verdict.LIMITED, Because.NOT_STORED, budgets(upstream=3)),
    stale_within_its_access: (
        Verdict.STALE_INSTEAD_OF_429,
        Because.NOT_FRESH,
        budgets(upstream=1, stale_instead_of_429=True),
    ),
    stale_and_unverified: (
        Verdict.LIMITED,
        Because.UNVERIFIED,
        budgets(upstream=1, stale_instead_of_429=True),
    ),
    hit_with_nothing_left_to_connect: (Verdict.FRESH, None, budgets(upstream=3)),
    unverified_with_nothing_left: (Verdict.ASKED, Because.UNVERIFIED, budgets(requests=3)),
    denied: (Verdict.ROUTE_DENIED, None, {}),
}


def play(arrange, settings, test):
    async def in_a_world():
        world = OneVault(**{"rules": RULES, **(settings() if callable(settings) else settings)})
        try:
            await test(await arrange(world))
        finally:
            await world.exchange.close()

    run_in_virtual_time(in_a_world())


@pytest.mark.parametrize("arrange", CASES, ids=lambda arrange: arrange.__name__)
def test_it_says_what_then_happens_and_why(arrange):
    verdict, because, settings = CASES[arrange]

    async def test(case):
        explained = case.explain()
        assert (explained.verdict, explained.because) == (verdict, because)
        assert await case.happens() == verdict

    play(arrange, settings, test)


def test_every_verdict_and_reason_that_a_connect_server_can_lead_to_is_played():
    verdicts = {verdict for verdict, _, _ in CASES.values()}
    reasons = {because for _, because, _ in CASES.values()}
    elsewhere = {Verdict.BUSY, Verdict.SHARED, Verdict.REVALIDATING}  # below; the last one for any origin
    assert set(Verdict) - verdicts == elsewhere
    assert set(Because) - reasons == {Because.ORIGIN}


def everything(world):
    """Return all that could move, as values that compare."""
    exchange, profile = world.exchange, world.profile
    store, limiter = exchange._lookup._store, exchange.rate_limits._limiter
    knowledge = profile._knowledge
    return {
        "store": [(key, [id(stored) for stored in store.peek(key)]) for key in store._entries],
        "accounts": [
            (digest, account.verified, [bucket._full_at for bucket in account.buckets.values()])
            for digest, account in limiter._accounts.items()
        ],
        "refused": [(digest, each.count, each.until) for digest, each in profile._refusals._refused.items()],
        "subjects": (list(profile._subjects._known._young), list(profile._subjects._known._old)),
        "leases": {digest: dict(each.renewed) for digest, each in knowledge.leases._standings.items()},
        "fences": {vault: dict(fences) for vault, fences in knowledge.fences._vaults.items()},
        "versions": list(knowledge.versions._highest.items()),
        "generations": (exchange._learner._generations.latest, dict(exchange._learner._generations._raised)),
        "events": len(world.events),
        "asked": world.account.requests,
    }


@pytest.mark.parametrize("arrange", CASES, ids=lambda arrange: arrange.__name__)
def test_asking_moves_nothing(arrange):
    async def test(case):
        await case.world.get(item(4), "b")  # the last one used is another
        name = case.name
        before = everything(case.world)
        for target in (case.target, ITEMS, item(3), search(0), "/v1/activity", "/"):
            for method in ("GET", "HEAD", "PUT"):
                assert case.explainer.explain(method, target, name, [BreakerState.CLOSED]) is not None
        assert case.explainer.explain("GET", ITEM, "nobody", []) is None
        assert everything(case.world) == before

    play(arrange, CASES[arrange][2], test)


def test_who_would_have_to_wait_is_turned_away_while_too_many_do():
    async def test(case):
        world = case.world
        under_way = asyncio.create_task(world.get(item(3)))
        await asyncio.sleep(0.001)
        other = Case(world, target=item(2))
        assert other.explain().verdict is Verdict.BUSY
        assert case.explain().verdict is Verdict.FRESH
        assert await other.happens() is Verdict.BUSY
        assert await case.happens() is Verdict.FRESH
        await under_way

    play(read, {"limits": ExchangeLimits(most_waiting=1)}, test)


def test_who_comes_while_a_request_is_under_way_shares_it():
    async def test(case):
        world = case.world
        under_way = asyncio.create_task(world.get(item(3)))
        await asyncio.sleep(0.001)
        same = Case(world, target=item(3))
        assert (same.explain().verdict, same.explain().because) == (Verdict.SHARED, Because.NOT_STORED)
        assert Case(world, "b", item(3)).explain() is None
        assert await same.happens() is Verdict.SHARED
        await under_way

    play(read, {}, test)


def test_a_fence_says_what_it_waits_for():
    async def test(case):
        fence = case.explain().fence
        assert (fence.waits_for, fence.version) == ("version", 2)
        assert 29 < fence.left_seconds <= 30
        await case.world.send("DELETE", item(1))
        deleted = Case(case.world, target=item(1)).explain().fence
        assert (deleted.waits_for, deleted.version) == ("absence", None)
        case.world.account.failing = 500
        await case.world.send("PUT", item(2))
        unclear = Case(case.world, target=item(2)).explain().fence
        assert unclear.waits_for == "time"

    play(fenced, {}, test)


def test_a_filter_is_said_to_be_there_and_nothing_of_it_is_said():
    async def test(case):
        await case.world.get(search(0))
        explained = case.explainer.explain("GET", search(0), case.name, [])
        assert explained.filtered
        assert explained.verdict is Verdict.FRESH
        assert "title" not in repr(explained)

    play(read, {}, test)


def test_only_accepted_tokens_have_names_and_they_are_told():
    async def test(case):
        assert case.explainer.names() == (case.name,)
        case.world.account.refused.add("Bearer junk")
        await case.world.get(ITEM, "junk")
        assert case.explainer.names() == (case.name,)
        assert case.explainer.explain("GET", ITEM, "unknown", []) is None
        assert case.explainer.explain("GET", ITEM, "other", []) is None

    play(read, {}, test)
