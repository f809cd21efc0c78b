"""Deletion on request: DELETE /me, POST /me/restore, and 410 for marked users on every other route."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from userprofiles.api import routes
from userprofiles.api.routes import DELETE_USER, EXPORT_USER, READ_PROFILE, RESTORE_USER, Route
from userprofiles.table import audit, record

SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
# Later than the registrations of the tests.
NOW = datetime(2100, 2, 4, 16, 0, 0, tzinfo=UTC)
OWN_ROUTES = [route for route in routes.ROUTES if route.needs_token and route.handler == routes.USERS]
BODIES: dict[Route, Any] = {
    routes.CHANGE_PROFILE: {"profile": {"language": "fr"}},
    routes.CREATE_AVATAR: {"contentType": "image/png"},
}


@pytest.fixture
def at(replace_registrar_part: Callable[..., None]) -> Callable[[datetime], None]:
    """Return a function that sets the time."""
    return lambda moment: replace_registrar_part(clock=lambda: moment)


@pytest.fixture
def user(create_user: Callable[..., None]) -> None:
    create_user(SUB)


def actions(tables: Any) -> list[str]:
    return [row["action"] for row in tables.audit_rows()]


@pytest.mark.usefixtures("user")
def test_delete_marks_the_account_in_one_transaction_and_signs_out(
    *,
    call_route: Callable[..., Any],
    at: Callable[[datetime], None],
    cognito: Any,
    tables: Any,
    read_account: Callable[[str], dict[str, Any]],
) -> None:
    at(NOW)
    lists = {name: read_account(SUB)[name] for name in ("listPK", "listSK", "statusListPK")}

    response = call_route(DELETE_USER)

    assert response.status == 202
    assert response.body == {
        "deletion": {"requestedAt": "2100-02-04T16:00:00Z", "eraseAt": "2100-03-06T16:00:00Z"}
    }
    account = read_account(SUB)
    assert account["deletion"] == {**response.body["deletion"], "requestedBy": "user", "lists": lists}
    assert account["listPK"] == record.list_partition(record.list_shard(SUB), "DELETION")
    assert actions(tables) == ["REGISTERED", "DELETION_REQUESTED"]
    assert tables.audit_rows()[-1]["source"] == "api"
    assert audit.verify(tables.audit_rows(), account["auditHead"]) == 2
    assert cognito.sign_outs == [SUB]
    assert cognito.users[SUB]["Enabled"]


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("route", OWN_ROUTES, ids=lambda route: route.key)
def test_marked_user_gets_410_with_the_time_of_the_erasure(
    call_route: Callable[..., Any], mark_user: Callable[..., Any], route: Route
) -> None:
    request = mark_user(SUB)

    response = call_route(route, body=BODIES.get(route))

    if route in {RESTORE_USER, EXPORT_USER}:
        assert response.status == 200
        return
    assert (response.status, response.body["code"]) == (410, "deletion_pending")
    assert response.body["eraseAt"] == request.erase_at
    assert "POST /me/restore" in response.body["detail"]


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("route", OWN_ROUTES, ids=lambda route: route.key)
def test_due_user_gets_410_also_for_a_restore(
    call_route: Callable[..., Any], mark_user: Callable[..., Any], tables: Any, route: Route
) -> None:
    request = mark_user(SUB, days=0)
    before = tables.items()

    response = call_route(route, body=BODIES.get(route))

    assert (response.status, response.body["code"]) == (410, "erasure_due")
    assert response.body["eraseAt"] == request.erase_at
    assert tables.items() == before


@pytest.mark.usefixtures("user")
def test_restore_is_possible_until_the_last_second(
    call_route: Callable[..., Any], at: Callable[[datetime], None]
) -> None:
    at(NOW)
    call_route(DELETE_USER)

    at(NOW + timedelta(days=30))
    assert call_route(RESTORE_USER).body["code"] == "erasure_due"
    at(NOW + timedelta(days=30, seconds=-1))
    assert call_route(RESTORE_USER).status == 200


@pytest.mark.usefixtures("user")
def test_restore_gives_back_the_same_account_with_one_audit_row(
    call_route: Callable[..., Any], tables: Any, read_account: Callable[[str], dict[str, Any]]
) -> None:
    document = call_route(READ_PROFILE)
    before = read_account(SUB)
    call_route(DELETE_USER)

    response = call_route(RESTORE_USER)

    assert (response.status, response.body) == (200, document.body)
    account = read_account(SUB)
    assert response.headers["etag"] == call_route(READ_PROFILE).headers["etag"]
    assert account == {**before, "auditHead": account["auditHead"], "version": 3}
    assert actions(tables) == ["REGISTERED", "DELETION_REQUESTED", "RESTORED"]
    assert audit.verify(tables.audit_rows(), account["auditHead"]) == 3


@pytest.mark.usefixtures("user")
def test_restore_of_a_user_who_is_not_marked_writes_nothing(
    call_route: Callable[..., Any], tables: Any
) -> None:
    before = tables.items(), tables.audit_rows()

    response = call_route(RESTORE_USER)

    assert (response.status, response.text) == (200, call_route(READ_PROFILE).text)
    assert (tables.items(), tables.audit_rows()) == before


@pytest.mark.usefixtures("user")
def test_second_delete_signs_out_again_and_changes_nothing(
    call_route: Callable[..., Any], cognito: Any, tables: Any
) -> None:
    call_route(DELETE_USER)
    before = tables.items(), tables.audit_rows()

    response = call_route(DELETE_USER)

    assert (response.status, response.body["code"]) == (410, "deletion_pending")
    assert cognito.sign_outs == [SUB, SUB]
    assert (tables.items(), tables.audit_rows()) == before


@pytest.mark.usefixtures("user")
def test_failed_sign_out_is_503_and_the_next_request_completes_it(
    call_route: Callable[..., Any],
    cognito: Any,
    aws_error: Callable[..., Exception],
    read_account: Callable[[str], dict[str, Any]],
) -> None:
    cognito.sign_out_error = aws_error("TooManyRequestsException")
    assert call_route(DELETE_USER).status == 503
    assert "deletion" in read_account(SUB)
    assert call_route(DELETE_USER).status == 503

    cognito.sign_out_error = None
    assert call_route(DELETE_USER).status == 410
    assert cognito.sign_outs == [SUB]


@pytest.mark.usefixtures("user")
def test_user_whom_cognito_no_longer_has_is_marked(
    call_route: Callable[..., Any], cognito: Any, read_account: Callable[[str], dict[str, Any]]
) -> None:
    del cognito.users[SUB]

    assert call_route(DELETE_USER).status == 202
    assert "deletion" in read_account(SUB)


@pytest.mark.usefixtures("user")
def test_another_user_who_got_the_name_is_not_signed_out(
    call_route: Callable[..., Any], cognito: Any
) -> None:
    cognito.add(SUB, {"sub": "11111111-1111-4111-8111-111111111111"})

    assert call_route(DELETE_USER).status == 202
    assert cognito.sign_outs == []


@pytest.mark.usefixtures("confirmed_user")
def test_first_request_of_a_user_registers_and_marks(call_route: Callable[..., Any], tables: Any) -> None:
    assert call_route(DELETE_USER).status == 202
    assert actions(tables) == ["REGISTERED", "DELETION_REQUESTED"]
    assert call_route(READ_PROFILE).status == 410


def test_delete_of_a_user_whom_cognito_does_not_know_is_401(
    call_route: Callable[..., Any], tables: Any
) -> None:
    assert call_route(DELETE_USER).status == 401
    assert tables.items() == []


@pytest.mark.usefixtures("user")
def test_without_a_queue_delete_is_501_and_nothing_is_written(
    call_route: Callable[..., Any], api: Any, monkeypatch: pytest.MonkeyPatch, tables: Any
) -> None:
    monkeypatch.setattr(api, "ERASURE_QUEUE", api.ErasureQueue(""))
    before = tables.items()

    response = call_route(DELETE_USER)

    assert (response.status, response.body["code"]) == (501, "not_configured")
    assert tables.items() == before


@pytest.mark.usefixtures("user")
def test_audit_rows_have_the_request_id(
    call_route: Callable[..., Any], context: Any, tables: Any, log: io.StringIO
) -> None:
    call_route(DELETE_USER)

    assert tables.audit_rows()[-1]["requestId"] == context.aws_request_id
    assert json.loads(log.getvalue())["requestId"] == context.aws_request_id


@pytest.mark.usefixtures("user")
def test_no_log_line_of_a_deletion_has_personal_data(
    call_route: Callable[..., Any], log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    for route in (DELETE_USER, READ_PROFILE, RESTORE_USER):
        call_route(route)

    assert "example.com" not in log.getvalue() + capsys.readouterr().out
