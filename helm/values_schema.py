"""values.schema.json: types from the defaults, texts from the comments, and what is narrower than a type, from here.

No object takes a key that isn't known, so that a mistyped one is refused; where Kubernetes' own structures are passed
on, as in `affinity`, Kubernetes judges them.
"""

from collections.abc import Mapping, Sequence

from helm.settings_schema import JsonSchema, closed, named_limits_schema, settings_schema
from helm.values import Value

_ORIGIN = r"^https?://[A-Za-z0-9.\[\]:_-]+/?$"
_NAME = r"^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)?$"
_DURATION = r"^[0-9]+(ms|s|m|h)$"
_TEXTS: JsonSchema = {"type": "object", "additionalProperties": {"type": "string"}}
_FREE: JsonSchema = {"type": "object"}
_PORT: JsonSchema = {"type": "integer", "minimum": 1024, "maximum": 65535}
_SECONDS: JsonSchema = {"type": "number", "minimum": 0}
_SELECTOR = closed(
    {"matchLabels": _TEXTS, "matchExpressions": {"type": "array", "items": {"type": "object"}}}
)
_PEERS: JsonSchema = {
    "type": "array",
    "items": closed({"podSelector": _SELECTOR, "namespaceSelector": _SELECTOR, "ipBlock": _FREE}),
}
_QUANTITIES: JsonSchema = {"type": "object", "additionalProperties": {"type": ["string", "number"]}}


def _one_of(*words: str) -> JsonSchema:
    return {"enum": list(words)}


def _list_of(schema: JsonSchema) -> JsonSchema:
    return {"type": "array", "items": schema}


