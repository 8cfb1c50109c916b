"""docs/tls.md: clients of other makers trust our authority by what the page tells them to set, and only then."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest
import trustme

from proxy.emulator import READ, Emulator
from tests.support.sidecar import running_sidecar

pytestmark = pytest.mark.system

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "tls.md").read_text()
SDK = "from onepasswordconnectsdk import new_client_from_environment as n; print(len(n().get_vaults()))"
NODE = "fetch(process.env.OP_CONNECT_HOST + '/heartbeat').then(a => console.log(a.status), () => process.exit(1))"


class Client:
    """Runs a program with the address and a token in its environment."""

    def __init__(self, directory, url, token):
        self.directory, self.url = directory, url
        self.environ = {"OP_CONNECT_HOST": url, "OP_CONNECT_TOKEN": token}

    async def run(self, *command, **environment):
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=self.directory,
            env=os.environ | self.environ | environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
        return process.returncode, said.decode().strip()


@pytest.fixture
async def client(tmp_path):
    authority = trustme.CA()
    pair = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    pair.cert_chain_pems[0].write_to_path(tmp_path / "tls.crt")
    pair.private_key_pem.write_to_path(tmp_path / "tls.key")
    files = {
        "SERVER__TLS_CERTIFICATE_FILE": str(tmp_path / "tls.crt"),
        "SERVER__TLS_KEY_FILE": str(tmp_path / "tls.key"),
    }
    async with Emulator() as emulator, running_sidecar(emulator.url, **files) as sidecar:
        sample = emulator.sample_data()
        token = emulator.issue_token("ci", dict.fromkeys(sample.vault_ids, READ))
        port = sidecar.address.rpartition(":")[2]
        yield Client(tmp_path, f"https://localhost:{port}", token)


async def test_curl_as_the_page_writes_it(client):
    (line,) = re.findall(r"^curl .*$", PAGE, re.MULTILINE)
    command = line.replace("https://localhost:8180", client.url).split()
    assert await client.run(*command, "--silent") == (0, ".")


@pytest.mark.parametrize(
    ("variable", "command", "said"),
    [
        ("SSL_CERT_FILE", (sys.executable, "-c", SDK), "3"),
        ("NODE_EXTRA_CA_CERTS", ("node", "-e", NODE), "200"),
    ],
    ids=["Python SDK", "JavaScript"],
)
async def test_a_client_with_the_pages_variable_reads_and_one_without_does_not(
    client, variable, command, said
):
    assert f"`{variable}=/path/ca.crt`" in PAGE
    assert await client.run(*command, **{variable: str(client.directory / "ca.crt")}) == (0, said)
    code, _ = await client.run(*command)
    assert code != 0
