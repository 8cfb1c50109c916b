"""Every parser of `proxy/` that takes octets or text from outside: its module, its input, the errors it documents.

Parsers of field values are in `test_caching_parsers.py`; what the sockets themselves do is in
`test_request_path.py`.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp.http_exceptions import HttpProcessingError

from proxy.adapters.upstream_client import response_head
from proxy.adapters.upstream_client.settings import UpstreamClientSettings
from proxy.audit import chain
from proxy.audit.exports import record_in
from proxy.audit.records import read_document
from proxy.commands import arguments, healthcheck
from proxy.commands.audit import known_head
from proxy.commands.errors import CommandError
from proxy.config import container_memory, sources
from proxy.config.addresses import Address
from proxy.config.errors import ConfigError
from proxy.connect import health, listings, one_time_passwords
from proxy.connect.json_spans import UnscannableError, scan
from proxy.connect.resources import recognise
from proxy.doctor import wording
from proxy.doctor.asker import Reply
from proxy.emulator import filters, json_documents, one_time_password, targets
from proxy.emulator.errors import ConnectError
from proxy.server import control_app, control_client
from tests.property.parser_calls import (
    ANSWER,
    AUDIT_LINE,
    DOCKER_LINE,
    ITEM,
    ITEMS,
    OTPAUTH,
    REQUEST,
    TARGETS,
    TOML,
    VAULT,
    VAULTS,
    credentials_of,
    file_input,
    lend_to,
    read_answer,
    read_body,
    read_codes,
    read_dependency,
    read_every_kind,
    read_fault,
    read_item,
    read_one_time_password,
    read_origin,
    read_partition,
    read_request,
    read_token_file,
    read_trace,
    read_variable,
    read_wish,
    response_of,
    verify,
)
from tests.property.parser_inputs import Inputs, field_value, octets, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Parser:
    """One function under test: nothing but `errors` may come out of it, whatever comes in."""

    module: str
    parse: Callable[[Any], object]
    inputs: Inputs
    errors: tuple[type[Exception], ...] = ()


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
        module="proxy.connect.bodies",
        parse=read_body,
        inputs=octets(ITEM, ITEMS, VAULT, VAULTS, b'[{"id":"f"}]'),
    ),
    "/health": Parser(
        module="proxy.connect.health",
        parse=lambda body: health.sync_state(response_of(body)),
        inputs=octets(b'{"name":"c","dependencies":[{"service":"sync","status":"ACTIVE"}]}'),
    ),
    "spans of strings": Parser(
        module="proxy.connect.json_spans", parse=scan, inputs=octets(ITEM), errors=(UnscannableError,)
    ),
    "one-time passwords of an item": Parser(
        module="proxy.connect.recomputation", parse=read_codes, inputs=octets(ITEM)
    ),
    "a totp key": Parser(
        module="proxy.connect.one_time_passwords", parse=one_time_passwords.shows_code, inputs=octets(ITEM)
    ),
    "otpauth": Parser(module="proxy.connect.otpauth", parse=read_one_time_password, inputs=text(OTPAUTH)),
    "targets": Parser(module="proxy.connect.resources", parse=recognise, inputs=text(*TARGETS)),
    "targets that search": Parser(
        module="proxy.connect.listings", parse=listings._chooses_by_label, inputs=text(*TARGETS)
    ),
    "an error that the doctor describes": Parser(
        module="proxy.doctor.wording",
        parse=lambda body: wording.error_shape(Reply(status=400, body=body)),
        inputs=octets(b'{"status":400,"message":"Invalid Vault UUID"}'),
    ),
    "dependencies that the doctor lists": Parser(
        module="proxy.doctor.questions.health",
        parse=read_dependency,
        inputs=octets(b'{"service":"sync","status":"ACTIVE"}'),
    ),
    "traceparent": Parser(
        module="proxy.semantics.trace_context",
        parse=lambda value: read_trace("traceparent", value),
        inputs=field_value(f"00-{'1' * 32}-{'2' * 16}-01"),
    ),
    "b3": Parser(
        module="proxy.semantics.trace_context",
        parse=lambda value: read_trace("b3", value),
        inputs=field_value(f"{'1' * 32}-{'2' * 16}-1", "0"),
    ),
    "credentials": Parser(
        module="proxy.connect.tokens",
        parse=read_partition,
        inputs=field_value("Bearer a.b.c", credentials_of(b"{}")),
    ),
    "claims": Parser(
        module="proxy.connect.tokens",
        parse=lambda claims: read_partition(credentials_of(claims)),
        inputs=octets(b'{"exp":1700000000,"jti":"x","1password.com/vts":[{"u":"V","a":48}]}'),
    ),
    "a wish for the lent token": Parser(
        module="proxy.server.token_injection", parse=lend_to, inputs=field_value("Bearer pppppppp", "a b")
    ),
    "the file of the lent token": Parser(
        module="proxy.server.token_injection",
        parse=read_token_file,
        inputs=octets(b"header.payload.signature\n"),
    ),
    "request heads": Parser(
        module="proxy.server.translate",
        parse=read_request,
        inputs=octets(REQUEST),
        errors=(HttpProcessingError,),
    ),
    "request checks": Parser(
        module="proxy.server.request_checks",
        parse=read_request,
        inputs=octets(REQUEST, REQUEST.replace(b"Content-Length: 3", b"Transfer-Encoding: chunked")),
        errors=(HttpProcessingError,),
    ),
    "answer heads": Parser(
        module="proxy.adapters.upstream_client.response_head",
        parse=read_answer,
        inputs=octets(ANSWER, ANSWER.replace(b"Transfer-Encoding: chunked", b"Content-Length: 3")),
        errors=(HttpProcessingError, response_head.BrokenAnswerError),
    ),
    "Retry-After": Parser(
        module="proxy.exchange.retry_pause",
        parse=read_wish,
        inputs=field_value("3", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ),
    "a purge": Parser(
        module="proxy.server.control_app", parse=control_app.parse_purge, inputs=octets(*_JSON)
    ),
    "a question": Parser(
        module="proxy.server.control_app",
        parse=control_app.parse_question,
        inputs=octets(*_JSON, b'{"target":"/v1/vaults","token":"ci","method":"GET"}'),
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
        parse=file_input(lambda path: sources.load(path, {})),
        inputs=octets(TOML),
        errors=(ConfigError,),
    ),
    "variables": Parser(
        module="proxy.config.sources",
        parse=read_variable,
        inputs=text(*_SETTINGS, *_ADDRESSES, *_URLS),
        errors=(ConfigError,),
    ),
    "one variable": Parser(
        module="proxy.config.values",
        parse=read_every_kind,
        inputs=text(*_SETTINGS, *_ADDRESSES),
    ),
    "addresses": Parser(
        module="proxy.config.addresses", parse=Address.parse, inputs=text(*_ADDRESSES), errors=(ValueError,)
    ),
    "upstream URLs": Parser(
        module="proxy.config.addresses", parse=read_origin, inputs=text(*_URLS), errors=(ValueError,)
    ),
    "the client's URL": Parser(
        module="proxy.adapters.upstream_client.settings",
        parse=lambda url: UpstreamClientSettings(url=url),
        inputs=text(*_URLS),
        errors=(ValueError,),
    ),
    "the memory of a container": Parser(
        module="proxy.config.container_memory",
        parse=file_input(container_memory.memory_limit_bytes, "memory.max"),
        inputs=octets(b"max\n", b"268435456\n", b"9223372036854771712\n"),
    ),
    "the file of the health check": Parser(
        module="proxy.commands.healthcheck",
        parse=file_input(lambda path: healthcheck.observe_address(path, {})),
        inputs=octets(TOML),
        errors=(CommandError,),
    ),
    "a port on the command line": Parser(
        module="proxy.commands.arguments",
        parse=arguments._port,
        inputs=text("8080", "0"),
        errors=(argparse.ArgumentTypeError, ValueError),  # argparse takes both
    ),
    "audit lines among others": Parser(
        module="proxy.audit.exports", parse=record_in, inputs=octets(AUDIT_LINE, DOCKER_LINE)
    ),
    "the code of an audit line": Parser(
        module="proxy.audit.chain", parse=chain.split, inputs=octets(AUDIT_LINE)
    ),
    "audit records": Parser(module="proxy.audit.records", parse=read_document, inputs=octets(AUDIT_LINE)),
    "audit exports": Parser(
        module="proxy.audit.verification",
        parse=verify,
        inputs=octets(AUDIT_LINE, AUDIT_LINE * 3, DOCKER_LINE),
    ),
    "a head on the command line": Parser(
        module="proxy.commands.audit",
        parse=known_head,
        inputs=text("a1=3:4503599627370495", "a=b=1e3:4.5e+15"),
        errors=(argparse.ArgumentTypeError,),
    ),
    "targets of the embedded server": Parser(
        module="proxy.emulator.targets",
        parse=targets.parse_target,
        inputs=text(*TARGETS),
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
        parse=read_item,
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
        parse=read_fault,
        inputs=octets(*_FAULTS),
        errors=(ValueError,),
    ),
}
