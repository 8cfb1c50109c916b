"""What parsers are fed: any text, any octets, and good samples that were cut, doubled, spliced and overwritten.

Beside the drawn inputs stands a battery that is the same in every run: each piece of noise in each place of each
sample where a word begins. What once broke a parser is found there without luck.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

NOISE = [
    *(
        b"",
        b"\0",
        b"\r",
        b"\n",
        b"\r\n",
        b" ",
        b"\t",
        b'"',
        b"\\",
        b"%",
        b"%00",
        b"%zz",
        b"\xff",
        b"\xc3\xa9",
    ),
    *(b"{", b"}", b"[", b"]", b":", b",", b";", b"=", b"/", b"//", b"#", b"?", b"&", b"@", b".", b"-", b"+"),
    *(
        b"0",
        b"9" * 30,
        b"9" * 5000,
        b"1e999",
        b"-1",
        b"null",
        b"true",
        b"NaN",
        b"Infinity",
        b"\\ud800",
        b"\\u0000",
    ),
    *(b"[" * 3000, b'{"a":' * 3000, b"http://[", b"\xed\xa0\x80", b"\xd9\xa3", "²".encode(), b"\xe2\x80\xa8"),
]
"""Pieces that parsers have choked on somewhere: escapes, deep nesting, long numbers, other digits, surrogates."""

PLACE = st.integers(0, 999).map(lambda thousandths: thousandths / 1000)
"""A place in a sample, by its part of the length: evenly drawn, as floats are not."""

_WORD = re.compile(rb"[0-9A-Za-z_.]+|\"|[\[{]")
_MOST_PLACES = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Inputs to draw from, and those that are always tried."""

    drawn: st.SearchStrategy[Any]
    battery: tuple[Any, ...]


def octets(*samples: bytes) -> Inputs:
    """Return any octets, most of them near one of the samples."""
    near = mutated(samples)
    return Inputs(drawn=st.one_of(near, near, st.binary(max_size=80)), battery=tuple(_battery(samples)))


def text(*samples: str) -> Inputs:
    """Return any text, most of it near one of the samples; undecodable octets stand as surrogates, as in fields."""
    return _decoded(samples, lambda made: made.decode("utf-8", "surrogateescape"))


def field_value(*samples: str) -> Inputs:
    """Return text that can stand in a field: what a line can't hold never gets past the server."""
    return _decoded(samples, _as_value)


def _as_value(made: bytes) -> str:
    return re.sub(rb"[\r\n\0]", b"", made).decode("utf-8", "surrogateescape").strip(" \t")


def _decoded(samples: tuple[str, ...], decode: Callable[[bytes], str]) -> Inputs:
    encoded = tuple(sample.encode() for sample in samples)
    near = mutated(encoded).map(decode)
    anything = st.text(max_size=80).map(lambda made: decode(made.encode("utf-8", "surrogatepass")))
    return Inputs(
        drawn=st.one_of(near, near, anything), battery=tuple(decode(made) for made in _battery(encoded))
    )


def _battery(samples: tuple[bytes, ...]) -> Iterator[bytes]:
    yield from NOISE
    for sample in samples:
        words = list(_WORD.finditer(sample))
        for word in words[:: len(words) // _MOST_PLACES + 1]:
            for piece in NOISE:
                yield sample[: word.start()] + piece + sample[word.end() :]
                yield sample[: word.start()] + piece + sample[word.start() :]


def mutated(samples: tuple[bytes, ...], noise: Sequence[bytes] = NOISE) -> st.SearchStrategy[bytes]:
    """Return samples, each after some edits: a piece taken out, doubled, overwritten, or put in from elsewhere."""
    pieces = st.one_of(st.sampled_from(noise), st.binary(max_size=8), st.sampled_from(samples))
    edit = st.tuples(PLACE, st.integers(0, 12), st.sampled_from(["out", "double", "over", "in"]), pieces)
    return st.builds(_edited, st.sampled_from(samples), st.lists(edit, max_size=4))


def _edited(sample: bytes, edits: list[tuple[float, int, str, bytes]]) -> bytes:
    for place, length, kind, piece in edits:
        start = int(place * len(sample))
        taken = sample[start : start + length]
        middle = {"out": b"", "double": taken * 2, "over": piece, "in": piece + taken}[kind]
        sample = sample[:start] + middle + sample[start + length :]
    return sample
