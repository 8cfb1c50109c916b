"""`emulate`: the embedded Connect server alone, with sample vaults and a token, until a signal ends it."""

import argparse
import asyncio
import signal
import sys

from proxy.commands.embedded import embedded_server, sample_token
from proxy.commands.exit_codes import OK
from proxy.emulator import Emulator, EmulatorSettings, SampleData


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT. Raises CommandError for a port in use."""
    settings = EmulatorSettings(
        host=options.host,
        port=options.port,
        control_port=options.control_port,
        sync_delay_seconds=options.sync_delay_seconds,
    )
    asyncio.run(_serve(settings))
    return OK


async def _serve(settings: EmulatorSettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with embedded_server(settings, setting="--port") as emulator:
        sample = emulator.sample_data()
        print(_introduction(emulator, sample), flush=True)
        await stop.wait()
    print("stopped", file=sys.stderr)


def _introduction(emulator: Emulator, sample: SampleData) -> str:
    control = f"control port    {emulator.control_url}\n" if emulator.control_url else ""
    return f"""\
An embedded 1Password Connect server with sample vaults. Nothing in it is a real secret; Ctrl-C stops it.

{control}a vault         {sample.demo.id}
an item         {sample.login.id}

export OP_CONNECT_HOST={emulator.url}
export OP_CONNECT_TOKEN={sample_token(emulator, sample)}"""
