"""How `parser_table` calls the parsers that take more than octets or text, and good samples of what they read."""

import asyncio
import base64
import gzip
import json
import warnings
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_parser import HttpRequestParser, HttpResponseParser
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.adapters.upstream_client import response_head
from proxy.audit.verification import KnownHead, Verifier
from proxy.caching.pieces import at_once
from proxy.clock import Instant
from proxy.commands.audit import report
from proxy.config import sources, values
from proxy.config.addresses import origin_host_and_port, parse_origin
from proxy.config.keys import keys
from proxy.connect import bodies, otpauth, recomputation
from proxy.connect.resources import recognise
from proxy.connect.tokens import Tokens
from proxy.doctor import wording
from proxy.doctor.asker import Reply
from proxy.doctor.questions import health
from proxy.emulator import fault_documents, json_documents
from proxy.emulator.faults import FaultPlan
from proxy.emulator.identifiers import Identifiers
from proxy.emulator.item_input import normalised_item
from proxy.exchange import retry_pause
from proxy.semantics import trace_context
from proxy.semantics.message import Request, Response
from proxy.server.token_injection import Lending, TokenFile, TokenInjection
from proxy.server.translate import LocalEnd, OwnNames, translate
from tests.support.audit_lines import chain_of, closed, opened, read

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
AUDIT_LINE = b"".join(chain_of(opened(), read(7), closed(hit=7)))
DOCKER_LINE = json.dumps({"log": chain_of(opened())[0].decode(), "stream": "stdout"}).encode()
TARGETS = tuple(
    f"/v1/vaults/{ID}/items/{ID}{rest}"
    for rest in ("", "/files/f/content", '?filter=title%20eq%20"a"', "/files?inline_files=true")
)


def response_of(body: bytes, coding: str = "") -> Response:
    fields = CIMultiDict({"Content-Encoding": coding} if coding else {})
    return Response(status=200, reason="", fields=CIMultiDictProxy(fields), body=body)


def read_body(document: bytes) -> None:
    """Read one body as each shape, by each coding; what is a valid coding of nonsense counts as well."""
    coded = {
        "": document,
        "identity": document,
        "gzip": gzip.compress(document),
        "deflate": zlib.compress(document),
        "br": document,
    }
    for target in (*TARGETS, "/v1/vaults", f"/v1/vaults/{ID}", f"/v1/vaults/{ID}/items"):
        resource = recognise(target)
        for coding, body in coded.items():
            at_once(bodies.read(resource, response_of(body, coding), decoded_bytes=100_000))
            at_once(bodies.read(resource, response_of(document, coding), decoded_bytes=100))
        bodies.read_written(resource, response_of(document), decoded_bytes=100_000)


def read_codes(document: bytes) -> None:
    found = recomputation.recomputation_of(response_of(document))
    if found is not None:
        found.was_right(NOW)
        found.began_at_wall_seconds(NOW)


def read_one_time_password(uri: str) -> None:
    made = otpauth.parse(uri)
    if made is not None:
        assert len(made.code(made.step(NOW.wall_seconds))) == made.digits


def read_partition(value: str) -> None:
    tokens = Tokens(key=b"k", names={})
    found = tokens.partition(CIMultiDictProxy(CIMultiDict({"Authorization": value})))
    if found is not None:
        found.is_expired(NOW.wall_seconds)
        found.may_name(ID)
        tokens.accept(found)


def lend_to(value: str) -> None:
    """Have the lent token asked for, in a field and in a target."""
    for fields in ({"Authorization": value}, {"Authorization": f"Bearer {value}"}):
        request = Request(method="GET", target="/v1/vaults", fields=CIMultiDictProxy(CIMultiDict(fields)))
        TokenInjection(_Nobody(), placeholder="p" * 8, lending=Lending(), token=str)._is_asked_for(request)


class _Nobody:
    """Answers nothing."""

    async def handle(self, request: Request, body: object) -> Any:
        raise NotImplementedError


def read_dependency(octets: bytes) -> object:
    reply = Reply(status=200, body=octets)
    return health._members(reply), health._state(wording.document_of(reply))


def read_trace(name: str, value: str) -> object:
    fields = CIMultiDictProxy(CIMultiDict({name: value, "X-B3-TraceId": value, "X-B3-SpanId": value}))
    context = trace_context.read(fields)
    return context and trace_context.written(fields, context)


def credentials_of(claims: bytes) -> str:
    return f"Bearer a.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c"


def _parser_of(kind: type[Any], **limits: int) -> Any:
    loop = asyncio.new_event_loop()
    protocol = BaseProtocol(loop)
    loop.close()
    protocol._parser = kind(protocol, loop, 65_536, auto_decompress=False, **limits)
    return protocol._parser


def read_request(head: bytes) -> None:
    limits = {"max_line_size": 16_384, "max_field_size": 66_560, "max_headers": 128}
    for message, _ in _parser_of(HttpRequestParser, **limits).feed_data(head)[0]:
        translate(message, OwnNames(), lambda: LocalEnd(address="127.0.0.1", port=80))


def read_answer(octets: bytes) -> None:
    for message, _ in _parser_of(HttpResponseParser, response_with_body=True).feed_data(octets)[0]:
        response_head.check(message)
        response_head.is_interim(message)
        response_head.head(message, b"http://connect:8080")
        response_head.body_length_bytes(message, "GET")


def file_input(read: Callable[[Path], object], name: str = "file") -> Callable[[bytes], object]:
    def parse(content: bytes) -> object:
        with TemporaryDirectory() as folder:
            (Path(folder) / name).write_bytes(content)
            return read(Path(folder) if name.startswith("memory") else Path(folder) / name)

    return parse


def read_variable(value: str) -> object:
    chosen = KEYS[zlib.crc32(value.encode("utf-8", "surrogateescape")) % len(KEYS)]
    return sources.load(None, {"CONNECT_SIDECAR__UPSTREAM__URL": "http://c:8080", chosen.variable: value})


def read_every_kind(value: str) -> None:
    for key in KEYS:
        with suppress(ValueError):
            values.convert(values.from_environment(value, key.kind), key.kind)


def read_item(body: bytes) -> None:
    document = json_documents.decode(body)
    if isinstance(document, dict):
        normalised_item(document, Identifiers(0))


def read_fault(body: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of `re`, about patterns with an odd set
        fault_documents.plan_fault(FaultPlan(changed=lambda: None), json_documents.decode(body))


def read_origin(url: str) -> object:
    return origin_host_and_port(parse_origin(url))


def read_token_file(octets: bytes) -> None:
    """Read the file of the lent token."""
    file_input(lambda path: TokenFile(path).token())(octets)


def read_wish(value: str) -> object:
    fields = CIMultiDictProxy(CIMultiDict({"Retry-After": value}))
    return retry_pause.seconds(1, fields, now=NOW, jitter=0.5)


def verify(octets: bytes) -> None:
    """Verify an export, and say what was found."""
    verifier = Verifier(heads={"a1": KnownHead(seq=3, figure=1)})
    verifier.read("f", octets.splitlines(keepends=True))
    verifier.judge()
    list(report(verifier))
