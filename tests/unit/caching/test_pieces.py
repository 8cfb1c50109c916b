"""Work in pieces, done by somebody who does nothing in between."""

import pytest

from proxy.caching.pieces import at_once, whole


def counting(most):
    for _ in range(most):
        yield
    return most


def test_all_pieces_are_done_and_the_result_returned():
    assert at_once(counting(3)) == 3
    assert at_once(counting(0)) == 0


def test_what_is_done_already_has_no_pieces():
    assert list(whole("done")) == []
    assert at_once(whole("done")) == "done"


def test_an_error_in_a_piece_is_an_error_of_the_whole():
    def failing():
        yield
        raise LookupError

    with pytest.raises(LookupError):
        at_once(failing())
