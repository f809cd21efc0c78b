"""Second factors, and the sessions of their challenges."""

import base64
import hmac
import struct
import time
from typing import Any

from pulumi_localaws.conformance.fact import NotTriedError, fact
from pulumi_localaws.conformance.kit import Kit, create_address, expect, expect_error
from pulumi_localaws.conformance.pool import PASSWORD, Pool

_GUIDE = 'Developer Guide, "Adding MFA to a user pool"'
_NOT_AUTHORIZED = "NotAuthorizedException"
_MISMATCH = "CodeMismatchException"
_PREFERRED = {"Enabled": True, "PreferredMfa": True}
_STEP_SECONDS = 30
_TOKEN_CODE = "SOFTWARE_TOKEN_MFA_CODE"  # noqa: S105 a parameter's name


@fact(
    60,
    "Where MFA is required, a user without a factor gets MFA_SETUP and registers a software token",
    f"{_GUIDE}; amplify-js#6461",
)
def required_factor(kit: Kit) -> str:
    """Register a token with the sessions of a sign-in."""
    pool, name = _create_pool(kit, "ON"), create_address()
    pool.add_user(name)
    response = _start(pool, name)
    expect("challenge", response.get("ChallengeName"), "MFA_SETUP")
    token = pool.device.associate_software_token(Session=response["Session"])
    code = compute_code(token["SecretCode"])
    verification = pool.device.verify_software_token(Session=token["Session"], UserCode=code)
    last_response = _answer(pool, name, "MFA_SETUP", verification["Session"])
    expect("tokens", "AuthenticationResult" in last_response, expected=True)
    return expect("challenge", _start(pool, name).get("ChallengeName"), "SOFTWARE_TOKEN_MFA")


@fact(
    61,
    "The first sign-in of a user who confirmed a code returns tokens, also where MFA is required",
    f"{_GUIDE} (users dispute it)",
)
def first_sign_in(kit: Kit) -> str:
    """Sign up, confirm with the code, and sign in twice."""
    pool, name = _create_pool(kit, "ON", AutoVerifiedAttributes=["email"]), create_address()
    pool.sign_up(name)
    code = kit.backend.read_code(name)
    pool.device.confirm_sign_up(ClientId=pool.client_id, Username=name, ConfirmationCode=code)
    expect("tokens", "AuthenticationResult" in _start(pool, name), expected=True)
    return expect("second challenge", _start(pool, name).get("ChallengeName"), "MFA_SETUP")


@fact(62, "A software token can be activated only after it was verified", "aws-sdk-js-v3#4645")
def unverified_token(kit: Kit) -> str:
    """Activate a token before and after its verification."""
    pool, name = _create_pool(kit, "OPTIONAL"), create_address()
    pool.add_user(name)
    access_token = pool.sign_in(name)["AccessToken"]
    prefer = pool.device.set_user_mfa_preference
    settings = {"AccessToken": access_token, "SoftwareTokenMfaSettings": _PREFERRED}
    error = expect_error("InvalidParameterException", prefer, **settings)
    _register_token(pool, access_token)
    prefer(**settings)
    expect("challenge", _start(pool, name).get("ChallengeName"), "SOFTWARE_TOKEN_MFA")
    return error


@fact(
    63,
    "A code of a software token works once, also the one that verified it",
    "integration tests of amplify-swift",
)
def used_code(kit: Kit) -> str:
    """Answer with a wrong code, then with the one that verified the token."""
    pool, name = _create_pool(kit, "OPTIONAL"), create_address()
    pool.add_user(name)
    access_token = pool.sign_in(name)["AccessToken"]
    code = _register_token(pool, access_token)
    settings = {"AccessToken": access_token, "SoftwareTokenMfaSettings": _PREFERRED}
    pool.device.set_user_mfa_preference(**settings)
    response, challenge = _start(pool, name), "SOFTWARE_TOKEN_MFA"
    expect("challenge", response.get("ChallengeName"), challenge)
    parameters: dict[str, Any] = {
        "pool": pool,
        "name": name,
        "challenge": challenge,
        "session": response["Session"],
    }
    expect_error(_MISMATCH, _answer, **parameters, **{_TOKEN_CODE: "no code"})
    return expect_error("ExpiredCodeException", _answer, **parameters, **{_TOKEN_CODE: code})