_NARROWER: Mapping[str, JsonSchema] = {
    "topology": _one_of("standalone", "sidecar"),
    "mode": _one_of("passthrough", "observe", "cache"),
    "unknownKeys": _one_of("error", "warn"),
    "image.repository": {"type": "string", "minLength": 1, "pattern": "^[^@ ]+$"},
    "image.digest": {"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"},
    "image.pullPolicy": _one_of("Always", "IfNotPresent", "Never"),
    "imagePullSecrets": _list_of(closed({"name": {"type": "string", "minLength": 1}})),
    "upstream.url": {"type": "string", "pattern": _ORIGIN},
    "upstream.moreUrls": _list_of({"type": "string", "pattern": _ORIGIN}),
    "upstream.caSecret": {"type": "string", "pattern": _NAME},
    "cache.storeBytes": {"type": "integer", "minimum": 1048576},
    "cache.bufferedBytes": {"type": "integer", "minimum": 1048576},
    "cache.staleIfErrorSeconds": _SECONDS,
    "cache.changeCheckIntervalSeconds": {"type": ["number", "null"], "minimum": 0},
    "cache.generation": {"type": "integer", "minimum": 0},
    "limits.mode": _one_of("off", "shadow", "enforce"),
    "limits.named": named_limits_schema(),
    "tokens.names": {
        "type": "object",
        "propertyNames": {"pattern": "^[^.]+$"},  # a jti has no dots, a token has two
        "additionalProperties": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    },
    "tokenInjection.existingSecret": {"type": "string", "pattern": _NAME},
    "tokenInjection.placeholder": {"type": "string", "pattern": "^[A-Za-z0-9._~+/-]*$"},
    "tokenInjection.certificates": _list_of({"type": "string", "pattern": "^[0-9a-f]{64}$"}),
    "tokenInjection.vaults": _list_of({"type": "string", "pattern": r"^(\*|[a-z0-9]{26})$"}),
    "tokenInjection.methods": _list_of(_one_of("GET", "POST", "PUT", "PATCH", "DELETE")),
    "audit.output": _one_of("stdout", "off"),
    "audit.mode": _one_of("aggregate", "strict"),
    "audit.onFailure": _one_of("serve", "refuse"),
    "audit.keySecret": {"type": "string", "pattern": _NAME},
    "log.level": _one_of("debug", "info", "warning", "error"),
    "log.format": _one_of("json", "console"),
    "settings": settings_schema(),
    "ports.traffic": _PORT,
    "ports.observe": _PORT,
    "ports.service": {**_PORT, "minimum": 1},
    "tls.secret": {"type": "string", "pattern": _NAME},
    "tls.clientCaSecret": {"type": "string", "pattern": _NAME},
    "tls.clientCertificates": _one_of("none", "optional", "required"),
    "drain.delaySeconds": _SECONDS,
    "drain.timeoutSeconds": {"type": "number", "exclusiveMinimum": 0},
    "replicas": {"type": "integer", "minimum": 0},
    "resources": closed({"requests": _QUANTITIES, "limits": _QUANTITIES}),
    "extraEnv": _list_of(
        {
            **closed(
                {"name": {"type": "string", "minLength": 1}, "value": {"type": "string"}, "valueFrom": _FREE}
            ),
            "required": ["name"],
        }
    ),
    "otlp.endpoint": {"type": "string", "pattern": "^(https?://[^ ]+)?$"},
    "runAsUser": {"type": ["integer", "null"], "minimum": 1},
    "podLabels": _TEXTS,
    "podAnnotations": _TEXTS,
    "topologySpreadConstraints": _list_of(_FREE),
    "nodeSelector": _TEXTS,
    "tolerations": _list_of(_FREE),
    "affinity": _FREE,
    "serviceAccount.annotations": _TEXTS,
    "service.type": _one_of("ClusterIP", "NodePort", "LoadBalancer"),
    "service.annotations": _TEXTS,
    "podDisruptionBudget.maxUnavailable": {
        "type": ["integer", "string"],
        "minimum": 0,
        "pattern": "^[0-9]+%$",
    },
    "networkPolicy.clients": _PEERS,
    "networkPolicy.monitoring": _PEERS,
    "networkPolicy.connectPodLabels": _TEXTS,
    "networkPolicy.connectPort": {**_PORT, "minimum": 1},
    "podMonitor.labels": _TEXTS,
    "podMonitor.interval": {"type": "string", "pattern": _DURATION},
    "serviceMonitor.labels": _TEXTS,
    "serviceMonitor.interval": {"type": "string", "pattern": _DURATION},
    "rules.labels": _TEXTS,
    "rules.runbookUrl": {"type": "string", "pattern": "^(https?://[^ #]+)?$"},
    "rules.overrides": {
        "type": "object",
        "additionalProperties": closed(
            {
                "disabled": {"type": "boolean"},
                "for": {"type": "string", "pattern": _DURATION},
                "severity": {"type": "string", "minLength": 1},
                "labels": _TEXTS,
            }
        ),
    },
    "dashboards.labels": _TEXTS,
    "injection.engine": _one_of("mutatingAdmissionPolicy", "kyverno"),
    "injection.namespaceSelector": _SELECTOR,
    "injection.replaceOnly": _list_of({"type": "string", "minLength": 1}),
}


def schema_of(values: Sequence[Value]) -> JsonSchema:
    """Return the schema of all values. Raises ValueError where one needs a line above, or has one in vain."""
    if unknown := set(_NARROWER) - {value.name for value in values}:
        raise ValueError(f"not in values.yaml: {', '.join(sorted(unknown))}")
    root: dict[str, object] = {"global": {"type": "object", "description": "Helm's own; not used here."}}
    for value in values:
        _put(root, value.path, {"description": value.text, **_schema_of_value(value)})
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Values of the chart connect-sidecar",
        **closed(root),
    }


def _put(properties: dict[str, object], path: tuple[str, ...], schema: JsonSchema) -> None:
    for section in path[:-1]:
        inner = properties.setdefault(section, closed({}))
        properties = inner["properties"]  # type: ignore[index]  # all made by closed()
    properties[path[-1]] = schema


def _schema_of_value(value: Value) -> JsonSchema:
    if value.name in _NARROWER:
        return _NARROWER[value.name]
    match value.default:
        case bool():
            return {"type": "boolean"}
        case str():
            return {"type": "string"}
        case _:
            raise ValueError(f"helm/values_schema.py: says nothing about {value.name}")
