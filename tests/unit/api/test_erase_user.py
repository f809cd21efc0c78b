"""Erasure by an administrator, and the administrators' routes on a user who is marked for deletion."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from userprofiles.api import routes
from userprofiles.api.routes import CHANGE_USERS, ERASE_USER, LIST_USERS, Route
from userprofiles.table import record

USER = "11111111-1111-4111-8111-111111111111"
ADMIN = "00000000-0000-4000-8000-00000000000a"
QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/erasure"
BODIES: dict[Route, Any] = {
    routes.CHANGE_USER: {"profile": {"language": "fr"}},
    routes.SET_ROLE: {"role": "vendor"},
    routes.SET_STATUS: {"status": "suspended"},
    routes.SET_VENDOR_STATUS: {"vendorStatus": "approved"},
}


@pytest.fixture
def user(create_user: Callable[..., None]) -> None:
    create_user(USER)


def requests(tables: Any) -> list[dict[str, Any]]:
    return [row for row in tables.audit_rows() if row["action"] == "DELETION_REQUESTED"]


@pytest.mark.usefixtures("user")
def test_erasure_marks_the_user_as_due_and_sends_one_message(
    *,
    call_as_admin: Callable[..., Any],
    context: Any,
    queue: Any,
    tables: Any,
    read_account: Callable[[str], Any],
) -> None:
    response = call_as_admin(ERASE_USER, USER)

    assert (response.status, response.body) == (202, {"userId": USER, "state": "erasing"})
    assert queue.messages == [(QUEUE_URL, {"sub": USER})]
    mark = read_account(USER)["deletion"]
    assert mark["requestedAt"] == mark["eraseAt"]
    assert mark["eraseAt"] <= record.timestamp(datetime.now(UTC))
    assert mark["requestedBy"] == f"admin:{ADMIN}"
    [row] = requests(tables)
    assert (row["source"], row["requestId"]) == (f"admin:{ADMIN}", context.aws_request_id)


@pytest.mark.usefixtures("user")
def test_erasure_of_a_user_in_the_grace_period_ends_it(
    call_as_admin: Callable[..., Any], mark_user: Callable[..., Any], read_account: Callable[[str], Any]
) -> None:
    mark_user(USER)
    lists = read_account(USER)["deletion"]["lists"]

    assert call_as_admin(ERASE_USER, USER).status == 202
    mark = read_account(USER)["deletion"]
    assert (mark["requestedBy"], mark["lists"]) == (f"admin:{ADMIN}", lists)


@pytest.mark.usefixtures("user")
def test_failed_message_is_503_and_the_next_request_sends_it(
    call_as_admin: Callable[..., Any], queue: Any, aws_error: Callable[..., Exception], tables: Any
) -> None:
    queue.error = aws_error("AccessDenied")
    assert call_as_admin(ERASE_USER, USER).status == 503

    queue.error = None
    assert call_as_admin(ERASE_USER, USER).status == 202
    assert queue.messages == [(QUEUE_URL, {"sub": USER})]
    assert len(requests(tables)) == 1


def test_administrators_can_not_erase_themselves(call_as_admin: Callable[..., Any], queue: Any) -> None:
    response = call_as_admin(ERASE_USER, ADMIN)

    assert (response.status, response.body["code"]) == (409, "own_account")
    assert queue.messages == []


@pytest.mark.parametrize("user_id", [USER, "a.b", "x" * 200])
def test_unknown_user_is_404(call_as_admin: Callable[..., Any], queue: Any, user_id: str) -> None:
    response = call_as_admin(ERASE_USER, user_id)

    assert (response.status, response.body["code"]) == (404, "user_not_found")
    assert queue.messages == []


@pytest.mark.usefixtures("user")
def test_account_without_a_profile_can_be_erased(
    call_as_admin: Callable[..., Any], queue: Any, tables: Any
) -> None:
    [profile] = [
        item for item in tables.items() if (item["PK"], item["SK"]) == (f"USER#{USER}", "PROFILE#MAIN")
    ]
    tables.delete(profile)

    assert call_as_admin(ERASE_USER, USER).status == 202
    assert len(queue.messages) == 1


@pytest.mark.usefixtures("user")
def test_erased_user_is_410(call_as_admin: Callable[..., Any], queue: Any, tables: Any) -> None:
    for item in tables.items():
        if item["PK"] == f"USER#{USER}":
            tables.put({"PK": item["PK"], "SK": item["SK"], "entityType": "TOMBSTONE"})

    response = call_as_admin(ERASE_USER, USER)

    assert (response.status, response.body["code"]) == (410, "erased")
    assert queue.messages == []


@pytest.mark.usefixtures("user")
def test_without_a_queue_erasure_is_501_and_nothing_is_written(
    call_as_admin: Callable[..., Any], admin_api: Any, monkeypatch: pytest.MonkeyPatch, tables: Any
) -> None:
    monkeypatch.setattr(admin_api, "ERASURE_QUEUE", admin_api.ErasureQueue(""))
    before = tables.items()

    response = call_as_admin(ERASE_USER, USER)

    assert (response.status, response.body["code"]) == (501, "not_configured")
    assert tables.items() == before


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize(("days", "code"), [(30, "deletion_pending"), (0, "erasure_due")])
@pytest.mark.parametrize(
    "route",
    [route for route in routes.ROUTES if "{id}" in route.path and route != ERASE_USER],
    ids=lambda route: route.key,
)
def test_routes_of_administrators_answer_410_for_a_marked_user(
    *,
    call_as_admin: Callable[..., Any],
    mark_user: Callable[..., Any],
    tables: Any,
    route: Route,
    days: int,
    code: str,
) -> None:
    mark_user(USER, days=days)
    before = tables.items(), tables.audit_rows()

    response = call_as_admin(route, USER, BODIES.get(route))

    assert (response.status, response.body["code"]) == (410, code)
    assert (tables.items(), tables.audit_rows()) == before


@pytest.mark.usefixtures("user")
def test_bulk_request_has_a_result_for_a_marked_user(
    call_as_admin: Callable[..., Any], mark_user: Callable[..., Any]
) -> None:
    mark_user(USER)
    users = [{"userId": USER, "patch": BODIES[routes.CHANGE_USER]}, {"userId": ADMIN}]

    results = call_as_admin(CHANGE_USERS, body={"users": users}).body["results"]

    assert results == [
        {"userId": USER, "status": 410, "result": "failed", "code": "deletion_pending"},
        {"userId": ADMIN, "status": 200, "result": "unchanged"},
    ]


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("query", [{"role": "customer"}, {"role": "customer", "status": "active"}])
def test_lists_have_no_marked_user(
    *,
    call_as_admin: Callable[..., Any],
    mark_user: Callable[..., Any],
    set_fields: Callable[..., None],
    read_account: Callable[[str], Any],
    query: dict[str, str],
) -> None:
    """An index is eventually consistent: a marked user can still be in the former lists."""

    def listed_users() -> list[str]:
        users, cursor = [], {}
        while True:
            page = call_as_admin(LIST_USERS, query={**query, **cursor}).body
            users += [entry["userId"] for entry in page["users"]]
            if "cursor" not in page:
                return users
            cursor = {"cursor": page["cursor"]}

    assert listed_users() == [USER]
    lists = {name: read_account(USER)[name] for name in ("listPK", "listSK", "statusListPK")}
    mark_user(USER)
    assert listed_users() == []
    set_fields(USER, **lists)
    assert listed_users() == []
