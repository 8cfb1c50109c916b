"""Where strings stand in a JSON document (RFC 8259): every string with its path, its value and its span of octets.

msgspec, which reads everything else, tells no offsets, and a body in which one string changes must stay what it was
in every other octet. Stricter than JSON: what readers may understand differently (a key twice, an escape in a key)
is refused, and so is nesting beyond a bound. It must not know what any key means.
"""

import json
import re
from dataclasses import dataclass, field

MOST_NESTED = 32

Path = tuple[str | int, ...]

_SPACE = re.compile(rb"[ \t\n\r]*+")
_STRING = re.compile(rb'"[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+"')
_OTHER = re.compile(rb"true|false|null|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")


class UnscannableError(ValueError):
    """Not JSON, or JSON that not every reader understands alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A string: the octets from `start` to `end`, without the quotes, stand for `value`."""

    value: str = field(repr=False)
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What a document holds: its strings by path, and the paths of all members of all objects."""

    texts: dict[Path, Text] = field(repr=False)
    members: frozenset[Path] = field(repr=False)


def scan(document: bytes) -> Scan:
    """Return where the strings of a document stand. Raises UnscannableError."""
    try:
        document.decode("utf-8")
    except UnicodeDecodeError:
        raise UnscannableError from None  # the error would carry the document
    scanner = _Scanner(document)
    end = scanner.value(scanner.skip(0), ())
    if scanner.skip(end) != len(document):
        raise UnscannableError
    return Scan(texts=scanner.texts, members=frozenset(scanner.members))


class _Scanner:
    """Reads one document. Each method takes the position of a first octet and returns the one after the last."""

    def __init__(self, document: bytes) -> None:
        self._document = document
        self.texts: dict[Path, Text] = {}
        self.members: set[Path] = set()

    def skip(self, position: int) -> int:
        return self._end(_SPACE, position)

    def value(self, position: int, path: Path) -> int:
        if len(path) > MOST_NESTED:
            raise UnscannableError
        match self._document[position : position + 1]:
            case b"{":
                return self._object(position, path)
            case b"[":
                return self._array(position, path)
            case b'"':
                end = self._end(_STRING, position)
                text = Text(value=self._decoded(position, end), start=position + 1, end=end - 1)
                self.texts[path] = text
                return end
            case _:
                return self._end(_OTHER, position)

    def _object(self, position: int, path: Path) -> int:
        position = self.skip(position + 1)
        if self._has(b"}", position):
            return position + 1
        while True:
            position = self.skip(self._member(position, path))
            if not self._has(b",", position):
                return self._past(b"}", position)
            position = self.skip(position + 1)

    def _member(self, position: int, path: Path) -> int:
        end = self._end(_STRING, position)
        member = (*path, self._decoded(position, end))
        if member in self.members or b"\\" in self._document[position:end]:
            raise UnscannableError
        self.members.add(member)
        return self.value(self.skip(self._past(b":", self.skip(end))), member)

    def _array(self, position: int, path: Path) -> int:
        position, index = self.skip(position + 1), 0
        if self._has(b"]", position):
            return position + 1
        while True:
            position = self.skip(self.value(position, (*path, index)))
            if not self._has(b",", position):
                return self._past(b"]", position)
            position, index = self.skip(position + 1), index + 1

    def _decoded(self, start: int, end: int) -> str:
        try:
            return str(json.loads(self._document[start:end]))
        except ValueError:  # an escape that is none
            raise UnscannableError from None

    def _has(self, mark: bytes, position: int) -> bool:
        return self._document.startswith(mark, position)

    def _past(self, mark: bytes, position: int) -> int:
        if not self._has(mark, position):
            raise UnscannableError
        return position + 1

    def _end(self, pattern: re.Pattern[bytes], position: int) -> int:
        match = pattern.match(self._document, position)
        if match is None:
            raise UnscannableError
        return match.end()
