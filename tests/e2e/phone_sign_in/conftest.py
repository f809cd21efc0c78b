"""Phones: their numbers, the messages that arrive, and sign-in by code."""

import base64
import itertools
import json
import random
import re

import pytest

_PREFIXES = itertools.count(random.randrange(200, 500))


def new_number():
    """Return a phone number whose number range no other test uses: messages to a range are limited."""
    return f"+1206{next(_PREFIXES)}{random.randrange(1000, 10_000)}"


class Phone:
    """A phone: its number, the messages that arrive, and the sign-in by code."""

    def __init__(self, client, localaws, eventually, number=None):
        self.client = client
        self.localaws = localaws
        self.eventually = eventually
        self.number = number or new_number()

    @property
    def texts(self):
        return [message.text for message in self.localaws.sms_messages(self.number)]

    def wait_for_code(self, messages=1):
        """Return the code in the last message, after this number of messages has arrived."""
        texts = self.eventually("the text message", lambda: self.texts[messages - 1 :] and self.texts)
        return re.search(r"\b\d{6}\b", texts[-1])[0]

    def start(self):
        """Start a sign-in, and return the session."""
        return self.client.start_code_sign_in(self.number)

    def answer(self, session, code):
        """Type a code, and return the response: tokens, or another challenge."""
        return self.client.answer_code(self.number, session, code)

    def sign_in(self, messages=1):
        session = self.start()
        return self.answer(session, self.wait_for_code(messages))["AuthenticationResult"]


@pytest.fixture
def client(phone_client):
    return phone_client


@pytest.fixture
def create_phone(client, localaws, eventually):
    return lambda: Phone(client, localaws, eventually)


@pytest.fixture
def create_phone_user(create_phone, phone_stack):
    """Return a function that creates a user with a verified phone number, as the endpoints do."""

    def create(stack=phone_stack):
        cognito, pool_id = stack.aws("cognito-idp"), stack.outputs["userPoolId"]
        phone = create_phone()
        attributes = {"phone_number": phone.number, "phone_number_verified": "true"}
        response = cognito.admin_create_user(
            UserPoolId=pool_id,
            Username=phone.number,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
        )
        phone.sub = response["User"]["Username"]
        cognito.admin_set_user_password(
            UserPoolId=pool_id, Username=phone.number, Password="Correct-horse-7-battery", Permanent=True
        )
        return phone

    return create


def _read_sub(tokens):
    payload = tokens["AccessToken"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"]


@pytest.fixture
def read_sub():
    """Return a function that reads the sub in the access token."""
    return _read_sub
