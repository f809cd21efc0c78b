"""Friends, subscribers and blocks of the caller, and the paid plan."""

from collections.abc import Callable
from typing import Any

import pytest
from userprofiles.api.routes import (
    LIST_BLOCKS,
    LIST_FRIENDS,
    LIST_SUBSCRIBERS,
    READ_SUBSCRIPTION,
    Route,
)
from userprofiles.social import links, premium

SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
TIME = "2026-01-01T00:00:00Z"


@pytest.fixture(autouse=True)
def users(add_account: Callable[..., None]) -> None:
    add_account(SUB)
    for number in range(1, 6):
        add_account(f"s-{number}", first_name=f"First {number}", profile_picture=None, email="a@b.co")


@pytest.fixture
def link(tables: Any) -> Callable[..., None]:
    def write(kind: str, *others: str) -> None:
        for other in others:
            for item in links.link_items(SUB, kind, other, created_at=TIME):
                tables.put(item)

    return write


def subs(response: Any) -> list[str]:
    return [entry["user_id"] for entry in response.body["users"]]


@pytest.mark.parametrize(
    ("route", "kind"),
    [
        (LIST_FRIENDS, links.FRIEND),
        (LIST_SUBSCRIBERS, links.SUBSCRIBER),
        (LIST_BLOCKS, links.BLOCK),
    ],
    ids=["friends", "subscribers", "blocks"],
)
def test_list_has_the_users_of_its_kind_only(
    call: Callable[..., Any],
    link: Callable[..., None],
    validate: Callable[..., None],
    route: Route,
    kind: str,
) -> None:
    for number, other_kind in enumerate(links.MIRRORS, 1):
        link(other_kind, f"s-{number}")
    [other] = [f"s-{number}" for number, name in enumerate(links.MIRRORS, 1) if name == kind]

    response = call(route)

    assert response.status == 200
    assert response.body == {
        "users": [
            {
                "user_id": other,
                "username": f"name of {other}",
                "first_name": f"First {other[-1]}",
                "profile_picture": None,
                "since": TIME,
            }
        ]
    }
    validate("LinkedUsers", response.body)


def test_pages_have_every_user_once(call: Callable[..., Any], link: Callable[..., None]) -> None:
    link(links.FRIEND, *(f"s-{number}" for number in range(1, 6)))

    pages = [call(LIST_FRIENDS, query={"limit": "2"})]
    while "cursor" in pages[-1].body:
        pages.append(call(LIST_FRIENDS, query={"limit": "2", "cursor": pages[-1].body["cursor"]}))

    assert [subs(page) for page in pages] == [["s-1", "s-2"], ["s-3", "s-4"], ["s-5"]]


def test_users_who_have_left_are_not_listed(
    call: Callable[..., Any], link: Callable[..., None], tables: Any, mark_user: Any
) -> None:
    link(links.FRIEND, "s-1", "s-2", "s-3", "no-account")
    tables.put({"PK": "USER#s-1", "SK": "ACCOUNT#MAIN", "entityType": "TOMBSTONE"})
    mark_user("s-2")

    assert subs(call(LIST_FRIENDS)) == ["s-3"]


def test_list_of_a_new_user_is_empty(call: Callable[..., Any]) -> None:
    assert call(LIST_FRIENDS).body == {"users": []}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": "0"}, "invalid_query"),
        ({"limit": "101"}, "invalid_query"),
        ({"limit": "x"}, "invalid_query"),
        ({"role": "admin"}, "invalid_query"),
        ({"cursor": ""}, "invalid_cursor"),
        ({"cursor": "x" * 2000}, "invalid_cursor"),
        ({"cursor": "eyJsaXN0IjoiZnJpZW5kcyJ9"}, "invalid_cursor"),
    ],
    ids=str,
)
def test_wrong_query_is_400(call: Callable[..., Any], query: dict[str, str], code: str) -> None:
    response = call(LIST_FRIENDS, query=query)

    assert (response.status, response.body["code"]) == (400, code)


def test_subscription_has_the_remaining_days(
    call: Callable[..., Any], tables: Any, validate: Callable[..., None]
) -> None:
    before = call(READ_SUBSCRIPTION)
    tables.put(
        premium.premium_item(
            SUB, plan="gold", starts_at=TIME, ends_at="2026-02-07T00:00:00Z", created_at=TIME
        )
    )

    after = call(READ_SUBSCRIPTION)

    assert before.body == {
        "state": "none",
        "plan": None,
        "starts_at": None,
        "ends_at": None,
        "remaining_days": 0,
    }
    assert after.body == {
        "state": "active",
        "plan": "gold",
        "starts_at": TIME,
        "ends_at": "2026-02-07T00:00:00Z",
        "remaining_days": 3,
    }
    validate("Subscription", before.body)
    validate("Subscription", after.body)
