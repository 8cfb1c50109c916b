"""`python custom_resources.py`, with the deploy environment's python: is each of these objects what its CRD allows?

Standard input: a JSON list of objects. Output: a line for each thing wrong. The models are generated from the CRDs of
the Prometheus operator and Kyverno by cloudcoil; they drop what they don't know, so what comes back must be what was
given.
"""

import importlib
import json
import sys

MODELS = {
    "monitoring.coreos.com/v1": "cloudcoil.models.prometheus_operator.v1",
    "kyverno.io/v1": "cloudcoil.models.kyverno.v1",
}


def lost(given: object, kept: object, path: str) -> list[str]:
    """Return where something of `given` is missing or different in `kept`."""
    if isinstance(given, dict) and isinstance(kept, dict):
        return [line for key, value in given.items() for line in lost(value, kept.get(key), f"{path}.{key}")]
    if isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        return [
            line
            for number, pair in enumerate(zip(given, kept, strict=True))
            for line in lost(*pair, f"{path}[{number}]")
        ]
    return [] if given == kept else [f"{path}: is not known there"]


def complaints(document: dict[str, object]) -> list[str]:
    """Return what is wrong with one object."""
    kind = str(document["kind"])
    module = MODELS.get(str(document["apiVersion"]))
    if module is None:
        return [f"{kind}: no model of {document['apiVersion']}"]
    try:
        model = getattr(importlib.import_module(module), kind).model_validate(document)
    except ValueError as error:
        return [f"{kind}: {error}"]
    return lost(document, model.model_dump(by_alias=True, exclude_unset=True, mode="json"), kind)


if __name__ == "__main__":
    for document in json.load(sys.stdin):
        print(*complaints(document), sep="\n", end="")
