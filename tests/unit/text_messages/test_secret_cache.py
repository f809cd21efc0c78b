import json

import pytest
from botocore.exceptions import EndpointConnectionError
from userprofiles.text_messages import secret_cache
from userprofiles.text_messages.secret_cache import SecretCache, SecretError, create_fetch
from userprofiles.text_messages.twilio_credentials import TwilioCredentials, parse_credentials

ACCOUNT = "AC" + "0" * 32
KEY = "SK" + "1" * 32


class Secret:
    """A secret whose text can change, and a clock."""

    def __init__(self):
        self.text = "first"
        self.error = None
        self.reads = 0
        self.time = 1_770_000_000.0

    def fetch(self):
        self.reads += 1
        if self.error is not None:
            raise self.error
        return self.text


@pytest.fixture
def secret():
    return Secret()


@pytest.fixture
def cache(secret):
    return SecretCache(secret.fetch, str.upper, clock=lambda: secret.time)


def test_secret_is_read_when_it_is_needed_and_again_after_five_minutes(secret, cache):
    assert secret.reads == 0
    assert [cache.get(), cache.get()] == ["FIRST"] * 2
    secret.text = "second"
    secret.time += 299
    assert cache.get() == "FIRST"
    secret.time += 1
    assert cache.get() == "SECOND"
    assert secret.reads == 2


def test_cache_is_not_used_after_the_clock_went_back(secret, cache):
    cache.get()
    secret.time -= 10
    cache.get()

    assert secret.reads == 2


def test_age_begins_before_the_secret_is_read(secret, cache):
    def fetch():
        secret.time += 10
        return "slow"

    cache._fetch = fetch
    cache.get()
    cache._fetch = secret.fetch
    secret.time += 290

    assert cache.get() == "FIRST"


def test_old_secret_is_not_used_while_it_cannot_be_read(secret, cache, aws_error):
    cache.get()
    secret.time += 300
    for error in (aws_error("AccessDeniedException"), EndpointConnectionError(endpoint_url="CANARY")):
        secret.error = error
        with pytest.raises(SecretError, match=r"^Secret(AccessDenied|EndpointConnectionError)") as raised:
            cache.get()
        assert "CANARY" not in str(raised.value)
    secret.error = None

    assert cache.get() == "FIRST"


def test_secret_that_was_refused_is_not_used_again(secret, cache, aws_error):
    cache.get()
    secret.error = aws_error("ThrottlingException")
    with pytest.raises(SecretError):
        cache.read()
    secret.error, secret.text = None, "second"

    assert cache.get() == "SECOND"


class FakeClient:
    def get_secret_value(self, **request):
        return {"SecretString": f"secret {request}"} if "binary" not in request["SecretId"] else {}

    def get_parameter(self, **request):
        return {"Parameter": {"Value": f"parameter {request}"}}


@pytest.mark.parametrize(
    ("secret_id", "service", "text"),
    [
        ("twilio", "secretsmanager", "secret {'SecretId': 'twilio'}"),
        (
            "arn:aws:secretsmanager:us-east-1:111122223333:secret:twilio-aBcDeF",
            "secretsmanager",
            "secret {'SecretId': 'arn:aws:secretsmanager:us-east-1:111122223333:secret:twilio-aBcDeF'}",
        ),
        ("ssm:/app/twilio", "ssm", "parameter {'Name': '/app/twilio', 'WithDecryption': True}"),
        (
            "arn:aws:ssm:us-east-1:111122223333:parameter/app/twilio",
            "ssm",
            (
                "parameter {'Name': 'arn:aws:ssm:us-east-1:111122223333:parameter/app/twilio', "
                "'WithDecryption': True}"
            ),
        ),
    ],
)
def test_name_of_the_secret_selects_the_service(monkeypatch, secret_id, service, text):
    services = []

    def create_client(name, **_):
        services.append(name)
        return FakeClient()

    monkeypatch.setattr(secret_cache.aws, "client", create_client)

    assert create_fetch(secret_id)() == text
    assert services == [service]


def test_binary_secret_is_refused(monkeypatch):
    monkeypatch.setattr(secret_cache.aws, "client", lambda *_, **__: FakeClient())

    with pytest.raises(SecretError, match="SecretIsBinary"):
        create_fetch("binary")()


def test_credentials_of_an_api_key():
    text = json.dumps({"accountSid": ACCOUNT, "apiKeySid": KEY, "secret": "s:ä"})

    credentials = parse_credentials(text)

    assert credentials == TwilioCredentials(ACCOUNT, KEY, "s:ä")
    assert credentials.authorization.startswith("Basic U0sxMTEx")
    assert "s:ä" not in repr(credentials)


def test_credentials_without_a_key_are_those_of_the_account():
    credentials = parse_credentials(json.dumps({"accountSid": ACCOUNT, "secret": "s"}))

    assert (credentials.account_sid, credentials.user_name) == (ACCOUNT, ACCOUNT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CANARY",
        "[" * 2000,
        "[]",
        json.dumps({"accountSid": ACCOUNT}),
        json.dumps({"accountSid": ACCOUNT, "secret": ""}),
        json.dumps({"accountSid": ACCOUNT, "secret": 7}),
        json.dumps({"accountSid": "CANARY", "secret": "CANARY"}),
        json.dumps({"accountSid": f"{ACCOUNT}/../x", "secret": "CANARY"}),
        json.dumps({"accountSid": ACCOUNT, "apiKeySid": "CANARY", "secret": "CANARY"}),
        json.dumps({"secret": "CANARY"}),
    ],
    ids=range(11),
)
def test_other_secret_is_refused_without_a_word_of_it(text):
    with pytest.raises(SecretError) as error:
        parse_credentials(text)

    assert str(error.value) == "SecretIsInvalid"
    assert error.value.__cause__ is None
