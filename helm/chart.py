"""Where the chart lies, and which of its files are rendered: a contract test compares them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from helm.values import values
from helm.values_schema import schema_of
from helm.values_table import table_of

DIRECTORY = Path(__file__).parent / "connect-sidecar"
_BEGIN, _END = "<!-- values: rendered by `make docs` from values.yaml -->\n", "<!-- end of values -->\n"


def render_schema() -> str:
    """Return values.schema.json."""
    return json.dumps(schema_of(values(DIRECTORY)), indent=2) + "\n"


def render_readme() -> str:
    """Return README.md with the table of values as it should be, and the rest as it is."""
    text = (DIRECTORY / "README.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    after = rest.partition(_END)[2]
    return before + _BEGIN + "\n" + table_of(values(DIRECTORY)) + "\n" + _END + after


RENDERED: Mapping[Path, Callable[[], str]] = {
    DIRECTORY / "values.schema.json": render_schema,
    DIRECTORY / "README.md": render_readme,
}
