import json

import pytest

from proxy.connect.error_response import STATUS_OF, Message, error_body

MATCHED_BY_CLIENTS = {
    "409": 409,
    "conflict": 409,
    "404": 404,
    "not found": 404,
    "condition not met": 412,
    "500": 500,
    "something went wrong": 500,
    "status 403: authorization": 403,
}


@pytest.mark.parametrize("message", Message)
def test_a_message_has_no_word_that_clients_take_for_another_error(message):
    text, own = message.lower(), STATUS_OF[message]
    words = [word for word, status in MATCHED_BY_CLIENTS.items() if word in text and status != own]

    assert words == []


def test_every_message_goes_with_one_status():
    assert set(STATUS_OF) == set(Message)
    assert all(400 <= status < 600 for status in STATUS_OF.values())
    assert len({message.value for message in Message}) == len(Message)


@pytest.mark.parametrize("message", Message)
def test_a_body_is_compact_json_in_the_shape_of_connect(message):
    body = error_body(STATUS_OF[message], message)

    assert json.loads(body) == {"status": STATUS_OF[message], "message": message.value}
    assert body.startswith(b'{"status":')
