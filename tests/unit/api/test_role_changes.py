"""Changes of the role: the group of administrators, failures between two steps, and concurrent requests."""

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from userprofiles.api import roles
from userprofiles.api.account_changes import change_account, plan_status
from userprofiles.api.errors import ApiError
from userprofiles.api.routes import READ_USER, SET_ROLE, SET_STATUS
from userprofiles.table import audit, record
from userprofiles.table.audit import Action

ADMIN = "00000000-0000-4000-8000-00000000000a"
SECOND_ADMIN = "00000000-0000-4000-8000-00000000000b"
USER = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def user(create_user: Callable[..., None]) -> str:
    create_user(USER)
    return USER


@pytest.mark.usefixtures("user")
def test_refused_change_to_admin_does_not_add_the_user_to_the_group(
    call_as_admin: Callable[..., Any], cognito: Any
) -> None:
    response = call_as_admin(SET_ROLE, USER, {"role": "admin"}, headers={"if-match": '"old"'})

    assert (response.status, cognito.groups["admin"]) == (412, set())


@pytest.mark.usefixtures("user")
def test_repeated_request_removes_the_user_from_the_group_after_a_failure(
    call_as_admin: Callable[..., Any],
    cognito: Any,
    aws_error: Callable[..., Exception],
    read_account: Callable[[str], dict[str, Any]],
) -> None:
    call_as_admin(SET_ROLE, USER, {"role": "admin"})
    cognito.error = aws_error("TooManyRequestsException")
    failure = call_as_admin(SET_ROLE, USER, {"role": "customer"})
    role_after_failure = read_account(USER)["role"]
    cognito.error = None

    repetition = call_as_admin(SET_ROLE, USER, {"role": "customer"})

    assert (failure.status, role_after_failure) == (503, "customer")
    assert (repetition.status, cognito.groups["admin"]) == (200, set())


@pytest.mark.usefixtures("user")
def test_administrator_can_create_another_one(
    call_as_admin: Callable[..., Any], call_route: Callable[..., Any]
) -> None:
    """Only the first administrator needs the operator."""
    call_as_admin(SET_ROLE, USER, {"role": "admin"})
    claims = {"sub": USER, "username": USER, "cognito:groups": "[admin]"}

    assert call_route(READ_USER, ADMIN, claims=claims).status == 200


@pytest.mark.usefixtures("user")
def test_administrator_who_was_demoted_can_not_demote_the_other_one(
    *,
    call_as_admin: Callable[..., Any],
    call_route: Callable[..., Any],
    create_user: Callable[..., None],
    set_fields: Callable[..., None],
    read_account: Callable[[str], dict[str, Any]],
) -> None:
    """The last administrator therefore stays: nobody can demote the own account."""
    create_user(SECOND_ADMIN)
    set_fields(SECOND_ADMIN, role="admin", **record.list_keys(SECOND_ADMIN, "admin", "active"))
    claims = {"sub": SECOND_ADMIN, "username": SECOND_ADMIN, "cognito:groups": "[admin]"}

    demotion = call_as_admin(SET_ROLE, SECOND_ADMIN, {"role": "customer"})
    answer = call_route(SET_ROLE, ADMIN, {"role": "customer"}, claims=claims)
    promotion = call_route(SET_ROLE, SECOND_ADMIN, {"role": "admin"}, claims=claims)
    own = [
        call_as_admin(SET_ROLE, ADMIN, {"role": "customer"}).status,
        call_as_admin(SET_STATUS, ADMIN, {"status": "suspended"}).status,
    ]

    assert (demotion.status, answer.status, promotion.status, own) == (200, 403, 403, [409, 409])
    assert read_account(ADMIN)["role"] == "admin"


@pytest.mark.usefixtures("user")
def test_parallel_changes_of_role_and_status_leave_one_consistent_account(
    admin_api: Any, read_account: Callable[[str], dict[str, Any]], tables: Any
) -> None:
    """Requests that lose five times are 409; the others are one chain of audit rows."""
    administration = admin_api.ADMINISTRATION
    registrar = administration.registrar
    start = threading.Barrier(32)
    roles_and_statuses = itertools.product(["vendor", "customer"], ["suspended", "active"])
    values = list(itertools.islice(itertools.cycle(roles_and_statuses), 32))

    def change(number: int) -> int:
        role, status = values[number]
        start.wait()
        try:
            if number % 2:
                roles.set_role(administration, USER, role)
            else:
                plan = plan_status(registrar.template, status)
                change_account(registrar, USER, Action.STATUS_CHANGED, plan, sleep=lambda _: None)
        except ApiError as error:
            return error.status
        return 200

    with ThreadPoolExecutor(32) as pool:
        statuses = set(pool.map(change, range(32)))

    account = read_account(USER)
    rows = [row for row in tables.audit_rows() if row["PK"] == f"USER#{USER}"]
    list_keys = record.list_keys(USER, account["role"], account["status"])
    assert {200} <= statuses <= {200, 409}
    assert {name: account[name] for name in list_keys} == list_keys
    assert audit.verify(rows, account["auditHead"]) == len(rows) == account["version"]
