"""Every parser of `proxy/` that takes octets or text from outside: its module, its input, the errors it documents.

Parsers of field values are in `test_caching_parsers.py`; what the sockets themselves do is in
`test_request_path.py`.
"""

import argparse
import asyncio
import base64
import gzip
import json
import warnings
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpRequestParser, HttpResponseParser
from multidict import CIMultiDict, CIMultiDictProxy

from proxy import __main__ as command_line
from proxy.adapters.upstream_client import response_head
from proxy.adapters.upstream_client.settings import UpstreamClientSettings
from proxy.clock import Instant
from proxy.commands import healthcheck
from proxy.commands.errors import CommandError
from proxy.config import container_memory, sources, values
from proxy.config.addresses import Address, origin_host_and_port, parse_origin
from proxy.config.errors import ConfigError
from proxy.config.keys import keys
from proxy.connect import bodies, health, listings, one_time_passwords, otpauth, recomputation
from proxy.connect.json_spans import UnscannableError, scan
from proxy.connect.resources import recognise
from proxy.connect.tokens import Tokens
from proxy.emulator import fault_documents, filters, json_documents, one_time_password, targets
from proxy.emulator.errors import ConnectError
from proxy.emulator.faults import FaultPlan
from proxy.emulator.identifiers import Identifiers
from proxy.emulator.item_input import normalised_item
from proxy.exchange import retry_pause
from proxy.semantics.message import Response
from proxy.server import control_app, control_client
from proxy.server.translate import LocalEnd, OwnNames, translate
from tests.property.parser_inputs import Inputs, field_value, octets, text

