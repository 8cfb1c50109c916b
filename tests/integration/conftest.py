"""Whatever integration tests do: no secret that went through a sidecar is in anything that it says of itself."""

import os

import pytest

from proxy.adapters.logs import log as log_adapter
from tests.support.overheard import OVERHEARD
from tests.support.told_lines import ToldLines

OVERHEARD.listen()


@pytest.fixture(scope="session", autouse=True)
def nothing_secret_is_said():
    """Judge the whole run at its end."""
    yield
    leaks = list(OVERHEARD.leaks())
    assert not leaks, "\n".join(leaks[:20])


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Lines of sidecars that are made in this process from here on."""
    file = tmp_path / "told.jsonl"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    monkeypatch.setattr(log_adapter, "standard_error", lambda: descriptor)
    yield ToldLines(file)
    os.close(descriptor)
