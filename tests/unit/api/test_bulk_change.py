"""POST /users/bulk: missing records are created and profiles changed, each with a result of its own."""

from collections.abc import Callable
from typing import Any

import pytest
from userprofiles.api.routes import CHANGE_USERS

NEW = "22222222-2222-4222-8222-222222222222"
OLD = "33333333-3333-4333-8333-333333333333"
ERASED = "44444444-4444-4444-8444-444444444444"
UNCONFIRMED = "55555555-5555-4555-8555-555555555555"
UNKNOWN = "66666666-6666-4666-8666-666666666666"


@pytest.fixture
def users(create_user: Callable[..., None], cognito: Any, tables: Any) -> None:
    create_user(OLD)
    create_user(ERASED)
    cognito.add(NEW, {"sub": NEW, "email": "new@example.com"})
    cognito.add(UNCONFIRMED, {"sub": UNCONFIRMED, "email": "x@example.com"}, status="UNCONFIRMED")
    for item in tables.items():
        if item["PK"] == f"USER#{ERASED}":
            tables.put({"PK": item["PK"], "SK": item["SK"], "entityType": "TOMBSTONE"})


@pytest.mark.usefixtures("users")
def test_each_user_has_a_result_and_a_failure_does_not_stop_the_others(
    call_as_admin: Callable[..., Any], read_account: Callable[[str], dict[str, Any]]
) -> None:
    name = {"account": {"name": "Bo"}}
    response = call_as_admin(
        CHANGE_USERS,
        body={
            "users": [
                {"userId": UNKNOWN},
                {"userId": ERASED, "patch": name},
                {"userId": UNCONFIRMED},
                {"userId": OLD, "patch": {"account": {"role": "vendor"}}},
                {"userId": NEW, "patch": name},
            ]
        },
    )

    assert response.status == 200
    assert response.body["results"] == [
        {"userId": UNKNOWN, "status": 404, "result": "failed", "code": "user_not_found"},
        {"userId": ERASED, "status": 410, "result": "failed", "code": "erased"},
        {"userId": UNCONFIRMED, "status": 409, "result": "failed", "code": "unconfirmed"},
        {"userId": OLD, "status": 400, "result": "failed", "code": "invalid_patch"},
        {"userId": NEW, "status": 201, "result": "created"},
    ]
    assert (read_account(NEW)["name"], read_account(OLD)["role"]) == ("Bo", "customer")


@pytest.mark.usefixtures("users")
def test_second_request_updates_or_changes_nothing(call_as_admin: Callable[..., Any], tables: Any) -> None:
    users = [{"userId": NEW}, {"userId": OLD, "patch": {"account": {"name": "Bo"}}}]
    call_as_admin(CHANGE_USERS, body={"users": users})
    before = tables.items(), tables.audit_rows()

    results = call_as_admin(CHANGE_USERS, body={"users": users}).body["results"]

    assert [result["result"] for result in results] == ["unchanged", "updated"]
    assert (tables.items(), tables.audit_rows()) == before


@pytest.mark.usefixtures("users")
def test_users_are_not_processed_when_the_time_is_over(
    call_as_admin: Callable[..., Any], context: Any, tables: Any
) -> None:
    before = tables.items()
    context.remaining_ms = 3_900

    results = call_as_admin(CHANGE_USERS, body={"users": [{"userId": NEW}]}).body["results"]

    assert results == [{"userId": NEW, "status": 503, "result": "failed", "code": "not_processed"}]
    assert tables.items() == before


@pytest.mark.usefixtures("users")
def test_failed_call_to_cognito_is_the_result_of_its_user(
    call_as_admin: Callable[..., Any], cognito: Any, aws_error: Callable[..., Exception]
) -> None:
    cognito.error = aws_error("TooManyRequestsException")

    results = call_as_admin(CHANGE_USERS, body={"users": [{"userId": NEW}, {"userId": OLD}]}).body["results"]

    assert [result["status"] for result in results] == [503, 200]


def test_a_hundred_users_are_accepted(call_as_admin: Callable[..., Any]) -> None:
    users = [{"userId": f"user-{number}"} for number in range(100)]

    results = call_as_admin(CHANGE_USERS, body={"users": users}).body["results"]

    assert [result["status"] for result in results] == [404] * 100


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, []),
        ([], []),
        ({"users": []}, []),
        ({"users": [{"userId": f"user-{number}"} for number in range(101)]}, []),
        ({"users": [{"userId": OLD}], "more": 1}, []),
        (
            {"users": [7, {"userId": "a#b"}, {"userId": OLD}, {"userId": OLD}, {"userId": NEW, "patch": 7}]},
            ["/users/0", "/users/1/userId", "/users/3/userId", "/users/4/patch"],
        ),
        ({"users": [{"userId": OLD, "role": "admin"}]}, ["/users/0"]),
    ],
    ids=lambda value: str(value)[:60],
)
def test_wrong_body_is_400_and_changes_nothing(
    call_as_admin: Callable[..., Any], tables: Any, body: Any, pointers: list[str]
) -> None:
    before = tables.items()

    response = call_as_admin(CHANGE_USERS, body=body)

    assert (response.status, response.body["code"]) == (400, "invalid_body")
    assert [entry["pointer"] for entry in response.body.get("errors", [])] == pointers
    assert tables.items() == before


def test_body_over_one_megabyte_is_413(call_as_admin: Callable[..., Any]) -> None:
    assert call_as_admin(CHANGE_USERS, body={"users": ["x" * 1024 * 1024]}).status == 413
