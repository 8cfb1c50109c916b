"""Which fields are kept of a response that is stored: all, but what can be said without them is left blank.

A Date is its receipt's, a Content-Length follows from the body. What is left of an API's fields is the same with all
answers, and kept once for all of them. Blanks keep their place: answers have the order that was received.
"""

from dataclasses import replace
from functools import lru_cache

from multidict import CIMultiDict, CIMultiDictProxy, istr

from proxy.semantics.message import LONGEST_SHARED_VALUE, REPEATING_FIELDS, Fields, Response

_DATE = istr("Date")
_CONTENT_LENGTH = istr("Content-Length")
_BLANK = ""


def blanked(response: Response) -> Response:
    """Return what is kept of a response."""
    fields = CIMultiDict(response.fields)
    if len(fields.getall(_DATE, ())) == 1:
        fields[_DATE] = _BLANK
    if fields.getall(_CONTENT_LENGTH, ()) == [str(len(response.body))]:
        fields[_CONTENT_LENGTH] = _BLANK
    kept = CIMultiDictProxy(fields)
    return replace(response, fields=_shared(tuple(kept.items())) if are_common(kept) else kept)


def filled_in(response: Response, date: str) -> CIMultiDict[str]:
    """Return the fields of such a response with its Date and length, as a new multidict to add to."""
    fields = CIMultiDict(response.fields)
    if fields.get(_DATE) != date:
        fields[_DATE] = date
    if fields.get(_CONTENT_LENGTH) == _BLANK:
        fields[_CONTENT_LENGTH] = str(len(response.body))
    return fields


def whole(response: Response, date: str) -> Response:
    """Return such a response as it was received."""
    return replace(response, fields=CIMultiDictProxy(filled_in(response, date)))


def are_common(fields: Fields) -> bool:
    """Tell whether what is kept of a response's fields is kept once for all that have the same."""
    return all(
        name.lower() in REPEATING_FIELDS and len(value) <= LONGEST_SHARED_VALUE
        for name, value in fields.items()
    )


@lru_cache(maxsize=256)
def _shared(pairs: tuple[tuple[str, str], ...]) -> Fields:
    return CIMultiDictProxy(CIMultiDict(pairs))
