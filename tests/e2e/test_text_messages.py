"""Cognito's own codes: encrypted by Cognito, decrypted and queued by one function, sent once by another."""

import random

import pytest

pytestmark = pytest.mark.backends("embedded")


def test_code_of_a_sign_up_is_sent_once_by_the_sender(phone_client, localaws, eventually):
    number = f"+1628{random.randrange(220, 300)}{random.randrange(1000, 10_000)}"

    def read_texts():
        return [message.text for message in localaws.sms_messages(number)]

    user = phone_client.sign_up(number)
    texts = eventually("the text message", read_texts)

    [text] = texts
    code = text.partition(" ")[0]
    assert text == f"{code} is your code."
    phone_client.confirm(user, code)
    assert phone_client.sign_in(user)["AccessToken"]
    assert texts == read_texts()
