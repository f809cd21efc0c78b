"""Content of the caller: create with uploads, confirm, read, list."""

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from userprofiles.api.routes import CREATE_CONTENT, LIST_CONTENT, READ_CONTENT
from userprofiles.social import content

SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
NOW = datetime(2026, 2, 4, 16, 0, 0, 123_000, tzinfo=UTC)
AUDIO = b"sound"
MEDIUM = {
    "content_type": "audio/mp4",
    "bytes": len(AUDIO),
    "sha256": base64.b64encode(hashlib.sha256(AUDIO).digest()).decode(),
}
BODY = {
    "title": "First day",
    "text": "It rained.",
    "record_time": "2019-05-17T09:30:00+02:00",
    "media": [MEDIUM],
}


@pytest.fixture(autouse=True)
def user(add_account: Callable[..., None]) -> None:
    add_account(SUB)


def path(content_id: str) -> str:
    return f"/me/content/{content_id}"


def test_new_content_is_pending_and_has_a_signed_upload(call: Callable[..., Any], content_items: Any) -> None:
    response = call(CREATE_CONTENT, body=BODY)

    [medium] = response.body.pop("media")
    upload = medium.pop("upload")
    content_id = response.body.pop("id")
    assert response.status == 201
    assert response.body == {
        "title": "First day",
        "text": "It rained.",
        "record_time": "2019-05-17T07:30:00.000Z",
        "created_at": "2026-02-04T16:00:00Z",
        "updated_at": "2026-02-04T16:00:00Z",
        "migrated_from_old_system": False,
    }
    assert medium == {"id": "m1", "content_type": "audio/mp4", "state": "pending", "bytes": 5}
    assert (upload["method"], upload["expires_in"]) == ("PUT", 900)
    assert upload["headers"] == {
        "Content-Type": "audio/mp4",
        "Content-Length": "5",
        "x-amz-checksum-sha256": MEDIUM["sha256"],
    }
    url = urlsplit(upload["url"])
    assert url.path.endswith(f"/media/{SUB}/{content_id}/m1")
    # Size, type and checksum are signed: S3 refuses another body.
    [signed_headers] = parse_qs(url.query)["X-Amz-SignedHeaders"]
    assert {"content-length", "content-type", "host", "x-amz-checksum-sha256"} <= set(
        signed_headers.split(";")
    )
    assert content_id.startswith("20190517T073000000Z-")
    assert len(content_items()) == 1


def test_content_is_counted(call: Callable[..., Any], tables: Any) -> None:
    call(CREATE_CONTENT, body=BODY)
    call(CREATE_CONTENT, body={"text": "only a text"})

    [counters] = [item for item in tables.items() if item["SK"] == "COUNTERS#MAIN"]
    assert counters["content"] == 2


def test_uploaded_medium_is_ready_after_a_read(
    call: Callable[..., Any], bucket: Any, content_items: Any
) -> None:
    content_id = call(CREATE_CONTENT, body=BODY).body["id"]
    pending = call(READ_CONTENT, path(content_id)).body["media"]
    bucket.keys.add(f"media/{SUB}/{content_id}/m1")

    [medium] = call(READ_CONTENT, path(content_id)).body["media"]

    url = urlsplit(medium.pop("url"))
    query = parse_qs(url.query)
    assert [entry["state"] for entry in pending] == ["pending"]
    assert "upload" in pending[0]
    assert medium == {
        "id": "m1",
        "content_type": "audio/mp4",
        "state": "ready",
        "bytes": 5,
        "expires_in": 3600,
    }
    assert url.path.endswith(f"/media/{SUB}/{content_id}/m1")
    assert query["response-content-type"] == ["audio/mp4"]
    assert [entry["state"] for entry in content_items()[0]["media"]] == ["ready"]


def test_stored_time_covers_every_signed_upload(call: Callable[..., Any], content_items: Any) -> None:
    call(CREATE_CONTENT, body=BODY)

    [item] = content_items()
    assert item["uploadsUntil"] >= (NOW + timedelta(seconds=900)).isoformat()[:19]


def test_imported_medium_of_another_type_is_only_a_download(call: Callable[..., Any], tables: Any) -> None:
    content_id = content.content_id(NOW, "biograph#5f1")
    item = content.content_item(
        SUB,
        content_id,
        title="T",
        text="",
        record_time=NOW,
        created_at="2026-02-04T16:00:00Z",
        media=[content.media_entry("page", "text/html", size=None, sha256=None)],
    )
    tables.put(content.imported_content_item(item, old_id="5f1", digest="d", run_id="r-1"))

    body = call(READ_CONTENT, path(content_id)).body

    query = parse_qs(urlsplit(body["media"][0]["url"]).query)
    assert (body["old_biograph_id"], body["migrated_from_old_system"]) == ("5f1", True)
    assert query["response-content-type"] == ["application/octet-stream"]
    assert query["response-content-disposition"] == ["attachment"]


