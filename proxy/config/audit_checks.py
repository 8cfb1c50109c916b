"""What takes more than one setting of the section `audit`, or a look at its files, to judge."""

from collections.abc import Callable, Iterator
from pathlib import Path

from proxy.config.audit_settings import AuditMode, AuditOutput, AuditSettings, OnFailure
from proxy.config.tree import Settings

LEAST_KEY_BYTES = 32
MOST_KEY_BYTES = 4096

_Called = Callable[[str], str]


def audit_problems(settings: Settings, called: _Called) -> Iterator[str]:
    """Yield every reason why reads can't be recorded like that."""
    audit = settings.audit
    yield from _without_output(audit, called)
    if audit.output is AuditOutput.FILE and not audit.file:
        yield f"{called('audit.output')}: file needs audit.file"
    if audit.output is not AuditOutput.FILE and audit.file:
        yield f"{called('audit.file')}: has no use without audit.output = file"
    if audit.file:
        yield from _file(audit.file, called("audit.file"))
    if audit.key_file:
        yield from _key_file(audit.key_file, called("audit.key_file"))


def _without_output(audit: AuditSettings, called: _Called) -> Iterator[str]:
    """Yield what somebody relies on who doesn't know that the audit is off."""
    if audit.output is not AuditOutput.OFF:
        return
    if audit.mode is AuditMode.STRICT:
        yield f"{called('audit.mode')}: strict has no use with audit.output = off"
    if audit.on_failure is OnFailure.REFUSE:
        yield f"{called('audit.on_failure')}: refuse has no use with audit.output = off"
    if audit.key_file:
        yield f"{called('audit.key_file')}: has no use with audit.output = off"


def _file(file: str, name: str) -> Iterator[str]:
    path = Path(file)
    try:
        if "\0" in file:
            yield f"{name}: can't be a path"
        elif not path.is_absolute():
            yield f"{name}: must be an absolute path"
        elif not path.parent.is_dir():
            yield f"{name}: {path.parent} is no directory"
        elif path.exists() and not path.is_file():
            yield f"{name}: {file} is no regular file"
    except OSError as error:
        yield f"{name}: {file} can't be written: {error.strerror}"


def _key_file(file: str, name: str) -> Iterator[str]:
    """Yield why a file can't be the key; nothing said of what it holds."""
    try:
        with Path(file).open("rb") as opened:
            length = len(opened.read(MOST_KEY_BYTES + 1))
    except OSError as error:
        yield f"{name}: {file} can't be read: {error.strerror}"
    except ValueError:
        yield f"{name}: can't be a path"
    else:
        if length < LEAST_KEY_BYTES:
            yield f"{name}: {file} holds fewer than {LEAST_KEY_BYTES} bytes"
        elif length > MOST_KEY_BYTES:
            yield f"{name}: {file} holds more than {MOST_KEY_BYTES} bytes"
