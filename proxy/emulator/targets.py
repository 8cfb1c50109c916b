"""Request targets as clients really send them: escapes undecided, slashes trailing, spaces as `+` or `%20`.

Decoding follows Go's net/url, since Connect is a Go program; nothing of aiohttp's or yarl's normalisation
is used.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from proxy.emulator.errors import bad_request

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ABSOLUTE_FORM = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A target in parts. `segments` has neither the leading nor one trailing slash."""

    path: str
    segments: tuple[str, ...]
    query: tuple[tuple[str, str], ...]

    def parameter(self, name: str) -> str | None:
        """Return the first value of a query parameter."""
        return next((value for key, value in self.query if key == name), None)


def parse_target(raw: str) -> Target:
    """Split and decode a target in origin-form or absolute-form.

    Raises ConnectError (400) on a broken escape.
    """
    path, _, query = _ABSOLUTE_FORM.sub("", raw).partition("#")[0].partition("?")
    path = path or "/"
    inner = path.removeprefix("/").removesuffix("/")
    return Target(
        path=path,
        segments=tuple(_decoded(segment) for segment in inner.split("/")) if inner else (),
        query=tuple(_pair(pair) for pair in query.split("&") if pair),
    )


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return _decoded(name.replace("+", " ")), _decoded(value.replace("+", " "))


def _decoded(text: str) -> str:
    if _BROKEN_ESCAPE.search(text):
        raise bad_request("invalid URL escape")
    return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")
