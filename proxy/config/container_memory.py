"""How much memory this container may use, as the kernel says it: cgroup v2, else v1.

Only `check-config` and the start ask; a machine without a limit, or without cgroups, has none.
"""

from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_FILES = ("memory.max", "memory/memory.limit_in_bytes")
_MOST_DIGITS = 20
_NO_LIMIT_BYTES = 2**60  # v1 says "unlimited" as a number near 2**63


def memory_limit_bytes(root: Path = _CGROUP) -> int | None:
    """Return the limit in bytes; None where there is none."""
    for name in _FILES:
        try:
            text = (root / name).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if text.isdigit() and len(text) <= _MOST_DIGITS and int(text) < _NO_LIMIT_BYTES:
            return int(text)
        return None
    return None
