"""Pods as they are created in real namespaces, and what injection must make of their OP_CONNECT_HOST."""

import json
from dataclasses import dataclass, field
from typing import Any

CONNECT = "http://onepassword-connect.connect:8080"
HERE = "http://localhost:8180"
LABEL = {"connect-sidecar/inject": "true"}

Pod = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A pod; whether it gets the sidecar; and the containers whose OP_CONNECT_HOST is HERE afterwards."""

    name: str
    spec: Pod
    labels: dict[str, str] = field(default_factory=lambda: dict(LABEL))
    is_injected: bool = True
    rewritten: frozenset[str] = frozenset()

    @property
    def pod(self) -> Pod:
        metadata = {"name": "sample", "namespace": "space", "labels": self.labels}
        document = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": self.spec}
        pod: Pod = json.loads(json.dumps(document))  # no part of it is another's, too
        return pod


def container(name: str, *env: Pod, **more: Any) -> Pod:
    return {"name": name, "image": f"example.com/{name}:1", **({"env": list(env)} if env else {}), **more}


def variable(name: str, value: str) -> Pod:
    return {"name": name, "value": value}


HOST = variable("OP_CONNECT_HOST", CONNECT)
OTHER = variable("LOG_LEVEL", "info")
REGION = variable("REGION", "north")
FROM_A_KEY = {"name": "OP_CONNECT_HOST", "valueFrom": {"configMapKeyRef": {"name": "connect", "key": "host"}}}
FROM_ALL = {"envFrom": [{"configMapRef": {"name": "connect"}}]}
TOKEN_VOLUME = {
    "name": "kube-api-access",
    "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]},
}

SAMPLES = (
    Sample(
        name="without the label", labels={}, spec={"containers": [container("app", HOST)]}, is_injected=False
    ),
    Sample(
        name="the label says something else",
        labels={"connect-sidecar/inject": "included"},
        spec={"containers": [container("app", HOST)]},
        is_injected=False,
    ),
    Sample(
        name="a plain value among others",
        spec={"containers": [container("app", OTHER, HOST)], "volumes": [TOKEN_VOLUME]},
        rewritten=frozenset({"app"}),
    ),
    Sample(name="from a key of a ConfigMap", spec={"containers": [container("app", FROM_A_KEY)]}),
    Sample(name="from a whole ConfigMap", spec={"containers": [container("app", OTHER, **FROM_ALL)]}),
    Sample(name="never heard of Connect", spec={"containers": [container("app")]}),
    Sample(
        name="several containers, one of which asks Connect",
        spec={
            "containers": [
                container("web", OTHER),
                container("app", OTHER, REGION, HOST),
                container("log"),
            ]
        },
        rewritten=frozenset({"app"}),
    ),
    Sample(
        name="init containers that ask Connect, too",
        spec={
            "initContainers": [container("migrate", HOST), container("chown")],
            "containers": [container("app", HOST)],
        },
        rewritten=frozenset({"migrate", "app"}),
    ),
    Sample(
        name="a mesh's proxy beside it",
        spec={
            "initContainers": [container("istio-init")],
            "containers": [container("app", HOST), container("istio-proxy", variable("PROXY_CONFIG", "{}"))],
            "volumes": [TOKEN_VOLUME, {"name": "istio-envoy", "emptyDir": {"medium": "Memory"}}],
        },
        rewritten=frozenset({"app"}),
    ),
    Sample(
        name="a mesh's proxy and a logger as native sidecars",
        spec={
            "initContainers": [
                container("linkerd-proxy", restartPolicy="Always"),
                container("logger", HOST, restartPolicy="Always"),
            ],
            "containers": [container("app", HOST)],
        },
        rewritten=frozenset({"logger", "app"}),
    ),
    Sample(
        name="injected already",
        spec={
            "initContainers": [container("connect-sidecar", restartPolicy="Always")],
            "containers": [container("app", variable("OP_CONNECT_HOST", HERE))],
        },
        is_injected=False,
        rewritten=frozenset({"app"}),
    ),
    Sample(
        name="has a classic sidecar, which knows Connect by the same variable",
        spec={
            "containers": [
                container("app", variable("OP_CONNECT_HOST", HERE)),
                container("connect-sidecar", HOST),
            ]
        },
        is_injected=False,
        rewritten=frozenset({"app"}),
    ),
    Sample(
        name="the node's own network",
        spec={"hostNetwork": True, "containers": [container("app", HOST)]},
        is_injected=False,
    ),
    Sample(
        name="runs on Windows",
        spec={"os": {"name": "windows"}, "containers": [container("app", HOST)]},
        is_injected=False,
    ),
    Sample(
        name="the variable twice, of which the last counts",
        spec={"containers": [container("app", variable("OP_CONNECT_HOST", "http://old:8080"), OTHER, HOST)]},
        rewritten=frozenset({"app"}),
    ),
)
