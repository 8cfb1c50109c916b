"""What the policy denies reaches nobody, stored or not; and the words of its rules are those of the table."""

import json

import pytest

from proxy.config.route_settings import KINDS
from proxy.connect.resources import ResourceKind
from proxy.emulator import READ_WRITE, Emulator
from tests.support.sidecar import running_sidecar
from tests.support.wire import WireClient, request_head


def test_rules_know_every_kind_of_resource_and_no_other():
    assert set(KINDS) == {kind.value for kind in ResourceKind}


@pytest.mark.parametrize("mode", ["cache", "observe", "passthrough"])
async def test_read_only_and_without_activity_whatever_the_mode(mode):
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        token = emulator.issue_token("ci", {sample.demo.id: READ_WRITE})
        item = f"/v1/vaults/{sample.demo.id}/items/{sample.login.id}"
        async with (
            running_sidecar(
                emulator.url, MODE=mode, ROUTES__ALLOW="GET *", ROUTES__DENY="* activity,* metrics"
            ) as sidecar,
            await WireClient.connect(sidecar.address) as client,
        ):
            for method, path, status in (
                ("GET", item, 200),
                ("HEAD", item, 200),
                ("DELETE", item, 403),
                ("PUT", item, 403),
                ("OPTIONS", item, 403),
                ("GET", "/v1/activity", 403),
                ("GET", "/metrics", 403),
                ("GET", "/heartbeat", 200),
                ("GET", item, 200),
            ):
                answer = await client.ask(request_head(method, path, token))
                assert answer.status == status, (method, path)
                if status == 403:
                    assert json.loads(answer.body) == {
                        "status": 403,
                        "message": "The sidecar does not let requests of this kind pass",
                    }
        assert {request.method for request in emulator.requests_to("")} <= {"GET", "HEAD"}
        assert not emulator.requests_to("activity|metrics")