ID = "a" * 26
KEYS = tuple(keys())
NOW = Instant(wall_seconds=1_700_000_000.0, boot_seconds=5_000.0)
OTPAUTH = "otpauth://totp/a:b?secret=JBSWY3DPEHPK3PXP&digits=8&algorithm=SHA512&period=45"
_FIELD = {"id": "f", "type": "OTP", "value": OTPAUTH, "totp": "12345678"}
_ITEM = {"id": ID, "title": "t", "version": 3, "vault": {"id": ID}, "tags": ["x"], "fields": [_FIELD]}
_VAULT = {"id": ID, "name": "v", "contentVersion": 3, "attributeVersion": 1}
ITEM, ITEMS = json.dumps(_ITEM).encode(), json.dumps([_ITEM, _ITEM]).encode()
VAULT, VAULTS = json.dumps(_VAULT).encode(), json.dumps([_VAULT]).encode()
TOML = b'[upstream]\nurl = "http://c:8080"\n[cache]\nstore_bytes = 1_000\n[observe]\nlisten = ["127.0.0.1:8181"]\n'
REQUEST = (
    b"POST http://localhost:80/v1/vaults?a=b HTTP/1.0\r\nHost: localhost:80\r\nAuthorization: Bearer a.b.c\r\n"
    b"Content-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\nabc"
)
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nETag: x\r\n\r\n"
    b"2\r\n{}\r\n0\r\n\r\n"
)
_TARGETS = tuple(
    f"/v1/vaults/{ID}/items/{ID}{rest}"
    for rest in ("", "/files/f/content", '?filter=title%20eq%20"a"', "/files?inline_files=true")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parser:
    """One function under test: nothing but `errors` may come out of it, whatever comes in."""

    module: str
    parse: Callable[[Any], object]
    inputs: Inputs
    errors: tuple[type[Exception], ...] = ()


def _response(body: bytes, coding: str = "") -> Response:
    fields = CIMultiDict({"Content-Encoding": coding} if coding else {})
    return Response(status=200, reason="", fields=CIMultiDictProxy(fields), body=body)


def _body(document: bytes) -> None:
    """Read one body as each shape, by each coding; what is a valid coding of nonsense counts as well."""
    coded = {
        "": document,
        "identity": document,
        "gzip": gzip.compress(document),
        "deflate": zlib.compress(document),
        "br": document,
    }
    for target in (*_TARGETS, "/v1/vaults", f"/v1/vaults/{ID}", f"/v1/vaults/{ID}/items"):
        resource = recognise(target)
        for coding, body in coded.items():
            bodies.read(resource, _response(body, coding), decoded_bytes=100_000)
            bodies.read(resource, _response(document, coding), decoded_bytes=100)
        bodies.read_written(resource, _response(document), decoded_bytes=100_000)


def _codes(document: bytes) -> None:
    found = recomputation.recomputation_of(_response(document))
    if found is not None:
        found.was_right(NOW)
        found.began_at_wall_seconds(NOW)


def _one_time_password(uri: str) -> None:
    made = otpauth.parse(uri)
    if made is not None:
        assert len(made.code(made.step(NOW.wall_seconds))) == made.digits


def _partition(value: str) -> None:
    tokens = Tokens(key=b"k", names={})
    found = tokens.partition(CIMultiDictProxy(CIMultiDict({"Authorization": value})))
    if found is not None:
        found.is_expired(NOW.wall_seconds)
        found.may_name(ID)
        tokens.accept(found)


def _credentials(claims: bytes) -> str:
    return f"Bearer a.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c"


def _parser_of(kind: type[Any], **limits: int) -> Any:
    loop = asyncio.new_event_loop()
    protocol = BaseProtocol(loop)
    loop.close()
    protocol._parser = kind(protocol, loop, 65_536, auto_decompress=False, **limits)
    return protocol._parser


def _request(head: bytes) -> None:
    limits = {"max_line_size": 16_384, "max_field_size": 66_560, "max_headers": 128}
    for message, _ in _parser_of(HttpRequestParser, **limits).feed_data(head)[0]:
        translate(message, OwnNames(), lambda: LocalEnd(address="127.0.0.1", port=80))


def _answer(octets: bytes) -> None:
    for message, _ in _parser_of(HttpResponseParser, response_with_body=True).feed_data(octets)[0]:
        response_head.check(message)
        response_head.is_interim(message)
        response_head.head(message)
        response_head.body_length_bytes(message, "GET")


def _file(read: Callable[[Path], object], name: str = "file") -> Callable[[bytes], object]:
    def parse(content: bytes) -> object:
        with TemporaryDirectory() as folder:
            (Path(folder) / name).write_bytes(content)
            return read(Path(folder) if name.startswith("memory") else Path(folder) / name)

    return parse


def _variable(value: str) -> object:
    chosen = KEYS[zlib.crc32(value.encode("utf-8", "surrogateescape")) % len(KEYS)]
    return sources.load(None, {"CONNECT_SIDECAR__UPSTREAM__URL": "http://c:8080", chosen.variable: value})


def _every_kind(value: str) -> None:
    for key in KEYS:
        with suppress(ValueError):
            values.convert(values.from_environment(value, key.kind), key.kind)


def _item(body: bytes) -> None:
    document = json_documents.decode(body)
    if isinstance(document, dict):
        normalised_item(document, Identifiers(0))


def _fault(body: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of `re`, about patterns with an odd set
        fault_documents.plan_fault(FaultPlan(changed=lambda: None), json_documents.decode(body))


def _origin(url: str) -> object:
    return origin_host_and_port(parse_origin(url))


def _wish(value: str) -> object:
    fields = CIMultiDictProxy(CIMultiDict({"Retry-After": value}))
    return retry_pause.seconds(1, fields, now=NOW, jitter=0.5)


_JSON = (b'{"mode": "cache"}', b'{"scope": "item", "vault": "v", "item": "i"}', ITEM)
_ADDRESSES = ("127.0.0.1:8181", "[::1]:0", "[fe80::1%eth0]:65535", "localhost:1")
_URLS = ("http://c:8080", "https://[::1]:443/", "http://u:p@h/x?y#z", "http://h:0")
_SETTINGS = (
    "true",
    "12",
    "1.5",
    "a=b,c=d",
    "127.0.0.1:1, [::1]:2",
    "1979-05-27T07:32:00Z",
    "{ a = 1 }",
    "'x'",
)
_FAULTS = (
    b'{"fault": "status", "status": 500, "times": 3, "path": "/v1", "method": "GET"}',
    b'{"fault": "slow-head", "seconds": 1.5, "times": "forever"}',
    b'{"fault": "reset", "path": "("}',
)

PARSERS: dict[str, Parser] = {
    "bodies of Connect": Parser(
        module="proxy.connect.bodies", parse=_body, inputs=octets(ITEM, ITEMS, VAULT, VAULTS, b'[{"id":"f"}]')
    ),
    "/health": Parser(
        module="proxy.connect.health",
        parse=lambda body: health.sync_state(_response(body)),
        inputs=octets(b'{"name":"c","dependencies":[{"service":"sync","status":"ACTIVE"}]}'),
    ),
    "spans of strings": Parser(
        module="proxy.connect.json_spans", parse=scan, inputs=octets(ITEM), errors=(UnscannableError,)
    ),
    "one-time passwords of an item": Parser(
        module="proxy.connect.recomputation", parse=_codes, inputs=octets(ITEM)
    ),
    "a totp key": Parser(
        module="proxy.connect.one_time_passwords", parse=one_time_passwords.shows_code, inputs=octets(ITEM)
    ),
    "otpauth": Parser(module="proxy.connect.otpauth", parse=_one_time_password, inputs=text(OTPAUTH)),
    "targets": Parser(module="proxy.connect.resources", parse=recognise, inputs=text(*_TARGETS)),
    "targets that search": Parser(
        module="proxy.connect.listings", parse=listings._chooses_by_label, inputs=text(*_TARGETS)
    ),
    "credentials": Parser(
        module="proxy.connect.tokens",
        parse=_partition,
        inputs=field_value("Bearer a.b.c", _credentials(b"{}")),
    ),
    "claims": Parser(
        module="proxy.connect.tokens",
        parse=lambda claims: _partition(_credentials(claims)),
        inputs=octets(b'{"exp":1700000000,"jti":"x","1password.com/vts":[{"u":"V","a":48}]}'),
    ),
    "request heads": Parser(
        module="proxy.server.translate", parse=_request, inputs=octets(REQUEST), errors=(HttpProcessingError,)
    ),
    "request checks": Parser(
        module="proxy.server.request_checks",
        parse=_request,
        inputs=octets(REQUEST, REQUEST.replace(b"Content-Length: 3", b"Transfer-Encoding: chunked")),
        errors=(HttpProcessingError,),
    ),
    "answer heads": Parser(
        module="proxy.adapters.upstream_client.response_head",
        parse=_answer,
        inputs=octets(ANSWER, ANSWER.replace(b"Transfer-Encoding: chunked", b"Content-Length: 3")),
        errors=(HttpProcessingError, response_head.BrokenAnswerError),
    ),
    "Retry-After": Parser(
        module="proxy.exchange.retry_pause",
        parse=_wish,
        inputs=field_value("3", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ),
    "a purge": Parser(
        module="proxy.server.control_app", parse=control_app.parse_purge, inputs=octets(*_JSON)
    ),
    "a mode": Parser(module="proxy.server.control_app", parse=control_app.parse_mode, inputs=octets(*_JSON)),
    "the Host of the control port": Parser(
        module="proxy.server.control_app", parse=control_app._host_of, inputs=field_value(*_ADDRESSES)
    ),
    "the bearer of the control port": Parser(
        module="proxy.server.control_app",
        parse=lambda value: control_app._is_bearer(value, "expected"),
        inputs=field_value("Bearer expected", "bearer  x"),
    ),
    "answers of the control port": Parser(
        module="proxy.server.control_client",
        parse=lambda body: control_client._document_of(200, body),
        inputs=octets(*_JSON),
        errors=(control_client.ControlError,),
    ),
    "a settings file": Parser(
        module="proxy.config.sources",
        parse=_file(lambda path: sources.load(path, {})),
        inputs=octets(TOML),
        errors=(ConfigError,),
    ),
    "variables": Parser(
        module="proxy.config.sources",
        parse=_variable,
        inputs=text(*_SETTINGS, *_ADDRESSES, *_URLS),
        errors=(ConfigError,),
    ),
    "one variable": Parser(
        module="proxy.config.values",
        parse=_every_kind,
        inputs=text(*_SETTINGS, *_ADDRESSES),
    ),
    "addresses": Parser(
        module="proxy.config.addresses", parse=Address.parse, inputs=text(*_ADDRESSES), errors=(ValueError,)
    ),
    "upstream URLs": Parser(
        module="proxy.config.addresses", parse=_origin, inputs=text(*_URLS), errors=(ValueError,)
    ),
    "the client's URL": Parser(
        module="proxy.adapters.upstream_client.settings",
        parse=lambda url: UpstreamClientSettings(url=url),
        inputs=text(*_URLS),
        errors=(ValueError,),
    ),
    "the memory of a container": Parser(
        module="proxy.config.container_memory",
        parse=_file(container_memory.memory_limit_bytes, "memory.max"),
        inputs=octets(b"max\n", b"268435456\n", b"9223372036854771712\n"),
    ),
    "the file of the health check": Parser(
        module="proxy.commands.healthcheck",
        parse=_file(lambda path: healthcheck.observe_address(path, {})),
        inputs=octets(TOML),
        errors=(CommandError,),
    ),
    "a port on the command line": Parser(
        module="proxy.__main__",
        parse=command_line._port,
        inputs=text("8080", "0"),
        errors=(argparse.ArgumentTypeError, ValueError),  # argparse takes both
    ),
    "targets of the embedded server": Parser(
        module="proxy.emulator.targets",
        parse=targets.parse_target,
        inputs=text(*_TARGETS),
        errors=(ConnectError,),
    ),
    "filters of the embedded server": Parser(
        module="proxy.emulator.filters",
        parse=filters.parse_filter,
        inputs=text('title eq "a"', 'tag co "\\u00e9\\"b"'),
        errors=(ConnectError,),
    ),
    "JSON of the embedded server": Parser(
        module="proxy.emulator.json_documents",
        parse=lambda body: json_documents.encode(json_documents.decode(body)),
        inputs=octets(ITEM),
        errors=(ValueError,),
    ),
    "items of the embedded server": Parser(
        module="proxy.emulator.item_input",
        parse=_item,
        inputs=octets(ITEM),
        errors=(ConnectError, ValueError),
    ),
    "codes of the embedded server": Parser(
        module="proxy.emulator.one_time_password",
        parse=lambda value: one_time_password.current_code(value, unix_seconds=1_700_000_000),
        inputs=text(OTPAUTH, "JBSWY3DPEHPK3PXP"),
    ),
    "faults of the embedded server": Parser(
        module="proxy.emulator.fault_documents",
        parse=_fault,
        inputs=octets(*_FAULTS),
        errors=(ValueError,),
    ),
}
