"""POST /users/invite: users that an administrator creates."""

from collections.abc import Callable
from typing import Any

import pytest
from userprofiles.api.routes import INVITE_USER


def test_invited_user_is_in_the_pool_and_in_the_table(
    call_as_admin: Callable[..., Any], cognito: Any, read_account: Callable[[str], dict[str, Any]]
) -> None:
    response = call_as_admin(INVITE_USER, body={"email": "New@Example.com", "role": "vendor"})

    sub = response.body["userId"]
    assert (response.status, response.body) == (201, {"userId": sub, "status": "invited"})
    assert cognito.users[sub]["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    assert (read_account(sub)["email"], read_account(sub)["role"]) == ("new@example.com", "vendor")


def test_invited_user_has_the_default_role(
    call_as_admin: Callable[..., Any], read_account: Callable[[str], dict[str, Any]]
) -> None:
    response = call_as_admin(INVITE_USER, body={"phoneNumber": "+14155550123"})

    assert read_account(response.body["userId"])["role"] == "customer"


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/email"]),
        ({"role": "vendor"}, ["/email"]),
        ({"email": "nobody", "phoneNumber": "0221", "role": "admin"}, ["/email", "/phoneNumber", "/role"]),
        ({"email": 7}, ["/email"]),
        ({"email": "a@b.co", "password": "x"}, ["/password"]),
        ([], []),
    ],
    ids=str,
)
def test_wrong_invitation_is_400_and_creates_nothing(
    *, call_as_admin: Callable[..., Any], cognito: Any, tables: Any, body: Any, pointers: list[str]
) -> None:
    before = len(cognito.users), tables.items()

    response = call_as_admin(INVITE_USER, body=body)

    assert response.status == 400
    assert [entry["pointer"] for entry in response.body.get("errors", [])] == pointers
    assert (len(cognito.users), tables.items()) == before


@pytest.mark.parametrize(
    ("aws_code", "status", "code"),
    [
        ("UsernameExistsException", 409, "user_exists"),
        ("AliasExistsException", 409, "user_exists"),
        ("InvalidParameterException", 400, "invitation_rejected"),
        ("UserLambdaValidationException", 400, "invitation_rejected"),
        ("TooManyRequestsException", 503, "unavailable"),
    ],
)
def test_answer_of_cognito_is_converted(
    *,
    call_as_admin: Callable[..., Any],
    cognito: Any,
    aws_error: Callable[..., Exception],
    aws_code: str,
    status: int,
    code: str,
) -> None:
    cognito.error = aws_error(aws_code)

    response = call_as_admin(INVITE_USER, body={"email": "a@b.co"})

    assert (response.status, response.body["code"]) == (status, code)
    assert "CANARY" not in response.text
