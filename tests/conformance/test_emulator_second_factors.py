"""Second factors and sessions of challenges on a running local AWS."""

import base64
import hashlib
import hmac
import struct
import time
import urllib.parse
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conformance_aws import PASSWORD, AwsResources, Recorder, name_value_pairs, unique_email
from conformance_pool import PoolUnderTest, error_of

NUMBER = "+4915112345678"
SMS_CONFIGURATION = {"SnsCallerArn": "arn:aws:iam::000000000000:role/sms"}

USED_SESSION = (
    "NotAuthorizedException",
    "Invalid session for the user, session can only be used once.",
)


class FactorPool(PoolUnderTest):
    """A pool with second factors, and calls of its sign-in."""

    def __init__(
        self, aws: AwsResources, mode: str, *triggers: str, recorder: Recorder | None = None
    ) -> None:
        super().__init__(aws, recorder, *triggers, AutoVerifiedAttributes=["email"])
        aws.cognito.set_user_pool_mfa_config(
            UserPoolId=self.id,
            MfaConfiguration=mode,
            SoftwareTokenMfaConfiguration={"Enabled": True},
            SmsMfaConfiguration={"SmsConfiguration": SMS_CONFIGURATION},
        )

    def create_user(self, **attributes: str) -> str:
        """Create a user with a permanent password, who never confirmed a code."""
        email = unique_email()
        self.aws.cognito.admin_create_user(
            UserPoolId=self.id,
            Username=email,
            UserAttributes=name_value_pairs(email=email, **attributes),
            MessageAction="SUPPRESS",
        )
        self.aws.cognito.admin_set_user_password(
            UserPoolId=self.id, Username=email, Password=PASSWORD, Permanent=True
        )
        return email

    def start(self, name: str, password: str = PASSWORD) -> dict[str, Any]:
        return dict(
            self.aws.cognito.initiate_auth(
                ClientId=self.client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": name, "PASSWORD": password},
            )
        )

    def answer(self, name: str, challenge: str, session: str, **responses: str) -> dict[str, Any]:
        return dict(
            self.aws.cognito.respond_to_auth_challenge(
                ClientId=self.client_id,
                ChallengeName=challenge,
                Session=session,
                ChallengeResponses={"USERNAME": name, **responses},
            )
        )

    def register_token(self, access_token: str) -> tuple[str, str]:
        """Register a software token; return the code that is then used, and the code of the next step."""
        secret = str(self.aws.cognito.associate_software_token(AccessToken=access_token)["SecretCode"])
        step = int(time.time() // 30)
        self.aws.cognito.verify_software_token(AccessToken=access_token, UserCode=totp(secret, step))
        return totp(secret, step), totp(secret, step + 1)

    def prefer(self, name: str, **settings: Any) -> None:
        self.aws.cognito.admin_set_user_mfa_preference(UserPoolId=self.id, Username=name, **settings)


ON = {"Enabled": True, "PreferredMfa": False}
PREFERRED = {"Enabled": True, "PreferredMfa": True}


def totp(secret: str, step: int) -> str:
    """Return the code of a step of 30 seconds (RFC 6238)."""
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    number = struct.unpack(">I", digest[digest[-1] & 15 :][:4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06}"


@pytest.fixture(scope="module")
def required(session_aws: AwsResources) -> FactorPool:
    return FactorPool(session_aws, "ON")


@pytest.fixture(scope="module")
def optional(session_aws: AwsResources) -> FactorPool:
    return FactorPool(session_aws, "OPTIONAL")


def test_user_without_a_factor_registers_one_where_mfa_is_required(required: FactorPool) -> None:
    """Line 60 (doc; texts seen in amplify-js#6461): each step has a session of its own."""
    pool, aws = required, required.aws
    name = pool.create_user()

    challenge = pool.start(name)

    assert challenge["ChallengeName"] == "MFA_SETUP"
    assert challenge["ChallengeParameters"]["MFAS_CAN_SETUP"] == '["SMS_MFA", "SOFTWARE_TOKEN_MFA"]'
    with pytest.raises(ClientError) as unverified:
        pool.answer(name, "MFA_SETUP", challenge["Session"])
    assert error_of(unverified) == ("NotAuthorizedException", "Invalid session for the user.")
    token = aws.cognito.associate_software_token(Session=challenge["Session"])
    verified = aws.cognito.verify_software_token(
        Session=token["Session"],
        UserCode=totp(token["SecretCode"], int(time.time() // 30)),
        FriendlyDeviceName="phone",
    )
    assert pool.answer(name, "MFA_SETUP", verified["Session"])["AuthenticationResult"]["AccessToken"]
    next_challenge = pool.start(name)
    assert next_challenge["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    assert next_challenge["ChallengeParameters"]["FRIENDLY_DEVICE_NAME"] == "phone"


def test_first_sign_in_of_a_user_who_confirmed_a_code_needs_no_factor(required: FactorPool) -> None:
    """Line 61 (doc): as the developer guide says; users dispute it, and it was not tried on AWS."""
    pool, name = required, unique_email()
    pool.sign_up_and_confirm(name)

    assert pool.sign_in(name)["AccessToken"]
    assert pool.start(name)["ChallengeName"] == "MFA_SETUP"


def test_only_registered_factors_can_be_activated(optional: FactorPool) -> None:
    """Line 62 (seen in aws-sdk-js-v3#4645): a software token must be verified, SMS needs a number."""
    pool, aws = optional, optional.aws
    name = pool.create_user()
    token = pool.start(name)["AuthenticationResult"]["AccessToken"]
    text = "User does not have delivery config set to turn on "

    with pytest.raises(ClientError) as software_token:
        aws.cognito.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings=PREFERRED)
    with pytest.raises(ClientError) as sms:
        pool.prefer(name, SMSMfaSettings=ON)

    assert error_of(software_token) == ("InvalidParameterException", text + "SOFTWARE_TOKEN_MFA")
    assert error_of(sms) == ("InvalidParameterException", text + "SMS_MFA")
    pool.register_token(token)
    assert "AuthenticationResult" in pool.start(name)  # verified, but not active
    aws.cognito.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings=PREFERRED)
    user = aws.cognito.admin_get_user(UserPoolId=pool.id, Username=name)
    assert (user["UserMFASettingList"], user["PreferredMfaSetting"]) == (
        ["SOFTWARE_TOKEN_MFA"],
        "SOFTWARE_TOKEN_MFA",
    )
    aws.cognito.admin_delete_software_token(UserPoolId=pool.id, Username=name)
    assert "AuthenticationResult" in pool.start(name)


def test_code_of_a_software_token_works_once(optional: FactorPool) -> None:
    """Line 63 (seen in the integration tests of amplify-swift): also the code that verified the token."""
    pool = optional
    name = pool.create_user()
    used_code, next_code = pool.register_token(pool.start(name)["AuthenticationResult"]["AccessToken"])
    pool.prefer(name, SoftwareTokenMfaSettings=PREFERRED)
    session = pool.start(name)["Session"]

    def answer(code: str) -> dict[str, Any]:
        return pool.answer(name, "SOFTWARE_TOKEN_MFA", session, SOFTWARE_TOKEN_MFA_CODE=code)

    with pytest.raises(ClientError) as wrong:
        answer("no code")
    with pytest.raises(ClientError) as used:
        answer(used_code)
    assert error_of(wrong) == ("CodeMismatchException", "Invalid code received for user")
    assert error_of(used) == ("ExpiredCodeException", "Your software token has already been used once.")
    assert answer(next_code)["AuthenticationResult"]["AccessToken"]
    with pytest.raises(ClientError) as again:
        answer(next_code)
    assert error_of(again) == USED_SESSION


def test_new_password_needs_its_session(optional: FactorPool) -> None:
    """Line 64 (doc): the session belongs to one user and one challenge, and can be used once."""
    pool, aws, temporary_password = optional, optional.aws, "Temporary-1!"
    name, other_name = unique_email(), unique_email()
    for username in (name, other_name):
        aws.cognito.admin_create_user(
            UserPoolId=pool.id, Username=username, TemporaryPassword=temporary_password
        )
    challenge = pool.start(name, temporary_password)
    session = challenge["Session"]
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"

    def set_password(username: str, token: str, **responses: str) -> dict[str, Any]:
        return pool.answer(username, "NEW_PASSWORD_REQUIRED", token, NEW_PASSWORD=PASSWORD, **responses)

    for username, token in ((other_name, session), (name, "x" * 20)):
        with pytest.raises(ClientError) as invalid:
            set_password(username, token)
        assert error_of(invalid) == ("NotAuthorizedException", "Invalid session for the user.")
    with pytest.raises(ClientError) as missing:
        aws.cognito.admin_respond_to_auth_challenge(
            UserPoolId=pool.id,
            ClientId=pool.client_id,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            ChallengeResponses={"USERNAME": name, "NEW_PASSWORD": PASSWORD},
        )
    assert error_of(missing) == ("InvalidParameterException", "Missing required parameter Session")
    with pytest.raises(ClientError) as immutable:
        set_password(name, session, **{"userAttributes.custom:role": "admin"})
    assert error_of(immutable)[0] == "InvalidParameterException"
    assert set_password(name, session, **{"userAttributes.name": "Ann"})["AuthenticationResult"]
    assert pool.describe_user(name)["name"] == "Ann"


def test_new_password_before_a_second_factor_uses_its_session(required: FactorPool) -> None:
    """Line 64 (doc): a second answer could set another password without the factor."""
    pool, name, temporary_password = required, unique_email(), "Temporary-1!"
    pool.aws.cognito.admin_create_user(
        UserPoolId=pool.id, Username=name, TemporaryPassword=temporary_password
    )
    session = pool.start(name, temporary_password)["Session"]

    following = pool.answer(name, "NEW_PASSWORD_REQUIRED", session, NEW_PASSWORD=PASSWORD)
    with pytest.raises(ClientError) as again:
        pool.answer(name, "NEW_PASSWORD_REQUIRED", session, NEW_PASSWORD="Another-1!")

    assert following["ChallengeName"] == "MFA_SETUP"
    assert error_of(again) == USED_SESSION


def test_code_by_sms_is_the_second_factor(aws: AwsResources, recorder: Recorder) -> None:
    """Line 65 (doc): CustomMessage can replace the text, and the client never sees the code."""
    pool = FactorPool(aws, "OPTIONAL", "CustomMessage", recorder=recorder)
    number = f"+49151{time.time_ns() % 10**8:08}"
    name = pool.create_user(phone_number=number)
    pool.prefer(name, SMSMfaSettings=PREFERRED)
    recorder.take_events()

    challenge = pool.start(name)

    assert challenge["ChallengeName"] == "SMS_MFA"
    assert challenge["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"] == f"+*******{number[-4:]}"
    assert "x-localaws-second-factor" not in challenge["ResponseMetadata"]["HTTPHeaders"]
    assert recorder.take_sources() == ["CustomMessage_Authentication"]
    code = aws.local_aws.sms_messages(number)[-1].text.split()[-1].strip(".")
    with pytest.raises(ClientError) as wrong:
        pool.answer(name, "SMS_MFA", challenge["Session"], SMS_MFA_CODE="x")
    assert error_of(wrong) == ("CodeMismatchException", "Invalid code or auth state for the user.")
    assert pool.answer(name, "SMS_MFA", challenge["Session"], SMS_MFA_CODE=code)["AuthenticationResult"]


def test_user_with_two_factors_and_no_preference_chooses(optional: FactorPool) -> None:
    """Line 65 (doc): SELECT_MFA_TYPE, and its answer starts the factor."""
    pool = optional
    name = pool.create_user(phone_number=NUMBER)
    pool.register_token(pool.start(name)["AuthenticationResult"]["AccessToken"])
    pool.prefer(name, SMSMfaSettings=ON, SoftwareTokenMfaSettings=ON)

    challenge = pool.start(name)

    assert challenge["ChallengeName"] == "SELECT_MFA_TYPE"
    assert challenge["ChallengeParameters"]["MFAS_CAN_CHOOSE"] == '["SOFTWARE_TOKEN_MFA", "SMS_MFA"]'
    chosen = pool.answer(name, "SELECT_MFA_TYPE", challenge["Session"], ANSWER="SOFTWARE_TOKEN_MFA")
    assert chosen["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    with pytest.raises(ClientError) as again:
        pool.answer(name, "SELECT_MFA_TYPE", challenge["Session"], ANSWER="SOFTWARE_TOKEN_MFA")
    assert error_of(again) == USED_SESSION


def test_pool_without_software_tokens_registers_none(aws: AwsResources) -> None:
    """Line 66 (doc): SoftwareTokenMFANotFoundException."""
    pool, name = PoolUnderTest(aws), unique_email()
    pool.sign_up_and_confirm(name)
    token = pool.sign_in(name)["AccessToken"]

    with pytest.raises(ClientError) as not_enabled:
        aws.cognito.associate_software_token(AccessToken=token)

    assert error_of(not_enabled) == (
        "SoftwareTokenMFANotFoundException",
        "Software Token MFA has not been enabled by the userPool",
    )


@pytest.mark.parametrize("client_id", ["", "unknownclient"])
def test_no_client_can_request_tokens_without_a_challenge(required: FactorPool, client_id: str) -> None:
    """Our own rule: only the gateway answers the challenge that issues tokens after a custom challenge."""
    with pytest.raises(ClientError) as rejected:
        required.aws.cognito.admin_respond_to_auth_challenge(
            UserPoolId=required.id,
            ClientId=client_id or required.client_id,
            ChallengeName="LOCALAWS_ISSUE_TOKENS",
            ChallengeResponses={"USERNAME": required.create_user()},
        )

    assert error_of(rejected)[0] in {"InvalidParameterException", "ResourceNotFoundException"}


def test_hosted_ui_rejects_a_user_who_needs_a_second_factor(required: FactorPool) -> None:
    """Our own rule: the pages ask for no second factor, so they must not issue a code without it."""
    fields = {"client_id": required.client_id, "username": required.create_user(), "password": PASSWORD}

    with urllib.request.urlopen(
        f"{required.aws.local_aws.endpoint}/login", urllib.parse.urlencode(fields).encode(), timeout=20
    ) as response:
        page = response.read().decode()

    assert "the hosted UI of the local AWS asks for no second factor" in page
