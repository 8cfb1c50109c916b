"""Colours with a meaning, the same on every panel of every board.

Green is an answer without Connect, blue one by Connect; amber is old or careful, red is an error, purple a limit.
"""

from enum import StrEnum


class Colour(StrEnum):
    """A name of Grafana's palette, by what it says here."""

    GOOD = "green"
    HIT = "semi-dark-green"
    SHARED = "super-light-green"
    CONNECT = "blue"
    CONNECT_LIGHT = "super-light-blue"
    CAUTION = "orange"
    STALE = "dark-yellow"
    BAD = "red"
    CONNECT_ERROR = "super-light-red"
    OUR_ERROR = "dark-red"
    LIMITED = "purple"
    BACKGROUND = "light-purple"
    QUIET = "#8e8e8e"
    COMPARED = "text"  # what everything else on the panel is measured against
