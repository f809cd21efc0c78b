"""Cognito's own codes: encrypted by Cognito, decrypted and queued by one function, sent once by another."""

import json

import pytest

pytestmark = [pytest.mark.backends("embedded"), pytest.mark.long]

NUMBER = "+14155550123"


def test_code_of_a_sign_up_is_sent_once_by_the_sender(deploy_dev_stack, connect, localaws, eventually):
    settings = json.dumps({"sendsCognitoCodes": True})
    client = connect(deploy_dev_stack({"pulumi-userprofiles:phoneSignIn": settings}))

    def read_texts():
        return [message.text for message in localaws.sms_messages(NUMBER)]

    user = client.sign_up(NUMBER)
    texts = eventually("the text message", read_texts)

    [text] = texts
    code = text.partition(" ")[0]
    assert text == f"{code} is your code."
    client.idp.confirm_sign_up(ClientId=client.app_client_id, Username=NUMBER, ConfirmationCode=code)
    assert client.sign_in(user)["AccessToken"]
    assert texts == read_texts()
