"""What `serve` loads, as a closed list: each library and each command that comes in by accident costs every pod.

What it comes to, in MiB and seconds, is measured by `python -m benchmarks.startup` (ADR 27).
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

# What a run has loaded is said at its end; modules that could not be found are not among them.
PROGRAM = (
    "import sys; from proxy.__main__ import main; code = main(['serve']); print(*sys.modules); sys.exit(code)"
)

LIBRARIES = {
    *(
        "aiohttp",
        "aiohappyeyeballs",
        "aiosignal",
        "attr",
        "frozenlist",
        "idna",
        "multidict",
        "propcache",
        "yarl",
    ),
    *("cachetools", "msgspec", "prometheus_client", "typing_extensions", "uvloop"),
}
OF_TRACES = {"certifi", "charset_normalizer", "google", "opentelemetry", "requests", "urllib3"}
OF_CONSOLE_LINES = {"structlog"}

COMMANDS = {
    "proxy.commands",
    *(f"proxy.commands.{name}" for name in ("arguments", "exit_codes", "serve", "startup")),
}
NEVER = (
    *("proxy.doctor", "proxy.emulator", "proxy.config.reference", "proxy.server.control_client"),
    *("aiohttp.web", "aiohttp.web_app", "aiohttp.web_urldispatcher"),
    *("curses", "doctest", "multiprocessing", "pdb", "pydoc", "sqlite3", "unittest", "xml"),
)
"""Nor anything below them."""


async def modules_of_serve(directory: Path, **more: str) -> set[str]:
    """Start `serve`, have it end as soon as it serves, and return the names of the modules that it loaded."""
    settings = {
        "UPSTREAM__URL": "http://127.0.0.1:1",
        "SERVER__LISTEN": "127.0.0.1:0",
        "SERVER__DRAIN_DELAY_SECONDS": "0",
        "OBSERVE__LISTEN": "127.0.0.1:0",
        "CONTROL__SOCKET": str(directory / "control.sock"),
    }
    ours = {f"CONNECT_SIDECAR__{name}": value for name, value in settings.items()}
    others = {
        key: value for key, value in os.environ.items() if not key.startswith(("CONNECT_SIDECAR", "OTEL_"))
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM),
        env={**others, **ours, **more},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    async with asyncio.timeout(30):
        while b"serving" not in (line := await process.stderr.readline()):
            assert line, "it ended before it served"
        process.terminate()
        said, _ = await process.communicate()
    assert process.returncode == 0
    return set(said.decode().splitlines()[-1].split())  # the audit goes to standard output, too


def libraries_in(modules: set[str]) -> set[str]:
    """Return the packages that are neither Python's nor ours; what Cython and installers put there is none."""
    tops = {name.partition(".")[0].strip("_") for name in modules}
    ours = {"proxy", "main", "mp_main"}
    hooks = {"sitecustomize", "usercustomize", "virtualenv", "distutils_hack"}
    of_cython = {name for name in tops if name.startswith("cython_")}
    editable = {name for name in tops if name.startswith("editable__")}
    python = {name.strip("_") for name in sys.stdlib_module_names}
    return tops - python - ours - hooks - of_cython - editable


VARIANTS: Mapping[str, tuple[Mapping[str, str], set[str]]] = {
    "at rest": ({}, set()),
    "with traces": ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, OF_TRACES),
}


@pytest.mark.parametrize(("environ", "more"), VARIANTS.values(), ids=VARIANTS)
async def test_serve_loads_no_library_and_no_command_that_it_does_without(tmp_path, environ, more):
    modules = await modules_of_serve(tmp_path, **environ)
    assert libraries_in(modules) - more <= LIBRARIES
    assert {name for name in modules if name.startswith("proxy.commands")} == COMMANDS
    assert [
        name for name in modules if name.startswith(tuple(f"{never}." for never in NEVER)) or name in NEVER
    ] == []
    assert ("proxy.adapters.tracing" in modules) == bool(more)


async def test_console_lines_alone_load_structlog(tmp_path):
    modules = await modules_of_serve(tmp_path, CONNECT_SIDECAR__LOG__FORMAT="console")
    assert libraries_in(modules) - LIBRARIES >= OF_CONSOLE_LINES
