"""The detail board: one row for each part of the sidecar, for whom the overview has sent here."""

from dashboards.board import Board
from dashboards.detail import cache, process, tokens, upstream, writes
from dashboards.marks import MARKS
from dashboards.pages import about

BOARD = Board(
    uid="connect-sidecar-detail",
    title="connect-sidecar: detail",
    description="What the cache, Connect, the tokens, the writes and the sidecar itself are doing.",
    page=about("detail"),
    marks=MARKS,
    rows=(*cache.ROWS, *upstream.ROWS, *tokens.ROWS, *writes.ROWS, *process.ROWS),
)
