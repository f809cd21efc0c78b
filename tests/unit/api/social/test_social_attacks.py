"""Attacks on the routes of `social`: data of others, forged cursors, paths, sizes, callers who left."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from userprofiles.api.routes import (
    CREATE_CONTENT,
    LIST_CONTENT,
    LIST_FRIENDS,
    LIST_SUBSCRIBERS,
    READ_CONTENT,
    SOCIAL_ROUTES,
    Route,
)
from userprofiles.social import links

SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
OTHER = "11111111-1111-4111-8111-111111111111"
BODY = {"title": "private"}
MEDIUM = {"content_type": "audio/mp4", "sha256": "A" * 43 + "="}
OWN_ROUTES = [route for route in SOCIAL_ROUTES if route.needs_token]


@pytest.fixture(autouse=True)
def users(add_account: Callable[..., None]) -> None:
    add_account(SUB)
    add_account(OTHER)


def send(call: Callable[..., Any], route: Route, content_id: str = "x", **options: Any) -> Any:
    return call(route, route.path.replace("{id}", content_id), BODY, **options)


def test_content_of_another_user_does_not_exist(call: Callable[..., Any]) -> None:
    content_id = send(call, CREATE_CONTENT, sub=OTHER).body["id"]

    stolen = send(call, READ_CONTENT, content_id)
    unknown = send(call, READ_CONTENT, "20190517T093001250Z-0123456789ab")

    assert send(call, READ_CONTENT, content_id, sub=OTHER).status == 200
    assert (stolen.status, stolen.body) == (404, unknown.body)
    assert send(call, LIST_CONTENT).body == {"content": []}


@pytest.mark.parametrize(
    "content_id",
    [
        f"..%2F..%2F{OTHER}",
        "FRIEND#s-1",
        "20190517T093001250Z-0123456789ab#x",
        "20190517T093001250Z-0123456789AB",
        "ACCOUNT#MAIN",
        "%00",
    ],
)
def test_id_that_is_not_a_content_id_reads_nothing(call: Callable[..., Any], content_id: str) -> None:
    response = send(call, READ_CONTENT, content_id)

    assert response.status == 404
    assert SUB not in str(response.body)


@pytest.mark.parametrize("route", [LIST_CONTENT, LIST_FRIENDS], ids=["content", "friends"])
def test_cursor_of_another_user_or_list_is_400(call: Callable[..., Any], tables: Any, route: Route) -> None:
    for number in (1, 2):
        send(call, CREATE_CONTENT, sub=OTHER)
        for item in links.link_items(OTHER, links.FRIEND, f"s-{number}", created_at="2026"):
            tables.put(item)
    cursor = call(route, query={"limit": "1"}, sub=OTHER).body["cursor"]

    assert call(route, query={"cursor": cursor}, sub=OTHER).status == 200
    for stolen in (
        call(route, query={"cursor": cursor}),
        call(LIST_SUBSCRIBERS, query={"cursor": cursor}, sub=OTHER),
    ):
        assert (stolen.status, stolen.body["code"]) == (400, "invalid_cursor")
    assert OTHER not in cursor


@pytest.mark.parametrize("route", OWN_ROUTES, ids=lambda route: route.key)
@pytest.mark.parametrize(
    "claims", [None, {"token_use": "id"}, {"client_id": "another"}], ids=["none", "ID token", "client"]
)
def test_other_tokens_are_401(call: Callable[..., Any], route: Route, claims: Any) -> None:
    assert send(call, route, claims=claims).status == 401


@pytest.mark.parametrize("route", OWN_ROUTES, ids=lambda route: route.key)
def test_callers_who_left_get_the_answers_of_the_profile(
    call: Callable[..., Any], tables: Any, mark_user: Any, route: Route
) -> None:
    content_id = send(call, CREATE_CONTENT).body["id"]
    mark_user(SUB)
    marked = send(call, route, content_id)
    tables.put({"PK": f"USER#{SUB}", "SK": "ACCOUNT#MAIN", "entityType": "TOMBSTONE"})
    erased = send(call, route, content_id)

    assert [(marked.status, marked.body["code"]), (erased.status, erased.body["code"])] == [
        (410, "deletion_pending"),
        (410, "erased"),
    ]


def test_inactive_user_reads_but_creates_nothing(
    call: Callable[..., Any], add_account: Callable[..., None]
) -> None:
    content_id = send(call, CREATE_CONTENT).body["id"]
    add_account(SUB, status="suspended")

    statuses = {route: send(call, route, content_id).status for route in OWN_ROUTES}

    assert statuses.pop(CREATE_CONTENT) == 403
    assert set(statuses.values()) == {200}


def test_user_without_an_account_is_404(call: Callable[..., Any]) -> None:
    for route in OWN_ROUTES:
        response = send(call, route, sub="00000000-0000-4000-8000-000000000000")

        assert (response.status, response.body["code"]) == (404, "user_not_found")


def test_erasure_between_check_and_write_leaves_nothing(
    call: Callable[..., Any], social_api: Any, tables: Any, content_items: Any, monkeypatch: Any
) -> None:
    """Without the check in the transaction, the item would remain after the erasure."""
    items = social_api.CONTENT.items
    create = items.create_content

    def erase_first(sub: str, *arguments: Any) -> bool:
        tables.put({"PK": f"USER#{sub}", "SK": "ACCOUNT#MAIN", "entityType": "TOMBSTONE"})
        return create(sub, *arguments)  # type: ignore[no-any-return]

    monkeypatch.setattr(items, "create_content", erase_first)

    response = call(CREATE_CONTENT, body={"media": [{**MEDIUM, "bytes": 1}]})

    assert (response.status, response.body["code"]) == (410, "erased")
    assert content_items() == []
    assert [item["SK"] for item in tables.items() if item["PK"] == f"USER#{SUB}"] == ["ACCOUNT#MAIN"]


def test_one_user_cannot_fill_the_bucket(
    call: Callable[..., Any], social_api: Any, tables: Any, content_items: Any, monkeypatch: Any
) -> None:
    service = dataclasses.replace(social_api.CONTENT, max_bytes=1000)
    monkeypatch.setattr(social_api, "CONTENT", service)

    def upload(size: int, sub: str = SUB) -> tuple[int, str | None]:
        response = call(CREATE_CONTENT, body={"media": [{**MEDIUM, "bytes": size}]}, sub=sub)
        return response.status, response.body.get("code")

    assert upload(1001) == (409, "storage_full")
    assert upload(600) == (201, None)
    assert upload(401) == (409, "storage_full")
    assert upload(400) == (201, None)
    assert upload(1) == (409, "storage_full")
    assert upload(1, OTHER) == (201, None)
    assert send(call, CREATE_CONTENT).status == 201  # a text needs no storage
    counters = {item["PK"]: item["uploadedBytes"] for item in tables.items() if item["SK"] == "STORAGE#MAIN"}
    assert counters == {f"USER#{SUB}": 1000, f"USER#{OTHER}": 1}
    assert len(content_items()) == 4


def test_large_body_is_413_and_other_json_is_400(call: Callable[..., Any]) -> None:
    path = CREATE_CONTENT.path

    assert call(CREATE_CONTENT, path, '"' + "x" * 70_000 + '"').status == 413
    assert call(CREATE_CONTENT, path, '{"title": "a", "title": "b"}').status == 400
    assert call(CREATE_CONTENT, path, "[" * 1000).status == 400


def test_no_text_of_a_user_is_logged(call: Callable[..., Any], log: Any) -> None:
    send(call, CREATE_CONTENT)
    call(CREATE_CONTENT, body={"title": "private", "secret": 1})

    assert log.getvalue().count("request completed") == 2
    assert "private" not in log.getvalue()
    assert SUB not in log.getvalue()
