"""Whatever integration tests do: no secret that went through a sidecar is in anything that it says of itself."""

import pytest

from tests.support.overheard import OVERHEARD

OVERHEARD.listen()


@pytest.fixture(scope="session", autouse=True)
def nothing_secret_is_said():
    """Judge the whole run at its end."""
    yield
    leaks = list(OVERHEARD.leaks())
    assert not leaks, "\n".join(leaks[:20])
