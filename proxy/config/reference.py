"""docs/configuration.md, rendered from the tree: every setting with unit, default, range, reason and variable.

`make docs` writes it, a contract test compares. Prose that belongs to no single setting stands here, too.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import get_args

import msgspec

from proxy.config.keys import Key, keys, sections
from proxy.config.live import LIVE
from proxy.config.ranges import KIBIBYTE, MEBIBYTE
from proxy.config.tree import Settings
from proxy.config.values import bare_type

_HEAD = """\
# Configuration

<!-- Rendered by `make docs` from proxy/config; a test compares. Change it there. -->

Nothing needs to be set but where Connect is. Settings come from a TOML file (`connect-sidecar serve --config FILE`) and
from the environment, which wins. `connect-sidecar check-config --config FILE` says everything that is wrong, at once,
and what is allowed but unwise.

- A setting is `section.name` in messages, `name` under `[section]` in the file, and `CONNECT_SIDECAR__SECTION__NAME`
  (two underscores) in the environment. Variables with one underscore, as Kubernetes makes them for a Service, are
  none of ours.
- Values in the environment are written as in TOML without quotes: `30`, `1.5`, `16_777_216`. Lists are separated by
  commas: `127.0.0.1:8180,[::1]:8180`. Tables are pairs: `JTI=name,JTI=name`.
- The unit is the last word of the name. Seconds may have a fraction, bytes are whole numbers.
- A name that doesn't exist is an error, never ignored (`unknown_keys` says otherwise). So are sets that contradict each
  other (below).
- A setting marked *live* takes effect within 5 s of a change of the file (`connect-sidecar reload` and SIGHUP are
  faster), what is stored stays. A file that can't be used changes nothing. The others wait for a restart.
- No setting holds a secret: tokens are the clients' own, the control port's is read from a file, and a URL with
  credentials is refused.

```toml
[upstream]
url = "http://onepassword-connect:8080"

[cache]
store_bytes = 67_108_864
```
"""

_TAIL = """\
## Sets that are refused

- `upstream.url` missing, with a path, a query or credentials, or equal to an address we listen on ourselves.
- `upstream.head_seconds` below `connect_seconds`, `upstream.total_seconds` below `head_seconds`.
- `cache.response_bytes` above `cache.store_bytes` or above `flights.buffered_bytes`.
- Two listeners on one address and port. `control.listen` beyond loopback or without `control.token_file`.
- Files that can't be read; a `control.socket` that is relative or longer than a socket's path may be.

## Sets that are warned about

- `upstream.head_seconds` of 10 or less: Connect holds requests that long during its first sync.
- Freshness longer than `cache.token_verification_seconds`: hits end there.
- `cache.write_fence_seconds` below what Connect usually needs; `server.drain_timeout_seconds` below
  `upstream.total_seconds`, or less than 5 s above `server.drain_neighbour_seconds`.
- A store, or collected bodies, that can't fit the container's memory limit.
- `profile = "http"`; `upstream.ca_file` with a plain http upstream.
"""


def render() -> str:
    """Return the whole page."""
    blocks = [_HEAD, _section("At the top", "Above all sections.", "")]
    blocks += [_section(f"[{name}]", _told(struct), name) for name, struct in sections().items()]
    return "\n".join([*blocks, _TAIL])


def _told(struct: type[msgspec.Struct]) -> str:
    return (struct.__doc__ or "").strip()


def _section(title: str, about: str, section: str) -> str:
    rows = "\n".join(_rows(section))
    head = "| setting | default | may be | why | variable |\n|---|---|---|---|---|"
    return f"## {title}\n\n{about}\n\n{head}\n{rows}\n"


def _rows(section: str) -> Iterator[str]:
    defaults = _defaults(section)
    for key in keys():
        if key.section == section:
            cells = (
                f"`{key.name}`",
                _default(key, defaults),
                _range(key),
                f"{_meta(key).description}{'. *live*' if key.path in LIVE else ''}",
                f"`{key.variable}`",
            )
            yield f"| {' | '.join(cell or '' for cell in cells)} |"


def _defaults(section: str) -> Mapping[str, object]:
    return msgspec.structs.asdict(sections()[section]() if section else Settings())


def _default(key: Key, defaults: Mapping[str, object]) -> str:
    value = defaults[key.name]
    if isinstance(value, tuple):
        return ", ".join(f"`{entry}`" for entry in value) or "none"
    if isinstance(value, int | float):
        return _number(value, key)
    return f"`{value}`" if value else "none"


def _range(key: Key) -> str:
    bare, meta = bare_type(key.kind), _meta(key)
    if isinstance(bare, type) and issubclass(bare, StrEnum):
        return ", ".join(f"`{word}`" for word in bare)
    if meta.gt is not None:
        return f"above {_number(meta.gt, key)}"
    if meta.ge is not None:
        return f"from {_number(meta.ge, key)}"
    return ""


def _number(value: float, key: Key) -> str:
    whole = int(value) if value == int(value) else value
    if key.name.endswith("_seconds"):
        return f"{whole} s"
    if not key.name.endswith("_bytes") or whole < KIBIBYTE:
        return str(whole)
    size = f"{whole // MEBIBYTE} MiB" if whole % MEBIBYTE == 0 else f"{whole // KIBIBYTE} KiB"
    return f"{whole} ({size})"


def _meta(key: Key) -> msgspec.Meta:
    return next(entry for entry in get_args(key.kind) if isinstance(entry, msgspec.Meta))


if __name__ == "__main__":
    print(render(), end="")  # noqa: T201 - this is its output
