"""The overview, for someone woken at 3 a.m.: are clients served, by what, how is Connect, and who is hit.

Every number is of the pods chosen above the board.
"""

from dashboards.board import Board
from dashboards.marks import MARKS
from dashboards.overview import answers, connect, now, workloads
from dashboards.pages import about

BOARD = Board(
    uid="connect-sidecar-overview",
    title="connect-sidecar: overview",
    description="Are clients of 1Password Connect served, by what, and how is Connect itself?",
    page=about("overview"),
    marks=MARKS,
    rows=(now.ROW, answers.ROW, connect.ROW, workloads.ROW),
)
