"""Pictures: the form for an upload, the claim of an upload, signed URLs."""

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from userprofiles.api import avatars
from userprofiles.api.routes import CHANGE_PROFILE, CHANGE_USER, CREATE_AVATAR, READ_PROFILE, READ_USER

SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
OTHER = "11111111-1111-4111-8111-111111111111"
PNG = {"contentType": "image/png"}
KEY = f"avatars/{SUB}/{'a' * 32}"


@pytest.fixture(autouse=True)
def user(confirmed_user: None) -> None:
    """Every test has the user of the events."""


def picture(key: Any) -> dict[str, Any]:
    return {"profile": {"profilePictureUrl": key}}


def test_form_fixes_bucket_key_type_and_size(call_route: Callable[..., Any]) -> None:
    response = call_route(CREATE_AVATAR, body=PNG)

    form = response.body
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    assert response.status == 201
    assert form["key"].startswith(f"avatars/{SUB}/")
    assert form["fields"]["key"] == form["key"]
    assert form["fields"]["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    for condition in (
        {"bucket": "pictures"},
        {"key": form["key"]},
        {"Content-Type": "image/png"},
        ["content-length-range", 1, 5 * 1024 * 1024],
    ):
        assert condition in policy["conditions"]


@pytest.mark.parametrize("region", ["eu-central-1", "me-central-1"])
def test_signed_urls_name_the_region_of_the_bucket(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    """The global endpoint redirects or rejects requests for buckets of other regions."""
    monkeypatch.setenv("AWS_REGION", region)
    client = avatars.client()

    form = client.generate_presigned_post("pictures", KEY)
    url = client.generate_presigned_url("get_object", Params={"Bucket": "pictures", "Key": KEY})

    host = f"pictures.s3.{region}.amazonaws.com"
    assert [urlsplit(form["url"]).netloc, urlsplit(url).netloc] == [host, host]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/contentType"]),
        ({"contentType": "image/svg+xml"}, ["/contentType"]),
        ({"contentType": "text/html", "key": "x"}, ["/key", "/contentType"]),
        ({"contentType": 7}, ["/contentType"]),
        ([], []),
    ],
    ids=str,
)
def test_wrong_body_is_400(call_route: Callable[..., Any], body: Any, pointers: list[str]) -> None:
    response = call_route(CREATE_AVATAR, body=body)

    assert (response.status, response.body["code"]) == (400, "invalid_body")
    assert [entry["pointer"] for entry in response.body.get("errors", [])] == pointers


def test_same_idempotency_key_five_times_is_one_upload(call_route: Callable[..., Any], tables: Any) -> None:
    headers = {"idempotency-key": "7b0c"}

    keys = {call_route(CREATE_AVATAR, body=PNG, headers=headers).body["key"] for _ in range(5)}

    [item] = tables.items_of(tables.idempotency)
    assert len(keys) == 1
    assert json.loads(item["data"]) == {"key": next(iter(keys))}


def test_uploaded_picture_is_claimed_and_answered_as_a_signed_url(
    call_route: Callable[..., Any], bucket: Any, tables: Any
) -> None:
    bucket.keys.add(KEY)

    changed = call_route(CHANGE_PROFILE, body=picture(KEY))

    read = call_route(READ_PROFILE)
    url = urlsplit(read.body["profile"]["profilePictureUrl"])
    query = parse_qs(url.query)
    assert changed.status == 200
    assert bucket.keys == {KEY, f"claimed/{KEY}"}
    assert tables.items()[1]["profilePictureUrl"] == KEY
    assert (url.scheme, url.path.endswith(f"/claimed/{KEY}")) == ("https", True)
    assert (query["X-Amz-Algorithm"], query["X-Amz-Expires"]) == (["AWS4-HMAC-SHA256"], ["3600"])
    assert read.headers["cache-control"] == "no-store"


def test_signed_url_is_no_part_of_the_etag(
    call_route: Callable[..., Any], bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.keys.add(KEY)
    etag = call_route(CHANGE_PROFILE, body=picture(KEY)).headers["etag"]
    monkeypatch.setattr(bucket, "generate_presigned_url", lambda *_, **__: "https://another.example")

    read = call_route(READ_PROFILE)

    assert read.body["profile"]["profilePictureUrl"] == "https://another.example"
    assert read.headers["etag"] == etag
    assert call_route(READ_PROFILE, headers={"if-none-match": etag}).status == 304


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (KEY, "not_uploaded"),
        (f"avatars/{OTHER}/{'a' * 32}", "not_own"),
        (f"claimed/{KEY}", "pattern"),
        (f"avatars/{SUB}/../{OTHER}/{'a' * 32}", "pattern"),
        (f"avatars/{SUB}/x", "pattern"),
        ("http://example.com/x.png", "pattern"),
    ],
)
def test_other_key_is_rejected_and_changes_nothing(
    *, call_route: Callable[..., Any], bucket: Any, tables: Any, key: str, code: str
) -> None:
    bucket.keys.add(f"avatars/{OTHER}/{'a' * 32}")
    call_route(READ_PROFILE)
    before = tables.items()

    response = call_route(CHANGE_PROFILE, body=picture(key))

    assert response.status == 400
    assert [(entry["pointer"], entry["code"]) for entry in response.body["errors"]] == [
        ("/profile/profilePictureUrl", code)
    ]
    assert tables.items() == before


def test_url_is_accepted_and_answered_unchanged(call_route: Callable[..., Any], bucket: Any) -> None:
    url = "https://example.com/ada.png"

    assert call_route(CHANGE_PROFILE, body=picture(url)).body["profile"]["profilePictureUrl"] == url
    assert call_route(CHANGE_PROFILE, body=picture(None)).body["profile"]["profilePictureUrl"] is None
    assert bucket.keys == set()


def test_picture_is_not_claimed_for_a_patch_with_another_problem(
    call_route: Callable[..., Any], bucket: Any
) -> None:
    bucket.keys.add(KEY)

    response = call_route(CHANGE_PROFILE, body={"profile": {"profilePictureUrl": KEY, "language": 7}})

    assert [entry["pointer"] for entry in response.body["errors"]] == ["/profile/language"]
    assert bucket.keys == {KEY}


def test_claim_that_comes_after_the_erasure_is_undone(
    *, call_route: Callable[..., Any], bucket: Any, tables: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The erasure has deleted the user's files already, so nothing else would delete the copy."""
    call_route(READ_PROFILE)
    bucket.keys.add(KEY)
    copy_object = bucket.copy_object

    def erase_and_copy(**arguments: Any) -> Any:
        tables.erase()
        return copy_object(**arguments)

    monkeypatch.setattr(bucket, "copy_object", erase_and_copy)

    response = call_route(CHANGE_PROFILE, body=picture(KEY))

    assert (response.status, response.body["code"]) == (410, "erased")
    assert bucket.keys == {KEY}


def test_administrator_sees_a_signed_url_and_can_set_an_upload_of_the_user_only(
    *, call_as_admin: Callable[..., Any], create_user: Callable[..., None], bucket: Any
) -> None:
    create_user(OTHER)
    own, foreign = f"avatars/{OTHER}/{'b' * 32}", KEY
    bucket.keys |= {own, foreign}

    statuses = [call_as_admin(CHANGE_USER, OTHER, picture(key)).status for key in (foreign, own)]

    url = call_as_admin(READ_USER, OTHER).body["profile"]["profilePictureUrl"]
    assert statuses == [400, 200]
    assert f"/claimed/{own}?" in url
