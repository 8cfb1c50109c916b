"""The embedded Connect server as `demo` and `emulate` start it: a taken port names its option, a token is made."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from proxy.commands.errors import CommandError

try:
    from proxy.emulator import READ_WRITE, Emulator, EmulatorSettings, SampleData
except ModuleNotFoundError as error:
    raise CommandError(
        f"needs {error.name}, which comes with the extra `demo` of the package; the container image is without it"
    ) from error


@asynccontextmanager
async def embedded_server(settings: EmulatorSettings, *, setting: str) -> AsyncIterator[Emulator]:
    """Run an embedded server. Raises CommandError that names `setting` if its port can't be had."""
    emulator = Emulator(settings)
    try:
        await emulator.start()
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise CommandError(
            f"{setting}: the embedded Connect server can't listen on {where}: {error.strerror or 'in use'}"
        ) from error
    try:
        yield emulator
    finally:
        await emulator.stop()


def sample_token(emulator: Emulator, sample: SampleData) -> str:
    """Return a token that reads and writes all sample vaults."""
    return emulator.issue_token("sample", dict.fromkeys(sample.vault_ids, READ_WRITE))
