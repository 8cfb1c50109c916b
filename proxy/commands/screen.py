"""Lines of styled text cut to a terminal's size; bars and sparklines. Knows nothing of what they are about."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

_RESET = "\x1b[0m"
_BLOCKS = " ▁▂▃▄▅▆▇█"
_PLAIN_BLOCKS = " .:-=+*#@"


class Style(Enum):
    """How a piece of text stands out; the value is for the terminal."""

    PLAIN = ""
    QUIET = "\x1b[2m"
    STRONG = "\x1b[1m"
    GOOD = "\x1b[1;30;42m"
    DOUBTFUL = "\x1b[1;30;43m"
    BAD = "\x1b[1;37;41m"
    WARNING = "\x1b[33m"
    ALARM = "\x1b[1;31m"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text in one style."""

    text: str
    style: Style = Style.PLAIN


Line = Sequence[Span]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """What a terminal can show."""

    has_colours: bool
    has_blocks: bool


def render(lines: Sequence[Line], looks: Looks, width: int, height: int) -> list[str]:
    """Return what to write: never wider nor higher than there is room."""
    return [_line(spans, looks, width) for spans in lines[:height]]


def length(line: Line) -> int:
    """Return how many columns a line takes."""
    return sum(len(span.text) for span in line)


def padded(line: Line, width: int) -> list[Span]:
    """Return a line that is exactly so wide."""
    kept, left = [], width
    for span in line:
        kept.append(Span(span.text[:left], span.style))
        left -= len(kept[-1].text)
    return [*kept, Span(" " * left)]


def sparkline(counts: Sequence[int], columns: int, looks: Looks) -> str:
    """Return the latest counts, a column each, drawn to the highest of them; anything above zero shows."""
    shown = counts[-columns:] if columns > 0 else ()
    most, blocks = max(shown, default=0), _blocks(looks)
    top = len(blocks) - 1
    return "".join(blocks[-(-count * top // most) if most else 0] for count in shown)


def bar(share: float, columns: int, looks: Looks) -> str:
    """Return a bar that is filled so far."""
    filled = round(max(0.0, min(1.0, share)) * columns)
    full, empty = ("█", "░") if looks.has_blocks else ("#", ".")
    return full * filled + empty * (columns - filled)


def _blocks(looks: Looks) -> str:
    return _BLOCKS if looks.has_blocks else _PLAIN_BLOCKS


def _line(spans: Line, looks: Looks, width: int) -> str:
    written, left = [], width
    for span in spans:
        text = _printable(span.text, looks)[:left]
        left -= len(text)
        is_styled = looks.has_colours and span.style is not Style.PLAIN and text
        written.append(f"{span.style.value}{text}{_RESET}" if is_styled else text)
    return "".join(written).rstrip(" ") if not looks.has_colours else "".join(written)


def _printable(text: str, looks: Looks) -> str:
    """Leave out what could move the cursor, or could not be written."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in text)
    return shown if looks.has_blocks else shown.encode("ascii", "replace").decode()