def test_imported_medium_without_a_copy_is_readable_as_it_is(
    call: Callable[..., Any], tables: Any, validate: Callable[..., None]
) -> None:
    content_id = content.content_id(NOW, "biograph#5f2")
    lost = content.media_entry("lost", "audio/mpeg", size=None, sha256=None, state=content.MISSING)
    elsewhere = content.media_entry("far", "video/mp4", size=None, sha256=None, state=content.ELSEWHERE)
    item = content.content_item(
        SUB,
        content_id,
        title="T",
        text="",
        record_time=NOW,
        created_at="2026-02-04T16:00:00Z",
        media=[
            {**lost, "old_path": "a.mp3", "problem": "gone"},
            {**elsewhere, "url": "https://videos.example/1"},
        ],
    )
    tables.put(content.imported_content_item(item, old_id="5f2", digest="d", run_id="r-1"))

    body = call(READ_CONTENT, path(content_id)).body

    validate("Content", body)
    assert body["media"] == [
        {"id": "lost", "content_type": "audio/mpeg", "state": "missing"},
        {
            "id": "far",
            "content_type": "video/mp4",
            "state": "elsewhere",
            "url": "https://videos.example/1",
        },
    ]


def test_list_is_newest_first_and_continues_with_the_cursor(call: Callable[..., Any]) -> None:
    for day in (3, 1, 2):
        body = {"title": f"day {day}", "text": "x" * 300, "record_time": f"2020-01-0{day}T00:00:00Z"}
        call(CREATE_CONTENT, body=body)

    first = call(LIST_CONTENT, query={"limit": "2"}).body
    second = call(LIST_CONTENT, query={"limit": "2", "cursor": first["cursor"]}).body

    assert [entry["title"] for entry in first["content"] + second["content"]] == ["day 3", "day 2", "day 1"]
    assert [len(entry["excerpt"]) for entry in second["content"]] == [200]
    assert "cursor" not in second


def test_same_idempotency_key_creates_one_item_and_signs_again(
    call: Callable[..., Any], content_items: Any
) -> None:
    headers = {"idempotency-key": "7b0c"}

    answers = [call(CREATE_CONTENT, body=BODY, headers=headers) for _ in range(3)]
    other = call(CREATE_CONTENT, body={"title": "another"}, headers=headers)

    assert {answer.body["id"] for answer in answers} == {answers[0].body["id"]}
    assert all(answer.body["media"][0]["upload"]["url"] for answer in answers)
    assert (other.status, other.body["code"]) == (422, "key_reused")
    assert len(content_items()) == 1


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ([], []),
        ({}, [""]),
        ({"title": " "}, [""]),
        ({"title": 7, "text": None, "id": "x"}, ["/id", "/title", "/text"]),
        ({"title": "x" * 501, "text": "x" * 20_001}, ["/title", "/text"]),
        ({"title": "\ud800"}, ["/title"]),
        ({"title": "x", "record_time": "2019-05-17T09:30:00"}, ["/record_time"]),
        ({"title": "x", "record_time": "2099-05-17T09:30:00Z"}, ["/record_time"]),
        ({"title": "x", "record_time": 7}, ["/record_time"]),
        ({"media": {}}, ["/media"]),
        ({"media": [MEDIUM] * 11}, ["/media"]),
        ({"media": ["x"]}, ["/media/0"]),
        ({"media": [{**MEDIUM, "content_type": "text/html"}]}, ["/media/0/content_type"]),
        ({"media": [{**MEDIUM, "content_type": "image/svg+xml"}]}, ["/media/0/content_type"]),
        ({"media": [MEDIUM, {**MEDIUM, "bytes": 500 * 1024 * 1024 + 1}]}, ["/media/1/bytes"]),
        ({"media": [{**MEDIUM, "bytes": 0}]}, ["/media/0/bytes"]),
        ({"media": [{**MEDIUM, "bytes": True}]}, ["/media/0/bytes"]),
        ({"media": [{**MEDIUM, "sha256": "00"}]}, ["/media/0/sha256"]),
        ({"media": [{**MEDIUM, "id": "../../x"}]}, ["/media/0/id"]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_wrong_body_is_400(
    call: Callable[..., Any], content_items: Any, body: Any, pointers: list[str]
) -> None:
    response = call(CREATE_CONTENT, body=body)

    assert (response.status, response.body["code"]) == (400, "invalid_body")
    assert [entry["pointer"] for entry in response.body.get("errors", [])] == pointers
    assert content_items() == []


def test_answers_match_the_document(call: Callable[..., Any], validate: Callable[..., None]) -> None:
    created = call(CREATE_CONTENT, body=BODY)

    validate("Content", created.body)
    validate("Content", call(READ_CONTENT, path(created.body["id"])).body)
    validate("ContentList", call(LIST_CONTENT).body)
    validate("Problem", call(READ_CONTENT, path("x")).body)
