"""Which challenge follows a password, and when a session or a code is accepted."""

import types

import pytest
from pulumi_localaws.local import cognito_calls, software_tokens
from pulumi_localaws.local.factor_settings import FactorSettings
from pulumi_localaws.local.second_factors import SecondFactors
from pulumi_localaws.local.sign_in_sessions import SignInSessions
from pulumi_localaws.local.software_tokens import SoftwareTokens

PHONE = [{"Name": "phone_number", "Value": "+4915112345678"}]
BOTH = {"SoftwareTokenMfaConfiguration": {"Enabled": True}, "SmsMfaConfiguration": {"SmsConfiguration": {}}}


class FakeCognito:
    """The few functions of the emulator that sessions and codes need."""

    def __init__(self):
        self._challenge_sessions = {}
        self.user = {"_totp_secret": "s", "_mfa_enabled": ["SMS_MFA"], "Attributes": PHONE}

    def _create_challenge_session(self, pool_id, client_id, user_name):
        session = {"pool_id": pool_id, "client_id": client_id, "username": user_name, "expires_at": 1_180.0}
        self._challenge_sessions["token"] = session
        return "token", session

    def _user_for_access_token(self, _token):
        return self.user

    @staticmethod
    def _totp_code(_secret, offset):
        return f"code {offset}"


@pytest.fixture
def now(monkeypatch):
    clock = types.SimpleNamespace(seconds=1_000.0)
    fake_time = types.SimpleNamespace(time=lambda: clock.seconds)
    monkeypatch.setattr("pulumi_localaws.local.sign_in_sessions.time", fake_time)
    monkeypatch.setattr(software_tokens, "time", fake_time)
    return clock


@pytest.fixture
def sessions(now):
    sessions = SignInSessions(FakeCognito(), cognito_calls)
    sessions.issue({"Id": "pool"}, "client", {"Username": "ann"}, "SMS_MFA")
    return sessions


def rejection(call):
    with pytest.raises(cognito_calls.Rejected) as exc_info:
        call()
    return exc_info.value.code, exc_info.value.message


@pytest.mark.parametrize(
    ("configuration", "user", "challenge"),
    [
        ("OFF", {"_mfa_enabled": ["SOFTWARE_TOKEN_MFA"]}, None),
        ("OPTIONAL", {}, None),
        ("OPTIONAL", {"_totp_secret": "s"}, None),
        ("OPTIONAL", {"_mfa_enabled": ["SMS_MFA"]}, None),
        ("OPTIONAL", {"_mfa_enabled": ["SMS_MFA"], "Attributes": PHONE}, "SMS_MFA"),
        ("ON", {}, "MFA_SETUP"),
        ("ON", {"_confirmed_by_code": True}, None),
        ("ON", {"_totp_secret": "s"}, "SOFTWARE_TOKEN_MFA"),
        ("ON", {"Attributes": PHONE}, "SMS_MFA"),
        ("ON", {"_totp_secret": "s", "_mfa_enabled": ["SMS_MFA"], "Attributes": PHONE}, "SELECT_MFA_TYPE"),
        (
            "ON",
            {
                "_totp_secret": "s",
                "_mfa_enabled": ["SMS_MFA"],
                "_preferred_mfa": "SMS_MFA",
                "Attributes": PHONE,
            },
            "SMS_MFA",
        ),
    ],
)
def test_challenge_that_follows_a_password(configuration, user, challenge):
    factors = SecondFactors(None, None, None, cognito_calls)

    assert factors.choose_challenge({"MfaConfiguration": configuration, **BOTH}, user) == challenge


def test_session_expires(sessions, now):
    now.seconds = 1_180.0
    assert sessions.find("token", "SMS_MFA")["username"] == "ann"

    now.seconds = 1_180.5

    assert rejection(lambda: sessions.find("token", "SMS_MFA")) == (
        "NotAuthorizedException",
        "Invalid session for the user, session is expired.",
    )


@pytest.mark.parametrize(
    ("token", "challenge", "names"),
    [
        ("other", "SMS_MFA", {}),
        ("token", "MFA_SETUP", {}),
        ("token", "SMS_MFA", {"client_id": "other"}),
        ("token", "SMS_MFA", {"user": {"Username": "bob"}}),
    ],
)
def test_session_belongs_to_one_challenge_client_and_user(sessions, token, challenge, names):
    assert rejection(lambda: sessions.find(token, challenge, **names)) == (
        "NotAuthorizedException",
        "Invalid session for the user.",
    )


def test_code_is_accepted_in_three_steps_and_once(now):
    tokens = SoftwareTokens(FakeCognito(), None, cognito_calls)
    user = {"_totp_secret": "s"}

    for code in ("code -1", "code 0", "code 1"):
        tokens.check_code(user, code)

    assert rejection(lambda: tokens.check_code(user, "code 0"))[0] == "ExpiredCodeException"
    assert rejection(lambda: tokens.check_code(user, "code 2"))[0] == "CodeMismatchException"
    assert rejection(lambda: tokens.check_code({}, "code 0"))[0] == "CodeMismatchException"


@pytest.mark.parametrize(
    ("parameters", "factors", "preferred"),
    [
        ({"SMSMfaSettings": None, "SoftwareTokenMfaSettings": None}, ["SMS_MFA"], None),
        ({"SMSMfaSettings": {"Enabled": False}}, [], None),
        (
            {"SoftwareTokenMfaSettings": {"Enabled": True, "PreferredMfa": True}, "SMSMfaSettings": None},
            ["SMS_MFA", "SOFTWARE_TOKEN_MFA"],
            "SOFTWARE_TOKEN_MFA",
        ),
    ],
)
def test_settings_change_only_the_named_factors(parameters, factors, preferred):
    cognito = FakeCognito()

    FactorSettings(cognito, cognito_calls).set_preference({"AccessToken": "t", **parameters})

    assert (cognito.user["_mfa_enabled"], cognito.user.get("_preferred_mfa")) == (factors, preferred)


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        (
            {
                "SMSMfaSettings": {"Enabled": True, "PreferredMfa": True},
                "SoftwareTokenMfaSettings": {"Enabled": True, "PreferredMfa": True},
            },
            "Only one factor can be set as preferred.",
        ),
        ({"EmailMfaSettings": {"Enabled": True}}, "does not support e-mail as second factor"),
    ],
)
def test_settings_that_are_not_possible(parameters, text):
    settings = FactorSettings(FakeCognito(), cognito_calls)

    code, message = rejection(lambda: settings.set_preference({"AccessToken": "t", **parameters}))

    assert code == "InvalidParameterException"
    assert text in message
