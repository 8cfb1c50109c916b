"""Boards as files: the same bytes for the same code, so that lint can compare and a review shows what changed."""

import json
from collections.abc import Callable, Mapping

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards import detail, overview
from dashboards.board import Board, assemble


def render(board: Board) -> str:
    """Return the JSON that Grafana imports."""
    return json.dumps(assemble(board), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


BOARDS: Mapping[str, Callable[[], str]] = {
    "overview.json": lambda: render(overview.BOARD),
    "detail.json": lambda: render(detail.BOARD),
}
"""Name of a file in rendered/ -> what belongs into it."""
