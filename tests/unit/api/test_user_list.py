"""GET /users: pages of a list of users, and cursors."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from userprofiles.api.routes import LIST_USERS, SET_ROLE, SET_STATUS
from userprofiles.table import record

START = datetime(2026, 2, 4, 16, 0, 0, tzinfo=UTC)
SUBS = [f"user-{number:02}" for number in range(40)]


@pytest.fixture
def users(create_user: Callable[..., None]) -> list[str]:
    """Create 40 users, one each minute, the last first."""
    for number, sub in reversed(list(enumerate(SUBS))):
        create_user(sub, now=START + timedelta(minutes=number))
    return SUBS


def read_pages(call_as_admin: Callable[..., Any], **query: str) -> list[dict[str, Any]]:
    pages = [call_as_admin(LIST_USERS, query=query).body]
    while "cursor" in pages[-1]:
        pages.append(call_as_admin(LIST_USERS, query=query | {"cursor": pages[-1]["cursor"]}).body)
    return pages


def listed_subs(pages: list[dict[str, Any]]) -> list[str]:
    return [user["userId"] for page in pages for user in page["users"]]


@pytest.mark.usefixtures("users")
@pytest.mark.parametrize("limit", [pytest.param("1", marks=pytest.mark.long), "2", "100"])
def test_pages_have_every_user_once(call_as_admin: Callable[..., Any], limit: str) -> None:
    pages = read_pages(call_as_admin, role="customer", limit=limit)

    assert sorted(listed_subs(pages)) == SUBS
    assert max(len(page["users"]) for page in pages) <= int(limit)


@pytest.mark.usefixtures("users")
def test_users_of_a_shard_are_sorted_by_creation_time(call_as_admin: Callable[..., Any]) -> None:
    subs = listed_subs(read_pages(call_as_admin, role="customer", limit="3"))

    by_shard: dict[str, list[str]] = {}
    for sub in subs:
        by_shard.setdefault(record.list_shard(sub), []).append(sub)
    assert list(by_shard) == sorted(by_shard)
    assert [shard_subs == sorted(shard_subs) for shard_subs in by_shard.values()] == [True] * len(by_shard)


@pytest.mark.usefixtures("users")
def test_entry_has_the_fields_of_the_account_except_lists(call_as_admin: Callable[..., Any]) -> None:
    pages = read_pages(call_as_admin, role="customer")
    [user] = [user for page in pages for user in page["users"] if user["userId"] == "user-07"]

    assert user["account"]["email"] == "user-07@example.com"
    assert user["account"]["role"] == "customer"
    assert user["account"].keys() & {"cart", "wishlist", "PK", "listPK", "entityType"} == set()


@pytest.mark.usefixtures("users")
@pytest.mark.long
def test_changed_role_and_status_move_a_user_to_other_lists(call_as_admin: Callable[..., Any]) -> None:
    call_as_admin(SET_ROLE, "user-01", {"role": "vendor"})
    call_as_admin(SET_STATUS, "user-02", {"status": "suspended"})
    call_as_admin(SET_STATUS, "user-01", {"status": "disabled"})

    def read(**query: str) -> list[str]:
        return sorted(listed_subs(read_pages(call_as_admin, **query)))

    assert read(role="customer") == [sub for sub in SUBS if sub != "user-01"]
    assert read(role="vendor") == ["user-01"]
    assert read(role="vendor", status="disabled") == ["user-01"]
    assert read(role="vendor", status="active") == []
    assert read(role="customer", status="suspended") == ["user-02"]
    assert len(read(role="customer", status="active")) == 38


@pytest.mark.usefixtures("users")
def test_page_is_one_query_and_one_batch_read(
    call_as_admin: Callable[..., Any], admin_api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    client = admin_api.ADMINISTRATION.lists._client

    class CountingClient:
        def __getattr__(self, name: str) -> Any:
            calls.append(name)
            return getattr(client, name)

    monkeypatch.setattr(admin_api.ADMINISTRATION.lists, "_client", CountingClient())

    pages = read_pages(call_as_admin, role="customer", limit="100")

    assert len(pages) == 16
    assert calls.count("query") == 16
    assert calls.count("batch_get_item") == sum(1 for page in pages if page["users"])
    assert set(calls) == {"query", "batch_get_item"}


@pytest.mark.usefixtures("users")
def test_users_created_between_two_pages_cause_no_gap_and_no_repetition(
    call_as_admin: Callable[..., Any], create_user: Callable[..., None]
) -> None:
    query = {"role": "customer", "limit": "3"}
    pages = [call_as_admin(LIST_USERS, query=query).body]
    while "cursor" in pages[-1]:
        if len(pages) <= 10:
            create_user(f"new-{len(pages)}", now=START + timedelta(days=len(pages)))
        pages.append(call_as_admin(LIST_USERS, query=query | {"cursor": pages[-1]["cursor"]}).body)

    subs = listed_subs(pages)
    assert sorted(sub for sub in subs if sub in SUBS) == SUBS
    assert len(set(subs)) == len(subs)


@pytest.mark.usefixtures("users")
def test_erased_user_is_not_listed(call_as_admin: Callable[..., Any], tables: Any) -> None:
    """The index may still have the user for a moment: only the account counts."""
    index_keys = {"listPK": record.list_partition(record.list_shard("user-03"), "customer"), "listSK": "x"}
    key = record.key("user-03", "account")
    tables.put({**key, **index_keys, "listSK": "2026-02-04T16:03:00Z#user-03", "entityType": "TOMBSTONE"})

    assert "user-03" not in listed_subs(read_pages(call_as_admin, role="customer"))


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ({}, ["/role"]),
        ({"role": "king"}, ["/role"]),
        ({"role": "customer", "limit": "0"}, ["/limit"]),
        ({"role": "customer", "limit": "101"}, ["/limit"]),
        ({"role": "customer", "limit": "many"}, ["/limit"]),
        ({"role": "customer", "limit": "-1", "status": "a#b", "page": "2"}, ["/page", "/status", "/limit"]),
        ({"role": "LIST#customer#00"}, ["/role"]),
    ],
    ids=str,
)
def test_wrong_query_is_400_with_all_parameters(
    call_as_admin: Callable[..., Any], query: dict[str, str], pointers: list[str]
) -> None:
    response = call_as_admin(LIST_USERS, query=query)

    assert (response.status, response.body["code"]) == (400, "invalid_query")
    assert [entry["pointer"] for entry in response.body["errors"]] == pointers


def encode(document: Any) -> str:
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


SHARD = int(record.list_shard("user-01"))
VALID = {"role": "customer", "status": None, "shard": SHARD, "after": "2026-02-04T16:01:00Z#user-01"}


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "?",
        "é",
        "a" * 9000,
        encode(b"\xff"),
        encode([]),
        encode("text"),
        encode({}),
        encode(b"[" * 5000),
        encode({**VALID, "role": "vendor"}),
        encode({**VALID, "status": "active"}),
        encode({**VALID, "shard": 16}),
        encode({**VALID, "shard": -1}),
        encode({**VALID, "shard": (SHARD + 1) % 16}),
        encode({**VALID, "shard": True}),
        encode({**VALID, "shard": str(SHARD)}),
        encode({**VALID, "after": 7}),
        encode({**VALID, "after": "no sub"}),
        encode({**VALID, "after": "2026-02-04T16:01:00Z#user-01#x"}),
        encode({**VALID, "more": 1}),
    ],
)
def test_tampered_cursor_is_400(call_as_admin: Callable[..., Any], cursor: str) -> None:
    response = call_as_admin(LIST_USERS, query={"role": "customer", "cursor": cursor})

    assert (response.status, response.body["code"]) == (400, "invalid_cursor")


def test_valid_cursor_is_accepted(call_as_admin: Callable[..., Any]) -> None:
    assert call_as_admin(LIST_USERS, query={"role": "customer", "cursor": encode(VALID)}).status == 200
