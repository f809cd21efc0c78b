"""Deletion, restore and erasure against each other and against other writes, at the worst moment."""

import dataclasses
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from userprofiles.api.routes import (
    CHANGE_PROFILE,
    DELETE_USER,
    ERASE_USER,
    READ_PROFILE,
    RESTORE_USER,
    SET_STATUS,
)
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.registration.registrar import Registrar
from userprofiles.table import audit
from userprofiles.table.store import Store

SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
LANGUAGE = {"profile": {"language": "fr"}}
ADMIN_SOURCE = "admin:00000000-0000-4000-8000-00000000000a"


class InterruptedStore:
    """A store that runs an action before its next writes, after the caller has read the user."""

    def __init__(self, store: Store, action: Callable[[], Any], times: int = 1) -> None:
        self._store = store
        self._action = action
        self._times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def create(self, *arguments: Any) -> Any:
        self._interrupt()
        return self._store.create(*arguments)

    def change(self, *arguments: Any) -> Any:
        self._interrupt()
        return self._store.change(*arguments)

    def _interrupt(self) -> None:
        if self._times:
            self._times -= 1
            self._action()


@pytest.fixture
def interrupt(
    replace_registrar_part: Callable[..., None], admin_api: Any, monkeypatch: pytest.MonkeyPatch, store: Store
) -> Callable[..., None]:
    """Return a function that runs an action before the next write of the API."""

    def replace(action: Callable[[], Any], times: int = 1) -> None:
        interrupted = InterruptedStore(store, action, times)
        replace_registrar_part(store=interrupted)
        administration = admin_api.ADMINISTRATION
        registrar = dataclasses.replace(administration.registrar, store=interrupted)
        monkeypatch.setattr(
            admin_api, "ADMINISTRATION", dataclasses.replace(administration, registrar=registrar)
        )

    return replace


@pytest.fixture
def user(create_user: Callable[..., None]) -> None:
    create_user(SUB)


@pytest.fixture
def actions(tables: Any, read_account: Callable[[str], Any]) -> Callable[[], list[str]]:
    """Return a function that checks the user's audit chain and returns its actions, the oldest first."""

    def read() -> list[str]:
        rows = [row for row in tables.audit_rows() if row["PK"] == f"USER#{SUB}"]
        assert audit.verify(rows, read_account(SUB)["auditHead"]) == len(rows)
        return [row["action"] for row in sorted(rows, key=lambda row: row["version"])]

    return read


@pytest.mark.usefixtures("user")
def test_two_deletes_mark_once(
    call_route: Callable[..., Any], interrupt: Callable[..., None], actions: Any, cognito: Any
) -> None:
    statuses = []
    interrupt(lambda: statuses.append(call_route(DELETE_USER).status))

    response = call_route(DELETE_USER)

    assert (statuses, response.status, response.body["code"]) == ([202], 410, "deletion_pending")
    assert actions() == ["REGISTERED", "DELETION_REQUESTED"]
    assert cognito.sign_outs == [SUB, SUB]


@pytest.mark.usefixtures("user")
def test_many_deletes_at_the_same_time_mark_once(
    call_route: Callable[..., Any], interrupt: Callable[..., None], actions: Any
) -> None:
    start = threading.Barrier(8)

    def delete(_: int) -> int:
        start.wait()
        status: int = call_route(DELETE_USER).status
        return status

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(delete, range(8)))

    assert statuses == [202, *[410] * 7]
    assert actions() == ["REGISTERED", "DELETION_REQUESTED"]


@pytest.mark.usefixtures("user")
def test_change_loses_against_a_delete(
    call_route: Callable[..., Any], interrupt: Callable[..., None], actions: Any
) -> None:
    interrupt(lambda: call_route(DELETE_USER))

    assert call_route(CHANGE_PROFILE, body=LANGUAGE).body["code"] == "deletion_pending"
    assert actions() == ["REGISTERED", "DELETION_REQUESTED"]
    assert call_route(RESTORE_USER).body["profile"]["language"] == "en"


@pytest.mark.usefixtures("user")
def test_delete_keeps_a_change_that_came_first(
    call_route: Callable[..., Any], interrupt: Callable[..., None], actions: Any
) -> None:
    interrupt(lambda: call_route(CHANGE_PROFILE, body=LANGUAGE))

    assert call_route(DELETE_USER).status == 202
    assert actions() == ["REGISTERED", "PROFILE_UPDATED", "DELETION_REQUESTED"]
    assert call_route(RESTORE_USER).body["profile"]["language"] == "fr"


@pytest.mark.usefixtures("user")
def test_change_of_an_administrator_loses_against_a_delete(
    call_route: Callable[..., Any],
    call_as_admin: Callable[..., Any],
    interrupt: Callable[..., None],
    read_account: Callable[[str], Any],
) -> None:
    interrupt(lambda: call_route(DELETE_USER))

    response = call_as_admin(SET_STATUS, SUB, {"status": "suspended"})

    assert (response.status, response.body["code"]) == (410, "deletion_pending")
    assert read_account(SUB)["status"] == "active"


