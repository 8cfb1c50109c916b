"""docs/metrics.md names every span and every attribute, and none that there isn't."""

import re
from pathlib import Path

from proxy.connect.resources import ROUTES, Resource, ResourceKind
from proxy.exchange.spans import SpanName, attributes_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "metrics.md").read_text().partition("## Spans")[2].partition("\n## ")[0]
SOURCES = [*(ROOT / "proxy" / "exchange").glob("*.py"), ROOT / "proxy" / "adapters" / "tracing.py"]
ATTRIBUTE = re.compile(r"[\"`]((?:http|server|error|connect_sidecar)\.[a-z_.]+)[\"`]")


def test_every_span_is_on_the_page_and_no_other():
    named = set(re.findall(r"^\| `([^`]+)`", PAGE, re.MULTILINE))
    assert named == {*SpanName, "METHOD ROUTE", "METHOD"}
    assert f"GET {ROUTES[ResourceKind.ITEM].template}" in PAGE


def test_every_attribute_is_on_the_page_and_no_other():
    noted = {name for source in SOURCES for name in ATTRIBUTE.findall(source.read_text())}
    about = Resource(kind=ResourceKind.FILE, vault="v", item="i", file="f").about
    assert set(ATTRIBUTE.findall(PAGE)) == noted | attributes_of(about).keys()
