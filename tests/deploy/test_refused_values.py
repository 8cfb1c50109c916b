"""Values that the chart refuses: those that contradict each other, with the reason, and those that are mistyped."""

import pytest

from tests.support.chart import BESIDE, HELMS, LENT, refusal

pytestmark = pytest.mark.system


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"replicas": 2}, "replicas: 2 is more than 1: each pod has a store of its own"),
        ({**LENT}, "tokenInjection.certificates: is empty"),
        (
            {**LENT, "tokenInjection.allowLoopback": True},
            "tokenInjection.allowLoopback: nobody but the container",
        ),
        ({**BESIDE, **LENT}, "tokenInjection.allowLoopback: must be true"),
        ({**BESIDE, **LENT, "tokenInjection.vaults": []}, "tokenInjection.vaults: is empty"),
        ({**BESIDE, **LENT, "tokenInjection.placeholder": "short"}, "at least 8 characters"),
        ({"tokenInjection.vaults": ["*"]}, "tokenInjection.existingSecret: is empty"),
        ({**BESIDE, "tls.secret": "tls"}, "tls.secret: beside an application"),
        ({"tls.clientCertificates": "required"}, "tls.clientCertificates: needs"),
        ({"tls.secret": "a", "tls.clientCaSecret": "b"}, "tls.clientCaSecret: has no use"),
        ({"upstream.caSecret": "ca"}, "upstream.caSecret: has no use"),
        ({"upstream.headless": True, "upstream.moreUrls": ["http://b:8080"]}, "upstream.headless: can't go"),
        ({"ports.observe": 8180}, "ports.observe: is ports.traffic"),
        ({"podMonitor.enabled": True, "serviceMonitor.enabled": True}, "counted twice"),
        ({**BESIDE, "serviceMonitor.enabled": True}, "serviceMonitor.enabled: beside applications"),
        ({**BESIDE, "networkPolicy.enabled": True}, "networkPolicy.enabled: a NetworkPolicy is about pods"),
        ({"injection.enabled": True}, "injection.enabled: the injected container is a sidecar's"),
        (
            {**BESIDE, "injection.enabled": True, "audit.keySecret": "key"},
            "injection.enabled: upstream.caSecret",
        ),
        ({"cache.storeBytes": 67108864}, "resources.limits.memory: 128Mi is less"),
        (
            {"rules.enabled": True, "rules.overrides": {"Nothing": {"disabled": True}}},
            "there is no alert Nothing",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("version", HELMS)
def test_values_that_contradict_each_other_are_refused_with_the_reason(values, reason, version):
    assert reason in refusal(values, version=version)


@pytest.mark.parametrize(
    "values",
    [
        {"caches.storeBytes": 1048576},
        {"cache.storebytes": 1048576},
        {"settings.cache.item_freshness": 30},
        {"settings.cache.store_bytes": 1048576},
        {"settings.caches.item_freshness_seconds": 30},
        {"settings.cache.item_freshness_seconds": "soon"},
        {"topology": "standalon"},
        {"upstream.url": "onepassword-connect:8080"},
        {"upstream.url": "http://user@connect:8080"},
        {"resources.limit.memory": "1Gi"},
        {"limits.named.ci.burst": 5},
        {"tokens.names": {"eyJh.eyJq.c2ln": "a-whole-token"}},
        {"image.digest": "latest"},
        {"networkPolicy.clients": [{"podSelectors": {}}]},
        {"rules.overrides": {"ConnectDown": {"disable": True}}},
        {"extraEnv": [{"name": "A", "vale": "b"}]},
    ],
    ids=lambda values: next(iter(values)),
)
@pytest.mark.parametrize("version", HELMS)
def test_the_schema_refuses_what_is_mistyped(values, version):
    said = refusal(values, version=version)
    assert "values don't meet the specifications of the schema" in said
