"""Content codings (RFC 9110 sections 8.4 and 12.5.3): would this request accept what is encoded like that?"""

from proxy.semantics.lists import elements, split_list
from proxy.semantics.message import Fields

_ALIASES = {"x-gzip": "gzip", "x-compress": "compress"}


def accepts_codings(request: Fields, response: Fields) -> bool:
    """Tell whether every coding in the response's Content-Encoding is acceptable to the request."""
    value = response.get("Content-Encoding")
    if value is None:
        return True
    codings = [_ALIASES.get(name.lower(), name.lower()) for name in elements(response, "Content-Encoding")]
    if not [coding for coding in codings if coding != "identity"]:
        return True
    if "Accept-Encoding" not in request:
        return False
    qualities = _qualities(",".join(request.getall("Accept-Encoding")))
    return all(
        qualities.get(coding, qualities.get("*", 0.0)) > 0 for coding in codings if coding != "identity"
    )


def _qualities(value: str) -> dict[str, float]:
    qualities: dict[str, float] = {}
    for element in split_list(value):
        name, _, weight = element.partition(";")
        coding = name.strip(" \t").lower()
        qualities[_ALIASES.get(coding, coding)] = _quality(weight)
    return qualities


def _quality(weight: str) -> float:
    text = weight.strip(" \t").lower()
    if not text:
        return 1.0
    try:
        return float(text.removeprefix("q="))
    except ValueError:
        return 0.0
