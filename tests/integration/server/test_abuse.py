"""The rows of the abuse table that are refused, against the server alone and on both event loops.

`tests/faults/test_abuse.py` plays the whole table against a whole sidecar.
"""

import json
import logging

import pytest

from tests.faults.abuse import AUTH, CHUNKED, SECRET, S, asks_to_close, head, put
from tests.faults.abuse_credentials import CREDENTIALS
from tests.faults.abuse_endings import ENDINGS
from tests.faults.abuse_fields import FIELDS
from tests.faults.abuse_framing import FRAMING
from tests.faults.abuse_targets import ODD_TARGETS, TARGETS

TABLE = {**FRAMING, **TARGETS, **FIELDS, **ENDINGS, **CREDENTIALS}
REFUSED = {name: row for name, row in TABLE.items() if row.is_refused_at_once}


@pytest.mark.parametrize("name", REFUSED)
async def test_bad_input_gets_a_closed_answer_and_leaves_no_trace(site, caplog, capfd, name):
    caplog.set_level(logging.DEBUG)
    octets, (status,) = REFUSED[name].octets, REFUSED[name].statuses
    received = await site.exchange(octets)
    lines, _, body = received.partition(b"\r\n\r\n")
    assert lines.startswith(b"HTTP/1.1 %d " % status)
    assert b"connection: close" in lines.lower()
    assert b"content-type: application/json" in lines.lower()
    document = json.loads(body)
    assert document.keys() == {"status", "message"}
    assert document["status"] == status
    assert site.handler.bodies == []
    assert S not in received
    assert SECRET not in caplog.text
    out, err = capfd.readouterr()
    assert SECRET not in out + err
    assert (await site.exchange(asks_to_close(head()))).startswith(b"HTTP/1.1 200 ")


HARMLESS = {
    "token of 64 KiB": head(auth=AUTH.replace(S, b"t" * 65_536)),
    "leading empty lines": b"\r\n\r\n" + head(),
    "HTTP/1.0 without host": head(version=b"HTTP/1.0", host=b""),
    "empty body stated": put(b"Content-Length: 0"),
    "IPv6 host": head(host=b"Host: [::1]:8180\r\n"),
    "any octet in a value": head(b"X: \xff\x80\xe9"),
    "websocket upgrade": head(b"Connection: Upgrade", b"Upgrade: websocket"),
    "h2c upgrade": head(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"),
    "h2c upgrade with body": put(b"Connection: Upgrade", b"Upgrade: h2c", b"Content-Length: 3", body=b"abc"),
    "chunk extension": put(CHUNKED, body=b"3;a=b\r\nabc\r\n0\r\n\r\n"),
    "trailer": put(CHUNKED, body=b"3\r\nabc\r\n0\r\nX: y\r\n\r\n"),
}


@pytest.mark.parametrize("name", HARMLESS)
async def test_unusual_input_is_served(site, name):
    wire = await site.connect()
    wire.send(HARMLESS[name])
    status_line, _, body = await wire.response()
    assert status_line == "HTTP/1.1 200 OK"
    assert body == b"fine"


async def test_any_octet_of_a_field_value_reaches_the_handler(site):
    await site.exchange(head(b"X: \xff\x80", b"Connection: close"))
    assert site.handler.requests[0].fields["X"].encode("utf-8", "surrogateescape") == b"\xff\x80"


@pytest.mark.parametrize(
    "target",
    [b"/", b"/?", b"//a//b", b"/a/../b/./c", b"/v1/vaults/", *ODD_TARGETS.values()],
)
async def test_targets_pass_octet_for_octet(site, target):
    await site.exchange(head(b"Connection: close", target=target))
    assert site.handler.requests[0].target.encode() == target


async def test_absolute_form_for_ourselves_is_reduced_to_the_exact_rest(site):
    await site.start()
    authority = b"127.0.0.1:%d" % site.port
    await site.exchange(
        head(
            b"Connection: close",
            target=b"http://" + authority + b"//a/../%2f?",
            host=b"Host: " + authority + b"\r\n",
        )
    )
    assert site.handler.requests[0].target == "//a/../%2f?"
