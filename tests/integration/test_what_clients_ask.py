"""The requests that known clients make, as docs/clients.md counts them: how many reach Connect, and none is changed.

Patterns are those of the clients' sources: paths and encodings as they send them. What each costs directly is the
number of requests that it makes.
"""

import re
from pathlib import Path

import pytest

from proxy.emulator import READ, Emulator
from tests.support.sidecar import SteppedClock, running_sidecar
from tests.support.wire import WireClient, request_head

PAGE = Path(__file__).resolve().parents[2] / "docs" / "clients.md"


class Ids:
    """What patterns are made of: a vault and some of its items, by id and by title as Go and JavaScript write it."""

    def __init__(self, sample):
        demo = sample.demo
        self.vault, self.vault_title = demo.id, demo.name
        self.items = [item.id for item in (sample.login, sample.api_credential)]
        self.titles = [item.title for item in (sample.login, sample.api_credential)]


def by_title(path, title, space="+"):
    return f"{path}?filter=title{space}eq{space}%22{title.replace(' ', space)}%22"


def external_secrets_refreshes_ten_keys_of_one_item(ids):
    items = f"/v1/vaults/{ids.vault}/items"
    for _ in range(10):
        yield by_title("/v1/vaults", ids.vault_title)
        yield by_title(items, ids.titles[0])
        yield f"{items}/{ids.items[0]}"
        yield f"{items}/{ids.items[0]}"


def the_operator_polls_ten_secrets_of_two_items(ids):
    for number in range(10):
        yield by_title("/v1/vaults", ids.vault_title)
        yield f"/v1/vaults/{ids.vault}/items/{ids.items[number % 2]}"


def ansible_plays_ten_tasks_on_two_items(ids):
    items = f"/v1/vaults/{ids.vault}/items"
    for number in range(10):
        yield "/v1/vaults"
        yield by_title(items, ids.titles[number % 2])
        yield f"{items}/{ids.items[number % 2]}"


def op_run_resolves_six_references_to_two_items(ids):
    items = f"/v1/vaults/{ids.vault}/items"
    for number in range(6):
        yield by_title("/v1/vaults", ids.vault_title)
        yield by_title(items, ids.titles[number % 2])
        yield f"{items}/{ids.items[number % 2]}"


def the_javascript_sdk_reads_one_item_by_title_five_times(ids):
    items = f"/v1/vaults/{ids.vault}/items/"
    for _ in range(5):
        yield by_title(items, ids.titles[0], space="%20")
        yield f"{items}{ids.items[0]}"


CLIENTS = {
    "External Secrets": external_secrets_refreshes_ten_keys_of_one_item,
    "operator": the_operator_polls_ten_secrets_of_two_items,
    "Ansible": ansible_plays_ten_tasks_on_two_items,
    "`op run`": op_run_resolves_six_references_to_two_items,
    "JavaScript SDK": the_javascript_sdk_reads_one_item_by_title_five_times,
}


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_client_costs_connect_what_the_page_says(client):
    clock = SteppedClock()
    async with Emulator() as emulator, running_sidecar(emulator.url, clock=clock) as sidecar:
        sample = emulator.sample_data()
        token = emulator.issue_token("ci", dict.fromkeys(sample.vault_ids, READ))
        clock.pass_seconds(31)  # after a start nothing stays fresh for long
        asked = list(CLIENTS[client](Ids(sample)))
        async with await WireClient.connect(sidecar.address) as wire:
            answers = [await wire.ask(request_head("GET", path, token)) for path in asked]
        assert {answer.status for answer in answers} == {200}
        assert [answer for answer in answers if answer.body in {b"[]", b""}] == []
        reached = [request.target.decode() for request in emulator.requests_to("^/v1/")]
        assert set(reached) <= set(asked), "as they were sent"
    (direct, through) = re.search(
        rf"^\| {re.escape(client)} \|.* \| (\d+) \| (\d+) \|$", PAGE.read_text(), re.MULTILINE
    ).groups()
    assert (len(asked), len(reached)) == (int(direct), int(through))