@fact(
    64,
    "The session of NEW_PASSWORD_REQUIRED belongs to one user and works once",
    'API reference, "RespondToAuthChallenge" (Session)',
)
def session_of_a_first_password(kit: Kit) -> str:
    """Use a session for another user, and a used one again."""
    pool, name, other_name = kit.create_pool(), create_address(), create_address()
    for user in (name, other_name):
        pool.admin.admin_create_user(
            UserPoolId=pool.id, Username=user, TemporaryPassword=PASSWORD, MessageAction="SUPPRESS"
        )
    response, challenge = _start(pool, name), "NEW_PASSWORD_REQUIRED"
    expect("challenge", response.get("ChallengeName"), challenge)
    parameters: dict[str, Any] = {"pool": pool, "challenge": challenge, "NEW_PASSWORD": f"{PASSWORD}2"}
    session = {"session": response["Session"]}
    expect_error(_NOT_AUTHORIZED, _answer, **parameters, **session, name=other_name)
    expect_error(_NOT_AUTHORIZED, _answer, **parameters, session="x" * 20, name=name)
    last_response = _answer(**parameters, **session, name=name)
    expect("tokens", "AuthenticationResult" in last_response, expected=True)
    return expect_error(_NOT_AUTHORIZED, _answer, **parameters, **session, name=name)


@fact(
    65,
    "SMS_MFA sends a code to the user's phone number; a wrong code is rejected",
    'Developer Guide, "SMS and email message MFA"',
)
def code_by_sms(kit: Kit) -> str:
    """Sign in with SMS as second factor."""
    if kit.backend.is_aws:
        raise NotTriedError("it would send a text message to somebody's phone")
    pool, name = kit.create_pool(), create_address()
    configuration = {"SnsCallerArn": kit.resources.create_role(_trust("cognito-idp"), _SMS_POLICY)}
    pool.admin.set_user_pool_mfa_config(
        UserPoolId=pool.id,
        MfaConfiguration="OPTIONAL",
        SmsMfaConfiguration={"SmsConfiguration": configuration},
    )
    pool.add_user(name, phone_number="+14155550123")
    key = {"UserPoolId": pool.id, "Username": name}
    pool.admin.admin_set_user_mfa_preference(**key, SMSMfaSettings=_PREFERRED)
    response, challenge = _start(pool, name), "SMS_MFA"
    expect("challenge", response.get("ChallengeName"), challenge)
    expect("destination", response["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"], "+*******0123")
    parameters: dict[str, Any] = {
        "pool": pool,
        "name": name,
        "challenge": challenge,
        "session": response["Session"],
    }
    return expect_error(_MISMATCH, _answer, **parameters, SMS_MFA_CODE="no code")


@fact(66, "A pool without software tokens registers none", 'API reference, "AssociateSoftwareToken"')
def pool_without_factors(kit: Kit) -> str:
    """Register a token in a pool without MFA."""
    pool, name = kit.create_pool(), create_address()
    pool.add_user(name)
    call, token = pool.device.associate_software_token, pool.sign_in(name)["AccessToken"]
    return expect_error("SoftwareTokenMFANotFoundException", call, AccessToken=token)


_SMS_POLICY = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"}]}'
)


def _trust(service: str) -> str:
    principal = f'{{"Service": "{service}.amazonaws.com"}}'
    statement = f'{{"Effect": "Allow", "Principal": {principal}, "Action": "sts:AssumeRole"}}'
    return f'{{"Version": "2012-10-17", "Statement": [{statement}]}}'


def _create_pool(kit: Kit, mode: str, **settings: Any) -> Pool:
    pool = kit.create_pool(**settings)
    pool.admin.set_user_pool_mfa_config(
        UserPoolId=pool.id, MfaConfiguration=mode, SoftwareTokenMfaConfiguration={"Enabled": True}
    )
    return pool


def _start(pool: Pool, name: str) -> dict[str, Any]:
    return dict(
        pool.device.initiate_auth(
            ClientId=pool.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
        )
    )


def _answer(pool: Pool, name: str, challenge: str, session: str, **responses: str) -> dict[str, Any]:
    return dict(
        pool.device.respond_to_auth_challenge(
            ClientId=pool.client_id,
            ChallengeName=challenge,
            Session=session,
            ChallengeResponses={"USERNAME": name, **responses},
        )
    )


def _register_token(pool: Pool, access_token: str) -> str:
    """Register a software token; return the code that verified it."""
    secret = pool.device.associate_software_token(AccessToken=access_token)["SecretCode"]
    code = compute_code(secret)
    pool.device.verify_software_token(AccessToken=access_token, UserCode=code)
    return code


def compute_code(secret: str) -> str:
    """Return the current code of a software token (RFC 6238)."""
    step = struct.pack(">Q", int(time.time() // _STEP_SECONDS))
    digest = hmac.digest(base64.b32decode(secret), step, "sha1")
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06}"