@pytest.mark.usefixtures("user")
def test_restore_loses_against_an_erasure(
    *,
    call_route: Callable[..., Any],
    call_as_admin: Callable[..., Any],
    interrupt: Callable[..., None],
    mark_user: Callable[..., Any],
    actions: Any,
    read_account: Callable[[str], Any],
) -> None:
    mark_user(SUB)
    interrupt(lambda: call_as_admin(ERASE_USER, SUB))

    assert call_route(RESTORE_USER).body["code"] == "erasure_due"
    assert actions() == ["REGISTERED", "DELETION_REQUESTED", "DELETION_REQUESTED"]
    assert read_account(SUB)["deletion"]["requestedBy"] == ADMIN_SOURCE


@pytest.mark.usefixtures("user")
def test_erasure_marks_a_user_again_who_was_restored_meanwhile(
    *,
    call_route: Callable[..., Any],
    call_as_admin: Callable[..., Any],
    interrupt: Callable[..., None],
    mark_user: Callable[..., Any],
    actions: Any,
    queue: Any,
) -> None:
    mark_user(SUB)
    interrupt(lambda: call_route(RESTORE_USER))

    assert call_as_admin(ERASE_USER, SUB).status == 202
    assert actions() == ["REGISTERED", "DELETION_REQUESTED", "RESTORED", "DELETION_REQUESTED"]
    assert call_route(RESTORE_USER).body["code"] == "erasure_due"
    assert [message for _, message in queue.messages] == [{"sub": SUB}]


@pytest.mark.usefixtures("user")
def test_two_restores_write_one_audit_row(
    call_route: Callable[..., Any],
    interrupt: Callable[..., None],
    mark_user: Callable[..., Any],
    actions: Any,
) -> None:
    mark_user(SUB)
    interrupt(lambda: call_route(RESTORE_USER))

    assert call_route(RESTORE_USER).status == 200
    assert actions() == ["REGISTERED", "DELETION_REQUESTED", "RESTORED"]


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("route", [DELETE_USER, RESTORE_USER], ids=lambda route: route.key)
def test_erased_user_stays_erased(
    *,
    call_route: Callable[..., Any],
    interrupt: Callable[..., None],
    mark_user: Callable[..., Any],
    tables: Any,
    route: Any,
) -> None:
    if route == RESTORE_USER:
        mark_user(SUB)
    interrupt(tables.erase)

    response = call_route(route)

    assert (response.status, response.body["code"]) == (410, "erased")
    assert {item["entityType"] for item in tables.items()} == {"TOMBSTONE"}


def test_delete_while_the_trigger_registers_the_user_marks_that_user(
    *,
    call_route: Callable[..., Any],
    interrupt: Callable[..., None],
    cognito: Any,
    create_registrar: Callable[..., Registrar],
    user_attributes: dict[str, str],
    actions: Any,
    read_account: Callable[[str], Any],
) -> None:
    cognito.add(SUB, user_attributes)
    user = CognitoUser(SUB, SUB, "us-east-1_aB3dE5fG7", user_attributes, "CONFIRMED")
    interrupt(lambda: create_registrar("PostConfirmation_ConfirmSignUp").register(user))

    assert call_route(DELETE_USER).status == 202
    assert actions() == ["REGISTERED", "DELETION_REQUESTED"]
    assert read_account(SUB)["createdBy"] == "sign_up"


@pytest.mark.usefixtures("user")
def test_trigger_after_the_delete_changes_nothing(
    call_route: Callable[..., Any],
    create_registrar: Callable[..., Registrar],
    user_attributes: dict[str, str],
    tables: Any,
) -> None:
    call_route(DELETE_USER)
    before = tables.items(), tables.audit_rows()

    user = CognitoUser(SUB, SUB, "us-east-1_aB3dE5fG7", user_attributes, "CONFIRMED")
    create_registrar("outbox").register(user)

    assert (tables.items(), tables.audit_rows()) == before


@pytest.mark.usefixtures("user")
def test_delete_gives_up_after_five_conflicts(
    call_route: Callable[..., Any],
    interrupt: Callable[..., None],
    store: Store,
    create_registrar: Callable[..., Registrar],
) -> None:
    def write() -> None:
        user = store.read(SUB)
        row = audit.create_row(
            SUB,
            audit.Action.PROFILE_UPDATED,
            source="test",
            account=user.account,
            moment=create_registrar("test").clock(),
        )
        assert store.change(user, {}, row) is not None

    interrupt(write, times=5)

    response = call_route(DELETE_USER)

    assert (response.status, response.body["code"]) == (409, "conflict")
    assert call_route(READ_PROFILE).status == 200
