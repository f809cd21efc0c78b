"""Reading through the profile API: the first access registers the user."""

from collections.abc import Callable
from typing import Any

import pytest

SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
POOL_ID = "us-east-1_aB3dE5fG7"


def test_health_requires_no_token(
    handle: Callable[[Any], Any], load_event: Callable[[str], Any], cognito: Any
) -> None:
    response = handle(load_event("http_api_health"))

    assert (response.status, response.body) == (200, {"status": "ok"})
    assert cognito.requests == []


@pytest.mark.usefixtures("confirmed_user")
def test_first_access_registers_the_user(
    call: Callable[..., Any],
    tables: Any,
    cognito: Any,
) -> None:
    response = call()

    [row] = tables.audit_rows()
    assert response.status == 200
    assert cognito.requests == [(POOL_ID, SUB)]
    assert (row["action"], row["source"]) == ("REGISTERED", "api")
    assert response.body["account"]["email"] == "john@example.com"
    assert response.body["profile"]["firstName"] == "John"


@pytest.mark.usefixtures("confirmed_user")
def test_second_access_does_not_call_cognito_and_writes_nothing(
    call: Callable[..., Any],
    tables: Any,
    cognito: Any,
) -> None:
    first = call()
    before = tables.items()
    cognito.requests.clear()

    second = call()

    assert (first.body, first.headers["etag"]) == (second.body, second.headers["etag"])
    assert (cognito.requests, tables.items()) == ([], before)


@pytest.mark.usefixtures("confirmed_user")
def test_response_has_no_keys_and_no_bookkeeping_and_is_not_cached(call: Callable[..., Any]) -> None:
    response = call()

    fields = response.body["account"].keys() | response.body["profile"].keys()
    internal_fields = {"PK", "SK", "entityType", "listPK", "listSK", "auditHead", "version", "expiresAt"}
    assert set() == fields & internal_fields
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-type"] == "application/json"


@pytest.mark.usefixtures("confirmed_user")
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_current_if_none_match_is_304_without_a_body(call: Callable[..., Any], form: str) -> None:
    etag = call().headers["etag"]

    response = call(headers={"If-None-Match": form.format(etag)})

    assert (response.status, response.text) == (304, "")
    assert (response.headers["etag"], response.headers["cache-control"]) == (etag, "no-store")


@pytest.mark.usefixtures("confirmed_user")
def test_stale_if_none_match_is_200(call: Callable[..., Any]) -> None:
    etag = call().headers["etag"]
    call("PATCH", {"profile": {"language": "fr"}})

    response = call(headers={"If-None-Match": etag})

    assert (response.status, response.body["profile"]["language"]) == (200, "fr")


@pytest.mark.usefixtures("confirmed_user")
def test_federated_user_is_read_from_cognito_by_user_name(
    call: Callable[..., Any], cognito: Any, user_attributes: dict[str, str]
) -> None:
    cognito.add("Google_1", user_attributes, status="EXTERNAL_PROVIDER")

    assert call(claims={"username": "Google_1"}).status == 200
    assert cognito.requests == [(POOL_ID, "Google_1")]


@pytest.mark.usefixtures("confirmed_user")
def test_missing_profile_is_created_on_access(call: Callable[..., Any], tables: Any) -> None:
    first = call()
    tables.delete(tables.items()[1])

    second = call()

    assert first.body["profile"].keys() == second.body["profile"].keys()
    assert {row["action"] for row in tables.audit_rows()} == {"REGISTERED", "REPAIRED"}


@pytest.mark.usefixtures("confirmed_user")
@pytest.mark.parametrize("remaining_position", [0, 1, None])
def test_erased_user_is_410_and_stays_erased(
    call: Callable[..., Any],
    tables: Any,
    cognito: Any,
    remaining_position: int | None,
) -> None:
    call()
    items = tables.items()
    tables.erase()
    if remaining_position is not None:
        tables.delete(items[1 - remaining_position])
    before = tables.items()
    cognito.requests.clear()

    statuses = [call().status, call("PATCH", {"profile": {"language": "fr"}}).status]

    assert (statuses, cognito.requests) == ([410, 410], [])
    assert tables.items() == before
