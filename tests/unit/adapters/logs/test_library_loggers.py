"""What libraries say becomes lines of closed words: their texts may quote what a client sent."""

import logging
import warnings

import pytest

from tests.support.log_lines import WrittenLog

SECRET = "s3cr3t-value"


@pytest.fixture
def log(tmp_path):
    written = WrittenLog(str(tmp_path / "log"))
    yield written
    written.log.close()


@pytest.mark.parametrize(
    "name", ["aiohttp.server", "asyncio", "py.warnings", "opentelemetry.exporter.otlp.proto.http"]
)
def test_a_librarys_record_is_its_name_place_and_kind_never_its_text(log, name):
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger(name).exception("a request with %s", SECRET)
    (line,) = log.lines()
    assert (line["level"], line["event"], line["library"], line["error"]) == (
        *("error", "library.message", name),
        "ValueError",
    )
    assert line["where"].startswith("test_library_loggers:")
    assert SECRET not in log.text()


def test_only_warnings_and_above_are_passed_on(log):
    logging.getLogger("asyncio").info("Using selector")
    assert log.lines() == []


def test_a_warning_of_the_interpreter_names_the_code_that_warned_and_its_category(log):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = logging._showwarning  # pytest has put its own in that place
        warnings.warn(f"x.py:1: SecretWarning: quoting {SECRET}", ResourceWarning, stacklevel=1)
    (line,) = log.lines()
    assert (line["library"], line["error"]) == ("py.warnings", "ResourceWarning")
    assert line["where"].startswith("test_library_loggers:")
    assert SECRET not in log.text()


@pytest.mark.parametrize(("level", "name"), [(35, "warning"), (99, "critical")])
def test_a_level_of_a_librarys_own_is_the_next_one_below(log, level, name):
    logging.getLogger("aiohttp").log(level, "?")
    assert log.lines()[0]["level"] == name


def test_a_fault_of_our_server_is_a_line_in_its_own_closed_words(log):
    logging.getLogger("proxy.server.http_server").error(
        "server.handler_fault: %s at %s", "KeyError", "x.py:3"
    )
    (line,) = log.lines()
    assert (line["event"], line["fault"]) == ("sidecar.fault", "server.handler_fault: KeyError at x.py:3")


def test_a_library_that_says_the_same_over_and_over_is_bounded(log):
    for _ in range(1000):
        logging.getLogger("asyncio").error("again")
    assert len(log.lines()) == 11
    assert log.lines()[-1]["count"] == 990
