import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from userprofiles.text_messages.code_message import (
    CodeMessage,
    CodeQueue,
    InvalidCodeMessageError,
    Purpose,
    create_message_id,
    parse_message,
)

MESSAGE = CodeMessage("m-1", Purpose.SIGN_IN, "+14155550123", "493817", 1_770_000_000)
BODY = {
    "version": 1,
    "id": "m-1",
    "purpose": "SIGN_IN",
    "phone": "+14155550123",
    "code": "493817",
    "expiresAt": 1_770_000_000,
    "decoy": False,
}


def test_body_has_the_documented_fields(queue):
    CodeQueue(queue, "https://queue").send(MESSAGE)

    assert queue.messages == [("https://queue", BODY)]


@given(
    st.builds(
        CodeMessage,
        id=st.text(min_size=1, max_size=20),
        purpose=st.sampled_from(Purpose),
        phone=st.text(min_size=1, max_size=20),
        code=st.text(min_size=1, max_size=20),
        expires_at=st.integers(),
        is_decoy=st.booleans(),
        locale=st.none() | st.text(max_size=10),
    )
)
def test_message_survives_the_queue(message):
    assert parse_message(message.to_json()) == message


def test_text_of_a_message_contains_neither_phone_nor_code():
    assert repr(MESSAGE) == str(MESSAGE)
    assert MESSAGE.phone not in repr(MESSAGE)
    assert MESSAGE.code not in repr(MESSAGE)


def test_ids_are_random():
    assert len({create_message_id() for _ in range(100)}) == 100
    assert len(create_message_id()) == 22


def test_message_without_the_field_decoy_is_not_sent():
    body = {name: value for name, value in BODY.items() if name != "decoy"}

    assert parse_message(json.dumps(body)).is_decoy


INVALID = [
    None,
    7,
    "",
    "{",
    "[]",
    "[" * 1500,
    json.dumps(BODY | {"version": 2}),
    json.dumps(BODY | {"id": ""}),
    json.dumps(BODY | {"id": "x" * 129}),
    json.dumps(BODY | {"purpose": "CANARY"}),
    json.dumps(BODY | {"purpose": []}),
    json.dumps(BODY | {"phone": 14155550123}),
    json.dumps(BODY | {"code": None}),
    json.dumps(BODY | {"expiresAt": "CANARY"}),
    json.dumps(BODY | {"expiresAt": True}),
    json.dumps(BODY | {"more": "x" * 2000}),
]


@pytest.mark.parametrize("body", INVALID, ids=range(len(INVALID)))
def test_invalid_body_is_rejected_without_a_word_of_it(body):
    with pytest.raises(InvalidCodeMessageError) as error:
        parse_message(body)

    assert "CANARY" not in str(error.value)
    assert error.value.__cause__ is None


def test_long_locale_of_a_user_does_not_lose_the_code():
    message = replace(MESSAGE, locale="x" * 2048)

    assert parse_message(message.to_json()) == replace(message, locale=None)
