"""`python kyverno.py`, with the deploy environment's python: the pods that a ClusterPolicy's mutations make.

Standard input: {"policy": ..., "pods": [...], "failing": [names of rules]}. Output: a JSON list of pods. There is no
Kyverno to be had without a cluster, so this is what its documentation says of the parts that the chart uses, no more:
rules in order, each on what the last one left; a rule that fails changes nothing; variables are JMESPath; `foreach`
within `foreach`; RFC 6902 patches that add and replace; and a strategic merge that adds to a list by name.
"""

import copy
import json
import re
import sys

import jmespath
import yaml

VARIABLE = re.compile(r"\{\{\s*(.*?)\s*\}\}")


def looked_up(expression, context):
    return jmespath.search(expression, context)


def substituted(value, context):
    """Return a value with its variables replaced; one that stands alone keeps its type."""
    if isinstance(value, dict):
        return {key: substituted(inner, context) for key, inner in value.items()}
    if isinstance(value, list):
        return [substituted(inner, context) for inner in value]
    if not isinstance(value, str):
        return value
    if alone := VARIABLE.fullmatch(value):
        return looked_up(alone[1], context)
    return VARIABLE.sub(lambda found: str(looked_up(found[1], context)), value)


def as_list(value):
    return value if isinstance(value, list) else [value]


OPERATORS = {
    "Equals": lambda key, value: key == value,
    "NotEquals": lambda key, value: key != value,
    "GreaterThan": lambda key, value: key > value,
    "AnyIn": lambda key, value: any(one in as_list(value) for one in as_list(key)),
    "AllNotIn": lambda key, value: all(one not in as_list(value) for one in as_list(key)),
}


def hold(preconditions, context):
    return all(
        OPERATORS[one["operator"]](substituted(one["key"], context), substituted(one["value"], context))
        for one in preconditions.get("all", [])
    )


def matches(rule, pod):
    (resource,) = (one["resources"] for one in rule["match"]["any"])
    wanted = resource["selector"]["matchLabels"]
    return wanted.items() <= pod["metadata"].get("labels", {}).items()


def patched(pod, patch):
    """Apply one RFC 6902 operation in place."""
    *way, last = patch["path"].strip("/").split("/")
    place = pod
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place[step]
    if isinstance(place, dict):
        if patch["op"] == "replace":
            place[last]  # must be there
        place[last] = patch["value"]
    elif patch["op"] == "add":
        place.insert(int(last), patch["value"])
    else:
        place[int(last)] = patch["value"]


def each(loop, pod, context, depth):
    for number, element in enumerate(looked_up(loop["list"], context)):
        inner = {**context, "element": element, f"element{depth}": element}
        inner |= {"elementIndex": number, f"elementIndex{depth}": number}
        if not hold(loop.get("preconditions", {}), inner):
            continue
        for deeper in loop.get("foreach", []):
            each(deeper, pod, inner, depth + 1)
        for patch in substituted(yaml.safe_load(loop.get("patchesJson6902", "[]")), inner):
            patched(pod, patch)


def merged(pod, patch):
    """Add to the lists of a pod's spec, by name: all of a strategic merge that the chart uses."""
    for name, entries in patch["spec"].items():
        there = pod["spec"].setdefault(name, [])
        known = {one["name"] for one in there}
        there += [entry for entry in entries if entry["name"] not in known]


def mutated(policy, pod, failing):
    for rule in policy["spec"]["rules"]:
        context = {"request": {"object": pod}}
        if not matches(rule, pod) or not hold(rule["preconditions"], context) or rule["name"] in failing:
            continue
        pod, mutation = copy.deepcopy(pod), rule["mutate"]
        merged(pod, mutation.get("patchStrategicMerge", {"spec": {}}))
        for patch in yaml.safe_load(mutation.get("patchesJson6902", "[]")):
            patched(pod, patch)
        for loop in mutation.get("foreach", []):
            each(loop, pod, context, 0)
    return pod


if __name__ == "__main__":
    given = json.load(sys.stdin)
    json.dump([mutated(given["policy"], pod, given["failing"]) for pod in given["pods"]], sys.stdout)
