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
from hypothesis import strategies as st

import proxy
from tests.property import test_caching_parsers
from tests.property.parser_table import PARSERS

THOROUGH = settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
ROOT = Path(proxy.__file__).parent
TOOLS = {
    *("re.compile", "re.fullmatch", "json.loads", "msgspec.json.Decoder", "msgspec.json.decode", "tomllib.loads"),
    *("urlsplit", "parse_qs", "parse_qsl", "unquote_to_bytes", "base64.b32decode", "urlsafe_b64decode"),
    *("zlib.decompressobj", "ip_address", "URL", "float", "int"),
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
