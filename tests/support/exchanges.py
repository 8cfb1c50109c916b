"""An exchange without a server: real policy, real store, whatever upstream and clock a test brings."""

from proxy.adapters.memory_store import MemoryStore
from proxy.admission.rate_limiter import RateLimiter
from proxy.clock import Clock
from proxy.connect import purging
from proxy.connect.profile import ConnectProfile, ConnectRules
from proxy.exchange.epoch import Epoch
from proxy.exchange.events import Event
from proxy.exchange.exchange import Exchange, ExchangeLimits, Outside
from proxy.exchange.ports import AuditTrail, NoAudit, Observer, Upstream


class Silence:
    """An observer that takes no note."""

    def notify(self, event: Event) -> None:
        pass


class TestedExchange(Exchange):
    """An exchange with the Connect profile."""

    __test__ = False
    profile: ConnectProfile

    def purge_all(self) -> int:
        return self.purge(purging.EVERYTHING)


def make_exchange(
    *,
    upstream: Upstream,
    clock: Clock,
    rules: ConnectRules | None = None,
    key: bytes = b"k" * 32,
    store_bytes: int = 2**24,
    observer: Observer | None = None,
    limiter: RateLimiter | None = None,
    limits: ExchangeLimits | None = None,
    audit: AuditTrail | None = None,
    epoch: Epoch | None = None,
) -> TestedExchange:
    """Return an exchange in front of `upstream`."""
    profile = ConnectProfile(rules=rules or ConnectRules(), key=key)
    outside = Outside(
        profile=profile,
        foresight=profile.foresight,
        store=MemoryStore(total_bytes=store_bytes, per_response_bytes=2**20),
        upstream=upstream,
        clock=clock,
        observer=observer or Silence(),
        entity_tag=lambda body: '"tag"',
        pseudonym="connect-sidecar-test",
        limiter=RateLimiter() if limiter is None else limiter,
        audit=audit or NoAudit(),
        epoch=epoch or Epoch(),
    )
    exchange = TestedExchange(outside, limits or ExchangeLimits())
    exchange.profile = profile
    return exchange
