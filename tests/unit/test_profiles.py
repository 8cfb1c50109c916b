"""What the profile is given follows from the settings."""

import pytest

from proxy.config import load
from proxy.profiles import connect_rules


@pytest.mark.parametrize(
    ("store_mebibytes", "most"), [(4, 2048), (16, 2048), (64, 8192), (128, 16_384), (1024, 16_384)]
)
def test_as_much_is_kept_of_requests_as_the_store_is_large(store_mebibytes, most):
    settings = load(
        None,
        {
            "CONNECT_SIDECAR__UPSTREAM__URL": "http://connect:8080",
            "CONNECT_SIDECAR__CACHE__STORE_BYTES": str(store_mebibytes * 2**20),
        },
    )
    assert connect_rules(settings).most_subjects == most
