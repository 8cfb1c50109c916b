"""`demo`: the sidecar in front of an embedded Connect server, and lines to paste that show what it does.

With OP_CONNECT_HOST set it serves that server instead. Everything runs in one process; logs are for people, and
stopping doesn't wait for load balancers that aren't there.
"""

import argparse
import functools
import os

import uvloop

from proxy.assembly import Running
from proxy.assembly import run as run_service
from proxy.commands import demo_text
from proxy.commands.embedded import embedded_server, sample_token
from proxy.commands.exit_codes import OK
from proxy.commands.startup import warn_about
from proxy.config import UPSTREAM_VARIABLE, Settings, load, load_all
from proxy.emulator import EmulatorSettings

_DEFAULTS = {
    "CONNECT_SIDECAR__SERVER__DRAIN_DELAY_SECONDS": "0",
    "CONNECT_SIDECAR__SERVER__DRAIN_NEIGHBOUR_SECONDS": "0",
    "CONNECT_SIDECAR__LOG__FORMAT": "console",
    "CONNECT_SIDECAR__AUDIT__OUTPUT": "off",  # standard output is for lines to paste
}
_EMBEDDED_DEFAULTS = {
    # Right after a start, and after a write, nothing stays fresh: who tries things by hand would see misses only.
    "CONNECT_SIDECAR__CACHE__WRITE_FENCE_SECONDS": "3",
}
_URL_VARIABLE = "CONNECT_SIDECAR__UPSTREAM__URL"
_SYNC_DELAY_SECONDS = 1.0  # as Connect: what was written shows a little later


def run(options: argparse.Namespace) -> int:
    """Show the sidecar until SIGTERM or SIGINT. Raises ConfigError, ListenError, CommandError."""
    environ = {**_DEFAULTS, **os.environ}
    if environ.get(UPSTREAM_VARIABLE) or environ.get(_URL_VARIABLE):
        loaded = load_all(None, environ)
        settings = loaded.settings
        warn_about(loaded)
        uvloop.run(
            run_service(
                settings,
                on_ready=lambda running: _show(demo_text.in_front_of(settings.upstream.url, running)),
            )
        )
        return OK
    environ = {**_EMBEDDED_DEFAULTS, **environ, UPSTREAM_VARIABLE: f"http://127.0.0.1:{options.connect_port}"}
    uvloop.run(_with_embedded(load(None, environ), options.connect_port))
    return OK


async def _with_embedded(settings: Settings, port: int) -> None:
    connect = EmulatorSettings(port=port, sync_delay_seconds=_SYNC_DELAY_SECONDS)
    async with embedded_server(connect, setting="--connect-port") as emulator:
        sample = emulator.sample_data()
        shown = functools.partial(
            demo_text.embedded,
            connect_url=emulator.url,
            token=sample_token(emulator, sample),
            vault=sample.demo.id,
            item=sample.login.id,
        )

        def on_ready(running: Running) -> None:
            _show(shown(running))

        await run_service(settings, on_ready=on_ready)


def _show(text: str) -> None:
    print(text, flush=True)
