"""JSON and timestamps in the bytes a Go server writes.

Compact, keys in the order given, non-ASCII as UTF-8, `<`, `>` and `&` escaped as encoding/json does by
default; timestamps in RFC 3339 with up to nine decimals and no trailing zeros. Equal documents give equal
bytes.
"""

import json
import re
from datetime import UTC, datetime
from typing import TypeAlias

from proxy.emulator.clock import NANOSECONDS_PER_SECOND

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
JsonObject: TypeAlias = dict[str, JsonValue]

_GO_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def encode(value: JsonValue) -> bytes:
    """Return `value` as Go's encoding/json would write it."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    # Go replaces what is no Unicode character; escaping is safe because these characters occur in strings
    # only.
    return _LONE_SURROGATE.sub("\ufffd", text).translate(_GO_ESCAPES).encode()


def decode(body: bytes) -> JsonValue:
    """Return the JSON value in `body`. Raises ValueError on anything that RFC 8259 does not allow."""
    try:
        value: JsonValue = json.loads(body.decode(), parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value


def timestamp(nanoseconds: int) -> str:
    """Return Unix time as Connect writes it, e.g. `2021-04-10T17:20:05.98944527Z`."""
    seconds, fraction = divmod(nanoseconds, NANOSECONDS_PER_SECOND)
    moment = datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S")
    decimals = f"{fraction:09d}".rstrip("0")
    return f"{moment}.{decimals}Z" if decimals else f"{moment}Z"


def _refuse_constant(name: str) -> JsonValue:
    raise ValueError(f"{name} is not JSON")
