"""Which targets an unsafe request outdates (RFC 9111 section 4.4)."""

import pytest

from proxy.caching.invalidation import outdated_targets
from tests.unit.caching.messages import head

CASES = [
    # lines, targets besides the request's own, anchor
    ((), (), "the target itself"),
    (("Location: /x",), ("/x",), "a path"),
    (("Content-Location: /x",), ("/x",), "a path"),
    (("Location: /x", "Content-Location: /y"), ("/x", "/y"), "both"),
    (("Location: x",), ("/d/x",), "relative to the target"),
    (("Location: ../x?a=1#f",), ("/x?a=1",), "dots resolved, the fragment dropped"),
    (("Location: ?a=1",), ("/d/t?a=1",), "a query alone"),
    (("Location: http://h/x",), ("/x",), "the client's Host"),
    (("Location: https://H:443/x",), ("/x",), "case and default port; who ends TLS is not known"),
    (("Location: http://h:80/x",), ("/x",), "the default port"),
    (("Location: http://up:8080/x",), ("/x",), "the authority it was sent to"),
    (("Location: //h/x",), ("/x",), "without a scheme"),
    (("Location: http://h",), ("/",), "no path is the root"),
    (("Location: http://h:81/x",), (), "another port"),
    (("Location: http://other/x",), (), "another host: must not"),
    (("Location: //other/x",), (), "another host: must not"),
    (("Location: http://h@other/x",), (), "a user is no host"),
    (("Location: http://u@h/x",), (), "nobody writes that honestly"),
    (("Location: ftp://h/x",), (), "another scheme altogether"),
    (("Location: http://h:x/x",), (), "no port"),
    (("Location: http://[/x",), (), "malformed"),
    (("Location: /d/t",), (), "itself, once"),
]


@pytest.mark.parametrize(("lines", "expected", "anchor"), CASES)
def test_a_write_outdates_its_target_and_what_its_answer_names_of_the_same_origin(lines, expected, anchor):
    targets = outdated_targets("/d/t", ("h", "up:8080"), head(*lines, status=201))
    assert targets == ("/d/t", *expected), anchor


def test_without_a_host_only_relative_references_count():
    assert outdated_targets("/t", ("", ""), head("Location: http://h/x", "Content-Location: /y")) == (
        "/t",
        "/y",
    )
