"""What is scraped, read as Prometheus reads it."""

from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain

from tests.support.wire import WireClient

PREFIX = "connect_sidecar_"
OPEN_METRICS = "application/openmetrics-text"


@dataclass(frozen=True, slots=True)
class Scraped:
    """The samples of one scrape, names without our prefix."""

    text: str

    @property
    def samples(self):
        families = open_metrics(self.text) if self.text.endswith("# EOF\n") else plain(self.text)
        return [sample for family in families for sample in family.samples]

    @property
    def series(self) -> int:
        """How many lines are samples."""
        return sum(not line.startswith("#") for line in self.text.splitlines())

    def value(self, name: str, **labels: str) -> float:
        """Return the value of the one sample with this name and (at least) these labels."""
        (value,) = self.values(name, **labels)
        return value

    def values(self, name: str, **labels: str) -> list[float]:
        return [sample.value for sample in self.named(name) if sample.labels.items() >= labels.items()]

    def total(self, name: str, **labels: str) -> float:
        return sum(self.values(name, **labels))

    def words(self, name: str, label: str) -> set[str]:
        """Return the values of one label that occur with more than 0."""
        return {sample.labels[label] for sample in self.named(name) if sample.value}

    def named(self, name: str) -> Iterable:
        return [sample for sample in self.samples if sample.name == PREFIX + name]


async def scrape(observe_address: str, accept: str = "*/*") -> Scraped:
    """Scrape a running sidecar."""
    async with await WireClient.connect(observe_address) as client:
        answer = await client.ask(f"GET /metrics HTTP/1.1\r\nHost: o\r\nAccept: {accept}")
    assert answer.status == 200
    return Scraped(answer.body.decode())
