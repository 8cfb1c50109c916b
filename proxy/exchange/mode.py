"""How much the sidecar does, switchable while it runs."""

from enum import StrEnum


class Mode(StrEnum):
    """From nothing to everything. Writes outdate what is stored in every mode."""

    PASSTHROUGH = "passthrough"  # the kill switch: forward each request by itself, keep nothing
    OBSERVE = "observe"  # forward each request by itself, and count what the cache would have answered
    CACHE = "cache"
