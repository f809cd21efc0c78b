"""Content: upload by a signed PUT, read by signed URLs, lists, and the redirect of an old URL."""

import base64
import hashlib

import pytest
import requests
from userprofiles.social import links, redirects
from userprofiles.table.attribute_value import serialize_item

pytestmark = pytest.mark.backends("embedded", "localstack", "aws")
AUDIO = b"some sound"
TIME = "2026-01-01T00:00:00Z"


def sha256(body):
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


@pytest.fixture(scope="module")
def owner(client):
    return client.create_confirmed_user()


@pytest.fixture(scope="module")
def token(client, owner):
    return client.get_access_token(owner)


@pytest.fixture(scope="module")
def create_content(client, token):
    """Return a function that creates content with one medium."""

    def create(body=AUDIO, **members):
        medium = {"content_type": "audio/mp4", "bytes": len(body), "sha256": sha256(body)}
        document = {"title": "First day", "media": [medium], **members}
        response = client.request("POST", "/me/content", token, json=document)
        assert response.status_code == 201, response.text
        return response.json()

    return create


def put(upload, body=AUDIO, **headers):
    return requests.put(upload["url"], data=body, headers={**upload["headers"], **headers}, timeout=15)


def put_item(stack, item):
    stack.aws("dynamodb").put_item(TableName=stack.outputs["usersTableName"], Item=serialize_item(item))


def test_uploaded_medium_is_read_and_redirected(client, stack, owner, token, create_content):
    content = create_content(record_time="2019-05-17T09:30:00Z")
    [medium] = content["media"]
    uploaded = put(medium["upload"])
    path = f"/me/content/{content['id']}"

    read = client.request("GET", path, token).json()
    listed = client.request("GET", "/me/content?limit=100", token).json()["content"]

    assert uploaded.status_code == 200, uploaded.text
    [ready] = read["media"]
    assert (ready["state"], requests.get(ready["url"], timeout=15).content) == ("ready", AUDIO)
    assert requests.get(ready["url"].split("?")[0], timeout=15).status_code == 403
    assert [entry["media"][0]["state"] for entry in listed if entry["id"] == content["id"]] == ["ready"]

    for host, is_public in (("old.example", True), ("private.old.example", False)):
        for item in redirects.redirect_items(
            owner.sub,
            f"https://{host}/a b/x.mp4",
            content=content["id"],
            media_id=ready["id"],
            content_type="audio/mp4",
            is_public=is_public,
        ):
            put_item(stack, item)
    public = client.request("GET", "/media/old.example/a%20b/x.mp4", allow_redirects=False)
    private = client.request("GET", "/media/private.old.example/a%20b/x.mp4", allow_redirects=False)

    assert (public.status_code, private.status_code) == (302, 404)
    redirected = requests.get(public.headers["Location"], timeout=15)
    assert (redirected.content, redirected.headers["Content-Type"]) == (AUDIO, "audio/mp4")


@pytest.mark.parametrize("path", ["/uploads/x.mp4", "/uploads/line%0Abreak.mp4"])
def test_path_of_the_old_host_is_a_route(client, path):
    response = client.request("GET", path, allow_redirects=False)

    assert (response.status_code, response.json()["code"]) == (404, "media_not_found")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (AUDIO + b"!", {"Content-Length": str(len(AUDIO) + 1)}),
        (b"other data", {}),
        (AUDIO, {"Content-Type": "text/html"}),
        (b"other data", {"x-amz-checksum-sha256": sha256(b"other data")}),
    ],
    ids=["larger", "another body", "another type", "another checksum"],
)
def test_upload_that_was_not_signed_is_rejected(client, token, create_content, body, headers):
    content = create_content()

    response = put(content["media"][0]["upload"], body, **headers)

    read = client.request("GET", f"/me/content/{content['id']}", token).json()
    assert response.status_code in {400, 403}
    assert read["media"][0]["state"] == "pending"


@pytest.mark.long
def test_friends_of_another_user_are_not_read(client, stack, owner, token):
    friend = client.create_confirmed_user()
    client.get_profile(client.get_access_token(friend))
    for item in links.link_items(owner.sub, links.FRIEND, friend.sub, created_at=TIME):
        put_item(stack, item)

    mine = client.request("GET", "/me/friends", token).json()["users"]
    theirs = client.request("GET", "/me/friends", client.get_access_token(friend)).json()["users"]

    assert [user["user_id"] for user in mine] == [friend.sub]
    assert [user["user_id"] for user in theirs] == [owner.sub]
    assert client.request("GET", "/me/friends").status_code == 401
