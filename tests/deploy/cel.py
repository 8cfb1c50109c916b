"""`python cel.py`, with the deploy environment's python: what a MutatingAdmissionPolicy makes of pods.

Standard input: {"policy": ..., "pods": [...]}. Output: a JSON list with the patches for each pod; null where a
condition does not hold. The language is cel-python's; what Kubernetes adds to it and the chart uses is here: types that
are written `Object.spec.x{...}` and `JSONPatch{...}`, and the functions of its list library.
"""

import json
import re
import sys

import celpy
from celpy import celtypes

TYPES = re.compile(r"\b(Object(?:\.\w+)*|JSONPatch)\{")


class Written(celtypes.MapType):
    """An object that was written with its type; what comes out is checked as a pod, so its type need not be."""


def index_of(values, wanted):
    return celtypes.IntType(next((number for number, value in enumerate(values) if value == wanted), -1))


def last_index_of(values, wanted):
    return celtypes.IntType(
        max((number for number, value in enumerate(values) if value == wanted), default=-1)
    )


def evaluated(expression, pod):
    """Return the value of an expression, as JSON would have it. Raises CELEvalError."""
    types = {name: name.replace(".", "_") for name in TYPES.findall(expression)}
    flat = TYPES.sub(
        lambda found: types[found[1]] + "{", expression
    )  # cel-python takes no dots in a type's name
    environment = celpy.Environment(annotations=dict.fromkeys(types.values(), Written))
    functions = {"indexOf": index_of, "lastIndexOf": last_index_of}
    program = environment.program(environment.compile(flat), functions=functions)
    return as_json(program.evaluate({"object": celpy.json_to_cel(pod)}))


def as_json(value):
    """Return a value of the language as JSON has it; its truth values are numbers in Python, its errors values."""
    match value:
        case celtypes.BoolType() | bool():
            return bool(value)
        case dict():
            return {str(name): as_json(inner) for name, inner in value.items()}
        case list():
            return [as_json(inner) for inner in value]
        case int():
            return int(value)
        case str():
            return str(value)
        case Exception():
            raise value
        case _:
            raise TypeError(type(value))


def patches(policy, pod):
    """Return the patches for one pod, or None."""
    if not all(evaluated(condition["expression"], pod) for condition in policy["spec"]["matchConditions"]):
        return None
    (mutation,) = policy["spec"]["mutations"]
    return evaluated(mutation["jsonPatch"]["expression"], pod)


if __name__ == "__main__":
    given = json.load(sys.stdin)
    json.dump([patches(given["policy"], pod) for pod in given["pods"]], sys.stdout)
