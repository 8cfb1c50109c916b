"""No parser of `proxy/` raises anything but what it documents, whatever octets or text it is given.

Which module parses is not left to memory: whoever uses one of the tools of parsing is in the table, in
`test_caching_parsers.py`, or says here why nothing from outside reaches it.
"""

import ast
import importlib.util
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

import proxy
from proxy.commands import healthcheck
from proxy.commands.errors import CommandError
from tests.property import test_caching_parsers
from tests.property.parser_table import PARSERS

THOROUGH = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
ROOT = Path(proxy.__file__).parent.parent
TOOLS = {
    *("re.compile", "re.fullmatch", "re.match", "json.loads", "tomllib.loads", "zlib.decompressobj"),
    *(
        "msgspec.json.Decoder",
        "msgspec.json.decode",
        "urlsplit",
        "urljoin",
        "parse_qs",
        "parse_qsl",
        "ip_address",
    ),
    *("unquote_plus", "unquote_to_bytes", "base64.b32decode", "urlsafe_b64decode", "URL"),
}
"""How a parser gives itself away in its module."""

NOT_FED = {
    "proxy.adapters.upstream_client.one_address": "reads the addresses a resolver gave",
    "proxy.adapters.upstream_client.request_head": "checks what the server has parsed: test_request_path.py",
    "proxy.config.checks": "judges settings that were read: its parsers are those of `sources`",
    "proxy.config.route_settings": "matches a rule that was read, and cannot fail",
    "proxy.server.express_heads": "takes octets apart and never fails: tests/unit/server/test_express_heads.py",
    "proxy.server.express_template": "looks for numbers in heads that we have written",
    "proxy.semantics.peer": "reads the address that the kernel gave",
    "proxy.emulator.faults": "compiles the pattern of a fault document",
    "proxy.emulator.holds": "compiles the pattern of a test",
    "proxy.emulator.recorder": "compiles the pattern of a test",
    "proxy.emulator.vault_access": "matches an identifier, and cannot fail",
    "proxy.adapters.logs.library_loggers": "matches the text of a warning, and cannot fail",
    "proxy.profiles": "reads the upstream's URL, checked by `sources`",
    "proxy.upstreams": "reads the upstream's URL, checked by `sources`",
}
"""Modules that use such a tool on nothing that comes from outside unread."""

NAMED_BY_THE_PLAN = {
    *("proxy.caching.directives", "proxy.semantics.content_coding", "proxy.semantics.dates"),
    *("proxy.semantics.forwarding", "proxy.semantics.lists", "proxy.semantics.ranges"),
    *("proxy.semantics.structured_fields", "proxy.semantics.validators", "proxy.connect.tokens"),
    *("proxy.connect.bodies", "proxy.connect.json_spans", "proxy.connect.otpauth", "proxy.connect.resources"),
    *(
        "proxy.connect.health",
        "proxy.server.translate",
        "proxy.server.control_app",
        "proxy.server.request_checks",
    ),
    *("proxy.adapters.upstream_client.response_head", "proxy.config.sources", "proxy.config.values"),
    "proxy.config.addresses",
}


@pytest.mark.parametrize("name", PARSERS)
def test_nothing_but_the_documented_error_comes_out(name):
    parser = PARSERS[name]

    @THOROUGH
    @given(parser.inputs.drawn)
    def feed(drawn):
        with suppress(*parser.errors):
            parser.parse(drawn)

    for tried in parser.inputs.battery:
        with suppress(*parser.errors):
            parser.parse(tried)
    feed()


def test_every_module_that_parses_is_fed_or_excused():
    parsing = {_name(path) for path in (ROOT / "proxy").rglob("*.py") if TOOLS & _called(path)}
    fed = {parser.module for parser in PARSERS.values()} | _fed_elsewhere()
    assert parsing - fed == NOT_FED.keys()
    assert fed >= NAMED_BY_THE_PLAN


@pytest.mark.parametrize("name", PARSERS)
def test_the_table_names_modules_that_there_are(name):
    assert importlib.util.find_spec(PARSERS[name].module) is not None


def test_a_port_that_is_no_number_is_a_reason_and_no_crash():
    for port in ("\N{SUPERSCRIPT TWO}", "", "-1", "9" * 5000):
        with pytest.raises(CommandError):
            healthcheck._ask(f"127.0.0.1:{port}", 1.0)


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _called(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def _fed_elsewhere() -> set[str]:
    held = vars(test_caching_parsers).values()
    return {found for one in held if (found := getattr(one, "__module__", "")).startswith("proxy.")}
