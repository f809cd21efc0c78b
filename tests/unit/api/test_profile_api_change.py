"""Changes through the profile API."""

import base64
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from userprofiles.api.access_token import Caller
from userprofiles.api.errors import ApiError
from userprofiles.api.profile_service import ProfileService
from userprofiles.backfill.users.skip_rule import DEFAULT_STATUSES
from userprofiles.table import audit
from userprofiles.table.store import Store, UserItems

SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


@pytest.mark.usefixtures("confirmed_user")
def test_change_is_stored_with_an_audit_row_without_its_values(call: Callable[..., Any], tables: Any) -> None:
    call()

    response = call(
        "PATCH", {"profile": {"address": {"city": "Lyon"}}, "account": {"cart": [{"price": 9.5}]}}
    )

    account, profile = tables.items()
    assert response.status == 200
    assert (profile["address"]["city"], profile["address"]["street"]) == ("Lyon", "")
    assert response.body["account"]["cart"] == [{"price": 9.5}]
    assert response.body["profile"]["updatedAt"] == profile["updatedAt"]
    assert audit.verify(tables.audit_rows(), account["auditHead"]) == 2
    [row] = [row for row in tables.audit_rows() if row["action"] == "PROFILE_UPDATED"]
    assert row["fields"] == ["account.cart", "profile.address"]
    assert "Lyon" not in str(tables.audit_rows())


@pytest.mark.usefixtures("confirmed_user")
def test_change_by_an_unregistered_user_registers_the_user_first(
    call: Callable[..., Any], tables: Any
) -> None:
    response = call("PATCH", {"profile": {"language": "fr"}})

    assert (response.status, response.body["profile"]["language"]) == (200, "fr")
    assert len(tables.audit_rows()) == 2


@pytest.mark.usefixtures("confirmed_user")
def test_change_moves_updated_at_only_with_the_profile(
    call: Callable[..., Any],
    replace_registrar_part: Callable[..., None],
    now: datetime,
) -> None:
    first = call().body["profile"]["updatedAt"]
    replace_registrar_part(clock=lambda: now)

    after_account_change = call("PATCH", {"account": {"name": "Bo"}}).body["profile"]["updatedAt"]
    after_profile_change = call("PATCH", {"profile": {"language": "fr"}}).body["profile"]["updatedAt"]

    assert (after_account_change, after_profile_change) == (first, "2026-02-04T16:00:00Z")


@pytest.mark.usefixtures("confirmed_user")
def test_patch_without_changes_writes_nothing(call: Callable[..., Any], tables: Any) -> None:
    first = call()
    before = tables.items(), tables.audit_rows()

    response = call("PATCH", {"profile": {"language": "en"}})

    assert (response.status, response.body) == (200, first.body)
    assert before == (tables.items(), tables.audit_rows())


@pytest.mark.usefixtures("confirmed_user")
@pytest.mark.parametrize(
    "patch",
    [{"account": {"role": "vendor"}}, {"profile": {"userId": "x"}}, {"profile": {"PK": "x"}}, [], "x", None],
    ids=str,
)
def test_rejected_patch_is_400_and_changes_nothing(call: Callable[..., Any], tables: Any, patch: Any) -> None:
    call()
    before = tables.items()

    response = call("PATCH", patch)

    assert (response.status, response.body["code"]) == (400, "invalid_patch")
    assert tables.items() == before


@pytest.mark.usefixtures("confirmed_user")
def test_error_of_a_rejected_patch_lists_the_fields(call: Callable[..., Any]) -> None:
    response = call("PATCH", {"account": {"role": "vendor"}})

    assert response.headers["content-type"] == "application/problem+json"
    assert response.body == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "The change is not accepted; see errors.",
        "code": "invalid_patch",
        "errors": [
            {"pointer": "/account/role", "code": "read_only", "detail": "can't be changed by the user"}
        ],
    }


@pytest.mark.usefixtures("confirmed_user")
@pytest.mark.parametrize("status", [*DEFAULT_STATUSES, " Suspended "])
def test_user_of_an_inactive_account_can_read_but_not_change(
    call: Callable[..., Any], tables: Any, status: str
) -> None:
    call()
    tables.put(tables.items()[0] | {"status": status})
    before = tables.items(), tables.audit_rows()

    response = call("PATCH", {"profile": {"language": "fr"}}, headers={"if-match": '"stale"'})

    assert (response.status, response.body["code"]) == (403, "inactive")
    assert before == (tables.items(), tables.audit_rows())
    assert call().body["account"]["status"] == status


@pytest.mark.usefixtures("confirmed_user")
@pytest.mark.parametrize("status", ["active", "trial", None, 7])
def test_user_with_any_other_status_can_change(call: Callable[..., Any], tables: Any, status: Any) -> None:
    call()
    tables.put(tables.items()[0] | {"status": status})

    assert call("PATCH", {"profile": {"language": "fr"}}).status == 200


@pytest.mark.usefixtures("confirmed_user")
def test_body_too_large_is_413(call: Callable[..., Any]) -> None:
    assert call("PATCH", {"account": {"name": "x" * 70_000}}).status == 413


@pytest.mark.usefixtures("confirmed_user")
def test_body_in_base64_is_decoded(
    call: Callable[..., Any], handle: Callable[[Any], Any], load_event: Callable[[str], Any]
) -> None:
    event = load_event("http_api_patch_profile")
    event |= {"isBase64Encoded": True, "body": base64.b64encode(event["body"].encode()).decode()}

    assert handle(event).body["profile"]["address"]["city"] == "Lyon"
    assert handle(event | {"body": "?"}).status == 400
    assert handle(event | {"body": None}).status == 400


