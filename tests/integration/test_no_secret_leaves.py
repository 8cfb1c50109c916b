"""Tokens, values, titles and filters that went through are nowhere in what the sidecar says of itself."""

import asyncio
import json
from urllib.parse import quote

from proxy.emulator import READ_WRITE, Emulator, Reset, SpuriousForbidden, Status
from tests.support.process import sidecar_process
from tests.support.wire import WireClient, request_head

VALUE = "s3cr3t-value-c0ffee"
TITLE = "Title-Nobody-May-See"
TAG = "tag-nobody-may-see"
PLACEHOLDER = "a-placeholder-is-no-secret-but-is-not-said-either"
JUNK = "junk-token-0123456789"


async def session(address: str, emulator: Emulator, token: str, vault: str) -> list[bytes]:
    """Reads, writes, refusals and faults; returns the bodies of all errors."""
    item = {
        "title": TITLE,
        "category": "LOGIN",
        "vault": {"id": vault},
        "tags": [TAG],
        "fields": [{"id": "p", "purpose": "PASSWORD", "type": "CONCEALED", "value": VALUE}],
    }
    errors: list[bytes] = []
    async with await WireClient.connect(address) as client:

        async def ask(method: str, path: str, bearer: str = token, body: bytes = b"") -> bytes:
            answer = await client.ask(
                request_head(method, path, bearer, f"Content-Length: {len(body)}"), body
            )
            if answer.status >= 400:
                errors.append(answer.body)
            return answer.body

        created = json.loads(await ask("POST", f"/v1/vaults/{vault}/items", body=json.dumps(item).encode()))
        path = f"/v1/vaults/{vault}/items/{created['id']}"
        for _ in range(3):
            assert VALUE in (await ask("GET", path)).decode()
            await ask("GET", f"/v1/vaults/{vault}/items?filter={quote(f'title eq {TITLE}')}")
            await ask("GET", f"/v1/vaults/{vault}/items?filter={quote(f'tag eq {TAG}')}")
        await ask("GET", path, JUNK)
        await ask("PUT", path, JUNK, b"{}")
        await ask("PUT", path, body=f'{{"title":"{TITLE}","bad'.encode())
        for fault in (Status(status=500), SpuriousForbidden(), Reset(), Status(status=503)):
            emulator.faults.add(fault, method="GET")
            await ask("GET", path + "?x=" + TITLE)
        emulator.revoke(token)
        await ask("GET", path + "?y=" + TITLE)
    return errors


async def malformed(address: str) -> list[bytes]:
    """Requests that are refused before they mean anything."""
    bodies = []
    for raw in (
        f"GET /{TITLE} HTTP/9.9\r\nHost: c\r\n\r\n",
        f"G@T /{TITLE} HTTP/1.1\r\nHost: c\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: c\r\nAuthorization: Bearer {JUNK}\r\nAuthorization: Bearer {JUNK}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: c\r\nAuthorization: Bearer {JUNK}\x00\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: c\r\nAuthorization: Bearer {JUNK}\r\n {JUNK}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: c\r\nX: {JUNK * 10_000}\r\n\r\n",
    ):
        async with await WireClient.connect(address) as client:
            client.writer.write(raw.encode())
            bodies.append(await client.reader.read())
    return bodies


async def test_no_secret_token_title_or_filter_is_in_logs_metrics_status_or_errors(tmp_path):
    async with Emulator() as emulator:
        vault = emulator.add_vault("Vault-Name-Nobody-May-See").id
        token = emulator.issue_token("ci", {vault: READ_WRITE})
        lent = emulator.issue_token("lent", {vault: READ_WRITE})
        (tmp_path / "token").write_text(lent)
        async with sidecar_process(
            emulator.url,
            tmp_path,
            LOG__LEVEL="debug",
            TOKEN_INJECTION__TOKEN_FILE=str(tmp_path / "token"),
            TOKEN_INJECTION__PLACEHOLDER=PLACEHOLDER,
            TOKEN_INJECTION__ALLOW_LOOPBACK="true",
            TOKEN_INJECTION__VAULTS=vault,
        ) as sidecar:
            said = await session(sidecar.address, emulator, token, vault)
            async with await WireClient.connect(sidecar.address) as client:
                for path, status in ((f"/v1/vaults/{vault}/items", 200), ("/v1/vaults", 403)):
                    answer = await client.ask(request_head("GET", path, PLACEHOLDER))
                    assert answer.status == status
                said.append(answer.body)
            said += await malformed(sidecar.address)
            async with await WireClient.connect(sidecar.observe_address) as client:
                said.append((await client.ask("GET /metrics HTTP/1.1\r\nHost: localhost")).body)
            reader, writer = await asyncio.open_unix_connection(str(sidecar.control_path))
            writer.write(b"GET /status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            said.append(await reader.read())
            writer.close()
            await writer.wait_closed()
        said.append(bytes(sidecar.output))
        said.append(bytes(sidecar.audit))
    assert b"exchange.finished" in sidecar.output
    assert b"audit.read" in sidecar.audit
    _header, payload, signature = token.split(".")
    own = (payload, signature, *lent.split(".")[1:], PLACEHOLDER)
    for secret in (VALUE, TITLE, TAG, JUNK, *own, "Vault-Name-Nobody-May-See"):
        for text in said:
            assert secret.encode() not in text, f"{secret[:12]}... stands in {text[:200]!r}"
