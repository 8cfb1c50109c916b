"""Content codings (RFC 9110 sections 8.4 and 12.5.3): would this request accept what is encoded like that?

One step more careful than the RFC: without Accept-Encoding it calls any coding acceptable, but who sends none
usually can't decode any, and asking the origin again is always right.
"""

import re

from proxy.semantics.lists import elements, split_list
from proxy.semantics.message import Fields

_ALIASES = {"x-gzip": "gzip", "x-compress": "compress"}
_WEIGHT = re.compile(r"[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.ASCII)


def accepts_codings(request: Fields, response: Fields) -> bool:
    """Tell whether every coding in the response's Content-Encoding is acceptable to the request."""
    codings = {_canonical(name) for name in elements(response, "Content-Encoding")} - {"identity"}
    if not codings:
        return True
    if "Accept-Encoding" not in request:
        return False
    qualities = _qualities(",".join(request.getall("Accept-Encoding")))
    return all(qualities.get(coding, qualities.get("*", 0.0)) > 0 for coding in codings)


def _qualities(value: str) -> dict[str, float]:
    qualities: dict[str, float] = {}
    for element in split_list(value):
        name, *parameters = element.split(";")
        coding = _canonical(name.strip(" \t"))
        quality = _quality(parameters[0]) if parameters else 1.0
        qualities[coding] = min(quality, qualities.get(coding, 1.0))
    return qualities


def _canonical(name: str) -> str:
    lowered = name.lower()
    return _ALIASES.get(lowered, lowered)


def _quality(parameter: str) -> float:
    """Return a weight; what isn't one is a refusal, since a wrong guess can't be decoded."""
    match = _WEIGHT.fullmatch(parameter.strip(" \t"))
    return 0.0 if match is None else float(match[1])
