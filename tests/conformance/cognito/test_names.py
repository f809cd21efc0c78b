"""User names in a pool that ignores case."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from conformance_fake import CLIENT, PASSWORD, Fake, Gateway, error_of

TAKEN = ("UsernameExistsException", "An account with the given email already exists.")


def secret_hash(name: str) -> str:
    digest = hmac.new(b"s3cret", (name + CLIENT).encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


@pytest.mark.parametrize("name", ["ann@example.com", "ANN@EXAMPLE.COM", "Ann@example.COM"])
def test_a_twin_is_refused(gateway: Gateway, fake: Fake, name: str) -> None:
    """Line 23 (doc): the same address in another case is the same user."""
    fake.user("Ann@Example.com")

    response = gateway.sign_up(name)

    assert (TAKEN, 1) == (error_of(response), len(fake.users))


def test_an_administrators_twin_is_refused(gateway: Gateway, fake: Fake) -> None:
    """Line 23 (doc): AdminCreateUser as well."""
    fake.user("Ann@Example.com")

    response = gateway.call("AdminCreateUser", Username="ann@example.com")

    assert (TAKEN, 1) == (error_of(response), len(fake.users))


def test_a_case_sensitive_pool_has_twins(gateway: Gateway, fake: Fake) -> None:
    """Line 23 (doc): where case counts, both sign up."""
    fake.pool["UsernameConfiguration"] = {"CaseSensitive": True}
    fake.user("Ann@Example.com")

    assert 200 == gateway.sign_up("ann@example.com").status


def test_a_pool_that_says_nothing_is_case_sensitive(gateway: Gateway, fake: Fake) -> None:
    """Line 23 (doc): UsernameConfiguration left out."""
    del fake.pool["UsernameConfiguration"]
    fake.user("Ann@Example.com")

    assert 200 == gateway.sign_up("ann@example.com").status


def test_a_chosen_user_name_in_another_case_is_a_twin(gateway: Gateway, fake: Fake) -> None:
    """Line 23 (doc): chosen user names too."""
    fake.pool["UsernameAttributes"] = []
    fake.users["Ann"] = {"Username": "Ann", "UserStatus": "CONFIRMED", "attributes": {"sub": "s"}}

    assert "UsernameExistsException" == error_of(gateway.sign_up("ann"))[0]


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("ConfirmSignUp", {"Username": "ann@EXAMPLE.com", "ConfirmationCode": "123456"}),
        ("ResendConfirmationCode", {"Username": "ann@EXAMPLE.com"}),
        ("ForgotPassword", {"Username": "ann@EXAMPLE.com"}),
        ("ConfirmForgotPassword", {"Username": "ann@EXAMPLE.com", "ConfirmationCode": "654321"}),
        ("InitiateAuth", {"AuthFlow": "USER_SRP_AUTH", "AuthParameters": {"USERNAME": "ann@EXAMPLE.com"}}),
        ("RespondToAuthChallenge", {"ChallengeResponses": {"USERNAME": "ann@EXAMPLE.com"}}),
    ],
)
def test_any_case_of_the_name_will_do(
    gateway: Gateway, fake: Fake, action: str, data: dict[str, Any]
) -> None:
    """Line 23 (doc): every public call, the SRP flow among them."""
    fake.user("Ann@Example.com", status="UNCONFIRMED")
    sent: list[str] = []
    answer = fake._cognito

    async def listening(called: str, body: dict[str, Any]) -> Any:
        sent.extend([json.dumps(body)] if called == action else [])
        return await answer(called, body)

    fake._cognito = listening  # type: ignore[method-assign]
    gateway.call(action, **data)

    assert "Ann@Example.com" in sent[0]


@pytest.mark.parametrize(
    "action", ["AdminGetUser", "AdminDeleteUser", "AdminUpdateUserAttributes", "AdminConfirmSignUp"]
)
def test_an_administrator_may_use_any_case(gateway: Gateway, fake: Fake, action: str) -> None:
    """Line 23 (doc): the signed call is passed on untouched and, affirmed, repeated under the real name."""
    fake.user("Ann@Example.com", status="UNCONFIRMED")

    response = gateway.call(action, Username="ann@example.com")

    assert (200, 2) == (response.status, fake.calls.count(action) - (action == "AdminGetUser") * 1)


def test_an_administrators_unknown_user_stays_unknown(gateway: Gateway) -> None:
    """Line 23 (doc): nothing is found where nothing is."""
    response = gateway.call("AdminGetUser", Username="nobody@example.com")

    assert "UserNotFoundException" == error_of(response)[0]


def test_a_denied_administrator_is_not_helped(gateway: Gateway, fake: Fake) -> None:
    """Lines 23 and 28 (doc): only a caller whose right the backend has affirmed gets the answer."""
    fake.user("Ann@Example.com")
    fake.refusals = {"AdminDeleteUser": "AccessDeniedException"}

    response = gateway.call("AdminDeleteUser", Username="ann@example.com")

    assert ("AccessDeniedException", 1) == (error_of(response)[0], len(fake.users))


def test_a_signed_public_call_is_never_rewritten(gateway: Gateway, fake: Fake) -> None:
    """Our own rule: a signature covers the body."""
    fake.user("Ann@Example.com", status="UNCONFIRMED")
    request = gateway.make("ConfirmSignUp", key="AKID", Username="ann@example.com", ConfirmationCode="123456")
    bodies: list[bytes] = []
    upstream = gateway.router.upstream

    async def listening(sent: Any) -> Any:
        bodies.append(sent.body)
        return await upstream(sent)

    gateway.router._services.upstream = listening
    gateway.request(request)

    assert [request.body] == bodies


def test_a_secret_hash_over_the_typed_name_is_good(gateway: Gateway, fake: Fake) -> None:
    """Line 23 (doc): the client hashes what was typed; the backend sees the hash of its own spelling."""
    fake.client["ClientSecret"] = "s3cret"
    fake.user("Ann@Example.com", status="UNCONFIRMED")
    sent: list[dict[str, Any]] = []
    answer = fake._cognito

    async def listening(action: str, data: dict[str, Any]) -> Any:
        sent.extend([data] if action == "ConfirmSignUp" else [])
        return await answer(action, data)

    fake._cognito = listening  # type: ignore[method-assign]
    gateway.call(
        "ConfirmSignUp",
        Username="ann@example.com",
        SecretHash=secret_hash("ann@example.com"),
        ConfirmationCode="123456",
    )

    expected = ("Ann@Example.com", secret_hash("Ann@Example.com"))
    assert expected == (sent[0]["Username"], sent[0]["SecretHash"])


def test_a_wrong_secret_hash_is_refused(gateway: Gateway, fake: Fake) -> None:
    """Line 23 (doc): a new spelling does not make a wrong hash right."""
    fake.client["ClientSecret"] = "s3cret"
    fake.user("Ann@Example.com")
    parameters = {"USERNAME": "ann@example.com", "PASSWORD": PASSWORD, "SECRET_HASH": secret_hash("bob")}

    response = gateway.call("InitiateAuth", AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)

    assert "NotAuthorizedException" == error_of(response)[0]


@pytest.mark.parametrize("name", ['a"b@example.com', "a\\b@example.com", "", "ß@example.com", None, 7, ["x"]])
def test_odd_names_do_no_harm(gateway: Gateway, name: Any) -> None:
    """Our own rule: what is no name goes to the backend as it is."""
    response = gateway.call("ForgotPassword", Username=name)

    assert "UserNotFoundException" == error_of(response)[0]
