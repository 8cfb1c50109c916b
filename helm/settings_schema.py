"""The part of the chart's schema that follows from the program's settings.

`settings` in values.yaml takes any setting by its own name, unless another value of the chart stands for it, or it is
about what a pod doesn't have.
"""

import msgspec

from proxy.config.keys import Key, keys

JsonSchema = dict[str, object]

ELSEWHERE = frozenset(
    {
        "mode",
        "unknown_keys",
        "server.listen",
        "server.tls_certificate_file",
        "server.tls_key_file",
        "server.tls_client_ca_file",
        "server.tls_client_certificates",
        "server.drain_delay_seconds",
        "server.drain_timeout_seconds",
        "observe.listen",
        "upstream.url",
        "upstream.more_urls",
        "upstream.headless",
        "upstream.ca_file",
        "cache.store_bytes",
        "cache.stale_if_error_seconds",
        "cache.change_check_interval_seconds",
        "cache.generation",
        "flights.buffered_bytes",
        "limits.mode",
        "limits.named",
        "tokens.names",
        "token_injection.token_file",
        "token_injection.placeholder",
        "token_injection.certificates",
        "token_injection.allow_loopback",
        "token_injection.vaults",
        "token_injection.methods",
        "log.level",
        "log.format",
        "audit.output",
        "audit.mode",
        "audit.on_failure",
        "audit.key_file",
    }
)
"""Settings that a value of the chart stands for."""

NOT_IN_A_POD = frozenset(
    {
        "profile",
        "server.socket",
        "server.socket_mode",
        "server.socket_owner",
        "server.socket_group",
        "server.socket_uids",
        "server.required_field_file",
        "token_injection.uids",
        "control.socket",
        "control.listen",
        "control.token_file",
        "audit.file",
        "audit.rotate_bytes",
        "audit.keep_files",
    }
)
"""They need a volume or a user that the chart doesn't give; `extraEnv` and a chart of one's own can."""


def settings_schema() -> JsonSchema:
    """Return the schema of `settings`."""
    found: dict[str, dict[str, object]] = {}
    for key in keys():
        if key.path not in ELSEWHERE | NOT_IN_A_POD:
            found.setdefault(key.section, {})[key.name] = schema_of_setting(key)
    return closed({section: closed(names) for section, names in found.items()})


def named_limits_schema() -> JsonSchema:
    """Return the schema of `limits.named`."""
    (key,) = (key for key in keys() if key.path == "limits.named")
    return schema_of_setting(key)


def schema_of_setting(key: Key) -> JsonSchema:
    """Return what one setting may be, with what is defined elsewhere put in its place."""
    schema = msgspec.json.schema(key.kind)
    definitions = schema.pop("$defs", {})
    inlined = _inlined(schema, definitions)
    if not isinstance(inlined, dict):
        raise TypeError(key.path)
    return inlined


def closed(properties: dict[str, object]) -> JsonSchema:
    """Return the schema of an object with these properties and no others."""
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _inlined(node: object, definitions: dict[str, object]) -> object:
    if isinstance(node, list):
        return [_inlined(entry, definitions) for entry in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(definitions[node["$ref"].rpartition("/")[2]], definitions)
    inlined = {
        key: _inlined(value, definitions) for key, value in node.items() if key not in {"title", "default"}
    }
    if inlined.get("type") == "object" and "properties" in inlined:
        inlined["additionalProperties"] = False
    return inlined
