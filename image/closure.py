"""Which files of this machine a Python application needs: the interpreter, the standard library, shared libraries.

Asks the interpreter it runs on where things are and `ldd` what they load, so that the same code serves a Python below
/usr/local or /usr and any processor. Linux with glibc only.
"""

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

# Tests, tools, other package managers (`ensurepip` carries pip) and a desktop.
_NEEDLESS_PACKAGES = frozenset(
    {
        *("__pycache__", "dist-packages", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "site-packages"),
        *("test", "tests", "tkinter", "turtledemo", "venv"),
    }
)
_NEEDLESS_MODULES = frozenset({"antigravity.py", "pydoc.py", "this.py", "turtle.py"})
# Extension modules that drag in libraries for terminals, windows and databases, and those that test Python itself.
_NEEDLESS_EXTENSIONS = re.compile(
    r"(_tkinter|_curses|_curses_panel|_dbm|_gdbm|readline|_sqlite3|_test.*|_ctypes_test|_xx.*|xx.*)\.(.+\.)?so"
)
_NEEDLESS_SUFFIXES = frozenset({".a", ".c", ".h", ".hpp", ".pxd", ".pxi", ".pyc", ".pyi", ".pyx"})
# Loaded by name when a thread is cancelled; no file says that it needs it.
_LOADED_BY_NAME = ("libgcc_s.so.1",)


def interpreter() -> Path:
    """Return the path of the base interpreter, as a virtual environment made by it would name it."""
    return Path(sys._base_executable)  # type: ignore[attr-defined]  # noqa: SLF001 - what the module `venv` uses


def standard_library() -> Iterator[Path]:
    """Yield the files of the standard library that a server may need."""
    for folder in sorted({Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}):
        yield from needed_below(folder)


def needed_below(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder of Python code, without tests, stubs, sources in C and bytecode."""
    for directory, folders, files in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if name not in _NEEDLESS_PACKAGES and not name.startswith("config-")
        )
        for name in sorted(files):
            if not _is_needless(name):
                yield Path(directory, name)


def _is_needless(name: str) -> bool:
    return (
        Path(name).suffix in _NEEDLESS_SUFFIXES
        or name in _NEEDLESS_MODULES
        or bool(_NEEDLESS_EXTENSIONS.fullmatch(name))
    )


def shared_libraries(files: Iterable[Path]) -> set[Path]:
    """Return what the programs and extension modules among `files` load. Raises RuntimeError if one is missing."""
    loading = [file for file in files if _is_elf(file)]
    found: set[Path] = set()
    for file in loading:
        told = subprocess.run(["ldd", file], capture_output=True, text=True, check=False).stdout  # noqa: S603, S607
        if "not found" in told:
            raise RuntimeError(f"{file} needs what is not here:\n{told}")
        found.update(Path(os.path.normpath(path)) for path in re.findall(r"(/\S+) \(0x", told))
    beside_libc = next(path.parent for path in found if path.name == "libc.so.6")
    return (found | {beside_libc / name for name in _LOADED_BY_NAME}) - set(loading)


def _is_elf(file: Path) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return opened.read(4) == b"\x7fELF"