@pytest.mark.usefixtures("confirmed_user")
@pytest.mark.parametrize("header", ["If-Match", "if-match"])
def test_stale_if_match_is_412_and_changes_nothing(
    call: Callable[..., Any], tables: Any, header: str
) -> None:
    etag = call().headers["etag"]
    call("PATCH", {"profile": {"language": "fr"}})
    before = tables.items()

    response = call("PATCH", {"profile": {"language": "de"}}, headers={header: etag})

    assert response.status == 412
    assert tables.items() == before


@pytest.mark.usefixtures("confirmed_user")
@pytest.mark.parametrize("form", ["{}", '"other", {}', "*"])
def test_current_if_match_allows_the_change(call: Callable[..., Any], form: str) -> None:
    etag = call().headers["etag"]

    response = call("PATCH", {"profile": {"language": "de"}}, headers={"if-match": form.format(etag)})

    assert response.status == 200
    assert etag != response.headers["etag"]


@pytest.mark.usefixtures("confirmed_user")
def test_weak_tag_never_matches(call: Callable[..., Any]) -> None:
    etag = call().headers["etag"]

    assert call("PATCH", {"profile": {"language": "de"}}, headers={"if-match": f"W/{etag}"}).status == 412


@pytest.mark.usefixtures("confirmed_user")
def test_twenty_parallel_changes_with_the_same_etag_have_one_winner(
    service: ProfileService, tables: Any
) -> None:
    caller = Caller(SUB, SUB)
    etag = service.read(caller).etag
    start = threading.Barrier(20)

    def change(number: int) -> int:
        start.wait()
        try:
            service.change(caller, {"profile": {"firstName": f"name-{number}"}}, etag)
        except ApiError as error:
            return error.status
        return 200

    with ThreadPoolExecutor(20) as pool:
        statuses = sorted(pool.map(change, range(20)))

    assert statuses == [200, *[412] * 19]
    assert audit.verify(tables.audit_rows(), tables.items()[0]["auditHead"]) == 2


class CountingClient:
    """A client of DynamoDB that records the names of its calls."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.calls.append(name)
        return getattr(self.client, name)


@pytest.mark.usefixtures("confirmed_user")
def test_read_is_one_call_and_change_is_two(
    call: Callable[..., Any], replace_registrar_part: Callable[..., None], tables: Any
) -> None:
    call()
    client = CountingClient(tables.client)
    replace_registrar_part(store=Store(client, tables.users, tables.audit))

    call()
    calls_of_read = list(client.calls)
    call("PATCH", {"profile": {"language": "fr"}})

    assert calls_of_read == ["batch_get_item"]
    assert client.calls[1:] == ["batch_get_item", "transact_write_items"]


@pytest.mark.usefixtures("confirmed_user")
@pytest.mark.parametrize(
    "patch",
    [
        {"profile": {"address": {"city": "Lyon"}, "language": None}},
        {"account": {"cart": [{"price": 9.5}, {"price": 1.0}, {"price": 1e-7}, {"price": 1e22}]}},
        {"account": {"name": None, "wishlist": [{"a": [True, None, {"b": ""}]}]}},
    ],
    ids=str,
)
def test_answer_to_a_change_is_what_a_read_returns(call: Callable[..., Any], patch: Any) -> None:
    call()

    changed = call("PATCH", patch)

    read = call()
    assert (changed.text, changed.headers["etag"]) == (read.text, read.headers["etag"])


class StoreWithOtherWriter:
    """A store in which another request writes just before each of the first changes."""

    def __init__(self, store: Store, tables: Any, times: int) -> None:
        self.store, self.tables, self.times = store, tables, times
        self.read, self.create = store.read, store.create

    def change(self, user: UserItems, changes: Any, row: Any) -> UserItems | None:
        if self.times:
            self.times -= 1
            account = self.tables.items()[0]
            self.tables.put({**account, "auditHead": f"other-{self.times}", "totalOrders": 5})
        return self.store.change(user, changes, row)


@pytest.mark.usefixtures("confirmed_user")
def test_concurrent_changes_are_both_stored(
    call: Callable[..., Any],
    replace_registrar_part: Callable[..., None],
    store: Store,
    tables: Any,
) -> None:
    call()
    replace_registrar_part(store=StoreWithOtherWriter(store, tables, times=2))

    response = call("PATCH", {"account": {"name": "Bo"}})

    assert response.status == 200
    assert (response.body["account"]["totalOrders"], response.body["account"]["name"]) == (5, "Bo")


@pytest.mark.usefixtures("confirmed_user")
def test_change_that_always_conflicts_is_409(
    call: Callable[..., Any],
    replace_registrar_part: Callable[..., None],
    store: Store,
    tables: Any,
) -> None:
    call()
    replace_registrar_part(store=StoreWithOtherWriter(store, tables, times=99))

    response = call("PATCH", {"account": {"name": "Bo"}})

    assert (response.status, response.body["code"]) == (409, "conflict")
    assert tables.items()[0]["name"] == "John"


@pytest.mark.usefixtures("confirmed_user")
def test_if_match_detects_a_write_after_the_read(
    call: Callable[..., Any],
    replace_registrar_part: Callable[..., None],
    store: Store,
    tables: Any,
) -> None:
    etag = call().headers["etag"]
    replace_registrar_part(store=StoreWithOtherWriter(store, tables, times=1))

    assert call("PATCH", {"account": {"name": "Bo"}}, headers={"if-match": etag}).status == 412
