"""Where everything of a run lies: memory, so that no peer waits for a disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_TMPFS = Path("/dev/shm")


@contextmanager
def tmpfs_directory() -> Iterator[Path]:
    """Make a directory for the length of the block; peers that change their user get in."""
    with TemporaryDirectory(prefix="bench-", dir=_TMPFS) as name:
        directory = Path(name)
        directory.chmod(0o755)
        yield directory


def directory_bytes(name: str) -> int:
    """Return what its files take: a cache that lies here is memory, too."""
    return sum(path.lstat().st_blocks * 512 for path in Path(name).rglob("*") if path.is_file())
