"""Idempotency-Key: one effect and equal answers for the same key of the same user and route."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from userprofiles.api.routes import CHANGE_USERS, INVITE_USER
from userprofiles.table import record

ADMIN = "00000000-0000-4000-8000-00000000000a"
SECOND_ADMIN = "00000000-0000-4000-8000-00000000000b"
USER = "11111111-1111-4111-8111-111111111111"
KEY = {"idempotency-key": "7b0c"}
INVITATION = {"email": "canary@example.com", "role": "vendor"}


def creations(cognito: Any) -> int:
    return [name for name, _ in cognito.requests].count("AdminCreateUser")


def test_same_key_five_times_has_one_effect_and_equal_answers(
    call_as_admin: Callable[..., Any], cognito: Any
) -> None:
    responses = [call_as_admin(INVITE_USER, body=INVITATION, headers=KEY) for _ in range(5)]

    assert {(response.status, response.text) for response in responses} == {(201, responses[0].text)}
    assert creations(cognito) == 1


def test_without_a_key_the_request_is_executed_again(call_as_admin: Callable[..., Any], cognito: Any) -> None:
    statuses = [call_as_admin(INVITE_USER, body=INVITATION).status for _ in range(2)]

    assert (statuses, creations(cognito)) == ([201, 409], 2)


def test_stored_answer_has_ids_and_statuses_only(call_as_admin: Callable[..., Any], tables: Any) -> None:
    sub = call_as_admin(INVITE_USER, body=INVITATION, headers=KEY).body["userId"]

    [item] = tables.items_of(tables.idempotency)
    assert json.loads(item["data"]) == {"userId": sub, "status": "invited"}
    assert item["expiration"] > 0
    assert "canary" not in str(item)
    assert "7b0c" not in str(item)


def test_same_key_with_another_body_is_422(call_as_admin: Callable[..., Any], cognito: Any) -> None:
    call_as_admin(INVITE_USER, body=INVITATION, headers=KEY)

    response = call_as_admin(INVITE_USER, body={"email": "other@example.com"}, headers=KEY)

    assert (response.status, response.body["code"], creations(cognito)) == (422, "key_reused", 1)


def test_key_belongs_to_one_route(call_as_admin: Callable[..., Any], cognito: Any) -> None:
    call_as_admin(INVITE_USER, body=INVITATION, headers=KEY)

    response = call_as_admin(CHANGE_USERS, body={"users": [{"userId": USER}]}, headers=KEY)

    assert (response.status, creations(cognito)) == (200, 1)


def test_key_belongs_to_one_user(
    *,
    call_as_admin: Callable[..., Any],
    create_user: Callable[..., None],
    set_fields: Callable[..., None],
    cognito: Any,
) -> None:
    create_user(SECOND_ADMIN)
    set_fields(SECOND_ADMIN, role="admin", **record.list_keys(SECOND_ADMIN, "admin", "active"))
    claims = {"sub": SECOND_ADMIN, "username": SECOND_ADMIN, "cognito:groups": "[admin]"}

    first = call_as_admin(INVITE_USER, body=INVITATION, headers=KEY)
    second = call_as_admin(INVITE_USER, body=INVITATION, headers=KEY, claims=claims)

    assert (first.status, second.status, creations(cognito)) == (201, 409, 2)


def test_failed_request_can_be_sent_again_with_the_same_key(
    call_as_admin: Callable[..., Any], cognito: Any, aws_error: Callable[..., Exception]
) -> None:
    cognito.error = aws_error("TooManyRequestsException")
    failed = call_as_admin(INVITE_USER, body=INVITATION, headers=KEY)
    cognito.error = None

    repeated = call_as_admin(INVITE_USER, body=INVITATION, headers=KEY)

    assert (failed.status, repeated.status) == (503, 201)


def test_request_that_is_still_running_is_409(
    call_as_admin: Callable[..., Any], tables: Any, cognito: Any
) -> None:
    call_as_admin(INVITE_USER, body=INVITATION, headers=KEY)
    [item] = tables.items_of(tables.idempotency)
    running = item | {"status": "INPROGRESS", "in_progress_expiration": item["expiration"] * 1000}
    tables.put(running, table=tables.idempotency)

    response = call_as_admin(INVITE_USER, body=INVITATION, headers=KEY)

    assert (response.status, response.body["code"], creations(cognito)) == (409, "in_progress", 1)


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256])
def test_key_in_an_invalid_form_is_400(call_as_admin: Callable[..., Any], cognito: Any, key: str) -> None:
    response = call_as_admin(INVITE_USER, body=INVITATION, headers={"idempotency-key": key})

    assert (response.status, response.body["code"]) == (400, "invalid_idempotency_key")
    assert creations(cognito) == 0


def test_table_that_does_not_answer_is_503_and_nothing_is_executed(
    call_as_admin: Callable[..., Any], admin_api: Any, monkeypatch: pytest.MonkeyPatch, cognito: Any
) -> None:
    monkeypatch.setattr(admin_api.IDEMPOTENT_REQUESTS, "_table", "missing")

    assert call_as_admin(INVITE_USER, body=INVITATION, headers=KEY).status == 503
    assert creations(cognito) == 0
