"""docs/configuration.md and the settings tree say the same, both ways."""

import re
from pathlib import Path

import pytest

from proxy.commands import healthcheck
from proxy.config import ObserveSettings
from proxy.config.keys import keys
from proxy.config.reference import render

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"
UNITLESS = {
    "listen",
    "socket",
    "token_file",
    "url",
    "more_urls",
    "headless",
    "ca_file",
    "names",
    "named",
    "placeholder",
    "uids",
    "certificates",
    "allow_loopback",
    "output",
    "file",
    "keep_files",
    "on_failure",
    "vaults",
    "methods",
    "generation",
    "unknown_keys",
    "allow",
    "deny",
    "level",
    "format",
    "profile",
    "mode",
    "stale_instead_of_429",
    "trust_content_version",
    "socket_mode",
    "socket_owner",
    "socket_group",
    "socket_uids",
    "tls_client_certificates",
    "required_field",
    "express_lane",
    "known_hits",
    "express_lane_ignored_fields",
    "max_fields",
}


def rows_of(page):
    """Return variable -> cells of every row of every table."""
    rows = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.splitlines()
        if line.startswith("| `")
    )
    return {cells[-1].strip("`"): cells for cells in rows}


def test_the_page_is_as_the_code_renders_it():
    assert PAGE.read_text() == render(), "run `make docs`"


def test_every_setting_is_on_the_page_and_nothing_else_is():
    assert rows_of(PAGE.read_text()).keys() == {key.variable for key in keys()}


@pytest.mark.parametrize("key", list(keys()), ids=lambda key: key.path)
def test_a_setting_has_its_unit_its_default_and_a_reason(key):
    name, default, _, reason, _ = rows_of(PAGE.read_text())[key.variable]
    assert name == f"`{key.name}`"
    assert default
    assert len(reason) > 20
    assert re.fullmatch(r"CONNECT_SIDECAR(__[A-Z0-9_]+){1,2}", key.variable)
    has_unit = key.name.endswith(
        (
            "_seconds",
            "_bytes",
            "_connections",
            "_concurrency",
            "_attempts",
            "_failures",
            "_per_second",
            "_burst",
            "_file",
            "_slots",
            "_requests",
            "_ratio",
        )
    )
    assert has_unit or key.name in UNITLESS or key.name in {"unverified_tokens", "one_time_passwords"}


def test_healthcheck_knows_the_default_of_the_one_setting_it_reads():
    (default,) = ObserveSettings().listen
    assert str(default) == healthcheck.DEFAULT_ADDRESS
    assert healthcheck.VARIABLE in {key.variable for key in keys()}
