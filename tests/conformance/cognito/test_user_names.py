"""User names in a case-insensitive pool."""

import base64
import hashlib
import hmac
from typing import Any

import pytest
from conformance_fake_cognito import CLIENT
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import PASSWORD, GatewayClient, error_of

EMAIL_EXISTS = ("UsernameExistsException", "An account with the given email already exists.")


def compute_secret_hash(name: str) -> str:
    digest = hmac.new(b"s3cret", (name + CLIENT).encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


@pytest.mark.parametrize("name", ["ann@example.com", "ANN@EXAMPLE.COM", "Ann@example.COM"])
def test_name_in_another_case_is_rejected(gateway: GatewayClient, emulator: FakeEmulator, name: str) -> None:
    """Line 23 (doc): the same address in another case is the same user."""
    emulator.add_user("Ann@Example.com")

    response = gateway.sign_up(name)

    assert (error_of(response), len(emulator.users)) == (EMAIL_EXISTS, 1)


def test_admin_create_user_rejects_another_case(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 23 (doc): also by AdminCreateUser."""
    emulator.add_user("Ann@Example.com")

    response = gateway.call("AdminCreateUser", Username="ann@example.com")

    assert (error_of(response), len(emulator.users)) == (EMAIL_EXISTS, 1)


def test_case_sensitive_pool_accepts_another_case(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 23 (doc): both users can sign up."""
    emulator.pool["UsernameConfiguration"] = {"CaseSensitive": True}
    emulator.add_user("Ann@Example.com")

    assert gateway.sign_up("ann@example.com").status == 200


def test_pool_is_case_sensitive_by_default(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 23 (doc): a pool without UsernameConfiguration."""
    del emulator.pool["UsernameConfiguration"]
    emulator.add_user("Ann@Example.com")

    assert gateway.sign_up("ann@example.com").status == 200


def test_chosen_user_name_in_another_case_is_rejected(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 23 (doc): also for user names that users choose."""
    emulator.pool["UsernameAttributes"] = []
    emulator.users["Ann"] = {"Username": "Ann", "UserStatus": "CONFIRMED", "attributes": {"sub": "s"}}

    assert error_of(gateway.sign_up("ann"))[0] == "UsernameExistsException"


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("ConfirmSignUp", {"Username": "ann@EXAMPLE.com", "ConfirmationCode": "123456"}),
        ("ResendConfirmationCode", {"Username": "ann@EXAMPLE.com"}),
        ("ForgotPassword", {"Username": "ann@EXAMPLE.com"}),
        ("ConfirmForgotPassword", {"Username": "ann@EXAMPLE.com", "ConfirmationCode": "654321"}),
        ("InitiateAuth", {"AuthFlow": "USER_SRP_AUTH", "AuthParameters": {"USERNAME": "ann@EXAMPLE.com"}}),
        ("RespondToAuthChallenge", {"ChallengeResponses": {"USERNAME": "ann@EXAMPLE.com"}}),
    ],
)
def test_public_calls_accept_any_case(
    gateway: GatewayClient, emulator: FakeEmulator, action: str, parameters: dict[str, Any]
) -> None:
    """Line 23 (doc): every public call, including the SRP flow."""
    emulator.add_user("Ann@Example.com", status="UNCONFIRMED", email_verified="true")

    gateway.call(action, **parameters)

    assert "Ann@Example.com" in str(emulator.parameters_of(action)[0])


@pytest.mark.parametrize(
    "action", ["AdminGetUser", "AdminDeleteUser", "AdminUpdateUserAttributes", "AdminConfirmSignUp"]
)
def test_admin_calls_accept_any_case(gateway: GatewayClient, emulator: FakeEmulator, action: str) -> None:
    """Line 23 (doc): the signed call is forwarded unchanged, then repeated as root with the stored name."""
    emulator.add_user("Ann@Example.com", status="UNCONFIRMED")

    response = gateway.call(action, Username="ann@example.com")

    assert (response.status, emulator.calls.count(action) - (action == "AdminGetUser") * 1) == (200, 2)


def test_admin_call_for_an_unknown_user_fails(gateway: GatewayClient) -> None:
    """Line 23 (doc): there is no user with this name in any case."""
    response = gateway.call("AdminGetUser", Username="nobody@example.com")

    assert error_of(response)[0] == "UserNotFoundException"


def test_denied_admin_call_is_not_repeated(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Lines 23 and 28 (doc): a call is repeated only after the backend has confirmed the permission."""
    emulator.add_user("Ann@Example.com")
    emulator.error_codes = {"AdminDeleteUser": "AccessDeniedException"}

    response = gateway.call("AdminDeleteUser", Username="ann@example.com")

    assert (error_of(response)[0], len(emulator.users)) == ("AccessDeniedException", 1)


def test_signed_public_call_is_forwarded_unchanged(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Our own rule: a signature covers the body."""
    emulator.add_user("Ann@Example.com", status="UNCONFIRMED")
    request = gateway.build_request(
        "ConfirmSignUp", key="AKID", Username="ann@example.com", ConfirmationCode="123456"
    )

    gateway.send(request)

    confirmations = [r for r in emulator.requests if r.header("x-amz-target").endswith(".ConfirmSignUp")]
    assert [r.body for r in confirmations] == [request.body]


def test_secret_hash_of_another_case_is_accepted(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 23 (doc): the client hashes the name in the call; the backend gets the hash of the stored name."""
    emulator.client["ClientSecret"] = "s3cret"
    emulator.add_user("Ann@Example.com", status="UNCONFIRMED")

    gateway.call(
        "ConfirmSignUp",
        Username="ann@example.com",
        SecretHash=compute_secret_hash("ann@example.com"),
        ConfirmationCode="123456",
    )

    expected = ("Ann@Example.com", compute_secret_hash("Ann@Example.com"))
    parameters = emulator.parameters_of("ConfirmSignUp")[0]
    assert (parameters["Username"], parameters["SecretHash"]) == expected


def test_wrong_secret_hash_is_rejected(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 23 (doc): the hash is verified before it is replaced."""
    emulator.client["ClientSecret"] = "s3cret"
    emulator.add_user("Ann@Example.com")
    auth_parameters = {
        "USERNAME": "ann@example.com",
        "PASSWORD": PASSWORD,
        "SECRET_HASH": compute_secret_hash("bob"),
    }

    response = gateway.call("InitiateAuth", AuthFlow="USER_PASSWORD_AUTH", AuthParameters=auth_parameters)

    assert error_of(response)[0] == "NotAuthorizedException"


@pytest.mark.parametrize("name", ['a"b@example.com', "a\\b@example.com", "ß@example.com"])
def test_unusual_names_are_forwarded(gateway: GatewayClient, name: str) -> None:
    """Our own rule: the backend does not know the user."""
    response = gateway.call("ForgotPassword", Username=name)

    assert error_of(response)[0] == "UserNotFoundException"


def test_simultaneous_sign_ups_in_different_case(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 23 (doc): only one of several simultaneous sign-ups succeeds."""
    names = ["ann@example.com", "Ann@example.com", "ANN@example.com"]
    requests = [
        gateway.build_request("SignUp", Username=name, Password="secret", UserAttributes=[]) for name in names
    ]

    statuses = sorted(response.status for response in gateway.send_all(*requests))

    assert (statuses, len(emulator.users)) == ([200, 400, 400], 1)
