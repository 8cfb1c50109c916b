"""The injection policies, applied to pods as they come: by a CEL library, and as Kyverno's documentation says."""

import copy
import json
import subprocess
from pathlib import Path

import jsonpatch
import pytest
import yaml

from tests.deploy.sample_pods import CONNECT, HERE, SAMPLES, Sample
from tests.support.chart import CHART, TOOLS, all_of, application_chart, container_of, refusal, rendered, the

pytestmark = pytest.mark.system

FLEET = {"topology": "sidecar", "injection.enabled": True, "upstream.url": CONNECT}
KYVERNO = {**FLEET, "injection.engine": "kyverno"}
ENGINES = ("mutatingAdmissionPolicy", "kyverno")


def evaluated(script: str, given) -> list:
    ran = subprocess.run(
        [TOOLS / "python", Path(__file__).with_name(script)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def admitted_by_cel(policy, pods):
    label = policy["spec"]["matchConstraints"]["objectSelector"]["matchLabels"]
    chosen = [pod for pod in pods if label.items() <= pod["metadata"]["labels"].items()]
    patches = iter(evaluated("cel.py", {"policy": policy, "pods": chosen}))
    return [jsonpatch.apply_patch(pod, next(patches) or []) if pod in chosen else pod for pod in pods]


def admitted(engine, pods, values=(), failing=()):
    objects = rendered({**FLEET, "injection.engine": engine, **dict(values)})
    if engine == "kyverno":
        policy = the("ClusterPolicy", objects)
        return evaluated("kyverno.py", {"policy": policy, "pods": pods, "failing": list(failing)})
    return admitted_by_cel(the("MutatingAdmissionPolicy", objects), pods)


@pytest.fixture(scope="module", params=ENGINES)
def outcomes(request):
    after = admitted(request.param, [sample.pod for sample in SAMPLES])
    return {sample.name: pod for sample, pod in zip(SAMPLES, after, strict=True)}


def containers(pod):
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def hosts(pod):
    """Return each container's OP_CONNECT_HOST as it will be: the last one counts."""
    found = {}
    for one in containers(pod):
        for entry in one.get("env", []):
            if entry["name"] == "OP_CONNECT_HOST":
                found[one["name"]] = entry.get("value")
    return found


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_of_the_pods(sample: Sample, outcomes):
    before, after = sample.pod, outcomes[sample.name]
    if not sample.is_injected:
        assert after == before
    else:
        assert after["spec"]["initContainers"][0]["name"] == "connect-sidecar"
        assert without_the_sidecar(after, sample) == what_counts(before)
    assert {name for name, host in hosts(after).items() if host == HERE} == sample.rewritten


def what_counts(pod):
    """Return a copy without variables that a later one of the same name hides."""
    pod = copy.deepcopy(pod)
    for one in containers(pod):
        if "env" in one:
            one["env"] = list({entry["name"]: entry for entry in one["env"]}.values())
    return pod


def without_the_sidecar(pod, sample):
    """Return the pod with all undone that injection may do; what is left must be as it was."""
    pod = what_counts(pod)
    spec, before = pod["spec"], sample.spec
    spec["initContainers"] = spec["initContainers"][1:]
    spec["volumes"] = [one for one in spec["volumes"] if one["name"] != "connect-sidecar-run"]
    for name in ("initContainers", "volumes"):
        if name not in before:
            assert spec.pop(name) == []
    for one in containers(pod):
        if one["name"] in sample.rewritten:
            (host,) = (entry for entry in one["env"] if entry["name"] == "OP_CONNECT_HOST")
            assert host["value"] == HERE
            host["value"] = CONNECT
    return pod


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_injected_is_the_container_of_the_templates(engine, tmp_path):
    (pod,) = admitted(engine, [SAMPLES[2].pod])
    included = container_of(
        rendered({"connect-sidecar.upstream.url": CONNECT}, chart=application_chart(tmp_path))
    )
    assert pod["spec"]["initContainers"][0] == included


@pytest.mark.parametrize("engine", ENGINES)
def test_a_pod_with_the_sidecar_in_it_passes_the_strict_schema_of_kubernetes(engine, tmp_path):
    file = tmp_path / "pods.yaml"
    after = admitted(engine, [sample.pod for sample in SAMPLES])
    file.write_text(yaml.safe_dump_all(after))
    ran = subprocess.run(
        [TOOLS / "kubernetes-validate", "-k", "1.36", "--strict", file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert (ran.stdout + ran.stderr).count("passed for resource pod/") == len(SAMPLES)


@pytest.mark.parametrize("engine", ENGINES)
def test_another_connect_than_ours_is_left_alone(engine):
    pod = {**SAMPLES[2].pod, "spec": {"containers": [{"name": "app", "image": "a", "env": []}]}}
    ours, another = copy.deepcopy(pod), copy.deepcopy(pod)
    ours["spec"]["containers"][0]["env"] = [{"name": "OP_CONNECT_HOST", "value": CONNECT}]
    another["spec"]["containers"][0]["env"] = [{"name": "OP_CONNECT_HOST", "value": "http://another:8080"}]
    after = admitted(engine, [ours, another], {"injection.replaceOnly": [CONNECT]})
    assert [hosts(one)["app"] for one in after] == [HERE, "http://another:8080"]


def test_whatever_rule_of_kyverno_fails_the_pod_still_works():
    rules = [rule["name"] for rule in the("ClusterPolicy", rendered(KYVERNO))["spec"]["rules"]]
    pods = [sample.pod for sample in SAMPLES]
    for failing in rules:
        for before, after in zip(pods, admitted("kyverno", pods, failing=[failing]), strict=True):
            spec = after["spec"]
            has_sidecar = any(one["name"] == "connect-sidecar" for one in containers(after))
            has_volume = any(one["name"] == "connect-sidecar-run" for one in spec.get("volumes", []))
            assert has_volume or not has_sidecar or (has_sidecar and before == after), failing
            assert has_sidecar or hosts(after) == hosts(before), failing


def test_a_failing_policy_lets_the_pod_pass_untouched():
    assert the("MutatingAdmissionPolicy", rendered(FLEET))["spec"]["failurePolicy"] == "Ignore"
    assert len(the("MutatingAdmissionPolicy", rendered(FLEET))["spec"]["mutations"]) == 1, (
        "one patch: all or nothing"
    )
    assert the("ClusterPolicy", rendered(KYVERNO))["spec"]["failurePolicy"] == "Ignore"


def test_the_binding_is_for_the_chosen_namespaces():
    chosen = {"matchLabels": {"connect-sidecar/injection": "enabled"}}
    objects = rendered(FLEET, files=[CHART / "examples" / "fleet.yaml"])
    binding = the("MutatingAdmissionPolicyBinding", objects)
    assert binding["spec"]["policyName"] == the("MutatingAdmissionPolicy", objects)["metadata"]["name"]
    assert binding["spec"]["matchResources"]["namespaceSelector"] == chosen
    rules = the("ClusterPolicy", rendered(KYVERNO, files=[CHART / "examples" / "fleet.yaml"]))["spec"][
        "rules"
    ]
    assert all(rule["match"]["any"][0]["resources"]["namespaceSelector"] == chosen for rule in rules)


@pytest.mark.parametrize(
    ("kubernetes", "version"),
    [
        ("1.32.0", "v1alpha1"),
        ("1.33.4", "v1alpha1"),
        ("1.34.0", "v1beta1"),
        ("1.35.2", "v1beta1"),
        ("1.36.0", "v1"),
        ("1.37.0", "v1"),
    ],
)
def test_the_policy_is_of_a_version_that_the_cluster_serves(kubernetes, version):
    policies = all_of("MutatingAdmissionPolicy", rendered(FLEET, kubernetes=kubernetes))
    assert [one["apiVersion"] for one in policies] == [f"admissionregistration.k8s.io/{version}"]


def test_clusters_that_are_too_old_are_told_what_to_use_instead():
    assert "Use kyverno" in refusal(FLEET, kubernetes="1.31.0")
    assert "native sidecars" in refusal(KYVERNO, kubernetes="1.28.0")
