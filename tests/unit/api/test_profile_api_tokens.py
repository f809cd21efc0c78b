"""The profile API accepts only access tokens of its clients, for users who exist in Cognito."""

from collections.abc import Callable
from typing import Any

import pytest
from userprofiles.api.routes import ROUTES, Route

SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
CLIENT_ID = "3n4b5urk1ft4fl3mg5e62d9ado"


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.key)
def test_every_route_requires_a_token_if_the_table_says_so(
    route: Route, call_route: Callable[..., Any], load_event: Callable[[str], Any]
) -> None:
    assert call_route(route, claims=None).status == (401 if route.needs_token else 200)


@pytest.mark.usefixtures("confirmed_user")
def test_claims_are_never_stored(call: Callable[..., Any], tables: Any) -> None:
    call(claims={"email": "CLAIM@x.y", "custom:role": "vendor", "name": "CLAIM", "cognito:groups": "[CLAIM]"})

    assert "CLAIM" not in str(tables.items())
    assert tables.items()[0]["role"] == "customer"


@pytest.mark.parametrize(
    "claims",
    [
        {"token_use": "id", "aud": CLIENT_ID},
        {"token_use": "id"},
        {"token_use": None},
        {"client_id": "another-client"},
        {"client_id": None, "aud": CLIENT_ID},
        {"client_id": ""},
        {"sub": None},
        {"sub": "a#b"},
        {"sub": ["x"]},
        {"username": ""},
        {"client_id": [CLIENT_ID]},
    ],
    ids=str,
)
@pytest.mark.usefixtures("confirmed_user")
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_token_other_than_an_access_token_of_our_client_is_401(
    call: Callable[..., Any],
    tables: Any,
    method: str,
    claims: dict[str, Any],
) -> None:
    response = call(method, {"profile": {"language": "fr"}}, claims=claims)

    assert (
        response.status,
        response.body["code"],
        response.headers["www-authenticate"],
    ) == (401, "unauthorized", "Bearer")
    assert tables.items() == []


@pytest.mark.parametrize(
    "context", [{}, {"authorizer": None}, {"authorizer": {"jwt": {}}}, {"authorizer": {"jwt": 7}}]
)
def test_request_without_claims_is_401(
    handle: Callable[[Any], Any],
    load_event: Callable[[str], Any],
    context: dict[str, Any],
) -> None:
    event = load_event("http_api_get_profile")
    del event["requestContext"]["authorizer"]
    event["requestContext"] |= context

    assert handle(event).status == 401


def test_user_who_is_unknown_to_cognito_is_401_and_not_written(call: Callable[..., Any], tables: Any) -> None:
    assert (call().status, call("PATCH", {}).status) == (401, 401)
    assert (tables.items(), tables.audit_rows()) == ([], [])


@pytest.mark.parametrize(
    ("changed_attributes", "changed_state"),
    [({"sub": "somebody-else"}, {}), ({}, {"status": "UNCONFIRMED"}), ({}, {"enabled": False})],
)
def test_other_unconfirmed_or_disabled_user_is_401(
    *,
    call: Callable[..., Any],
    tables: Any,
    cognito: Any,
    user_attributes: dict[str, str],
    changed_attributes: dict[str, str],
    changed_state: dict[str, Any],
) -> None:
    cognito.add(SUB, user_attributes | changed_attributes, **changed_state)

    assert call().status == 401
    assert tables.items() == []
