"""Pictures: upload by a form, claim by a change of the profile, read by a signed URL."""

import pytest
import requests

pytestmark = pytest.mark.backends("embedded", "localstack", "aws")
PNG = b"\x89PNG\r\n\x1a\n picture"


def create_form(client, token):
    response = client.request("POST", "/me/avatar", token, json={"contentType": "image/png"})
    assert response.status_code == 201, response.text
    return response.json()


def upload(form, content=PNG, **fields):
    return requests.post(
        form["url"], data={**form["fields"], **fields}, files={"file": ("x.png", content)}, timeout=15
    )


def set_picture(client, token, key):
    return client.patch_profile(token, {"profile": {"profilePictureUrl": key}})


def test_uploaded_picture_is_read_by_a_signed_url(client):
    token = client.get_access_token(client.create_confirmed_user())
    form = create_form(client, token)

    uploaded = upload(form)
    changed = set_picture(client, token, form["key"])

    assert (uploaded.status_code, changed.status_code) == (204, 200), changed.text
    url = client.get_profile(token).json()["profile"]["profilePictureUrl"]
    picture = requests.get(url, timeout=15)
    assert (picture.status_code, picture.content) == (200, PNG)
    assert picture.headers["Content-Type"] == "image/png"
    assert requests.get(url.split("?")[0], timeout=15).status_code == 403
    assert requests.get(url.replace("claimed/", "claimed/x"), timeout=15).status_code == 403


@pytest.fixture(scope="module")
def token(client):
    """Return the access token of a user without a picture."""
    return client.get_access_token(client.create_confirmed_user())


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (b"x" * (5 * 1024 * 1024 + 1), {}),
        (b"", {}),
        (PNG, {"Content-Type": "text/html"}),
        (PNG, {"key": "avatars/somebody-else/x"}),
    ],
    ids=["too large", "empty", "another type", "another key"],
)
def test_upload_that_the_form_does_not_allow_is_rejected(client, token, content, fields):
    form = create_form(client, token)

    assert upload(form, content, **fields).status_code in {400, 403}
    assert set_picture(client, token, form["key"]).status_code == 400


def test_upload_of_another_user_is_rejected(client):
    ada, grace = client.create_confirmed_user(), client.create_confirmed_user()
    form = create_form(client, client.get_access_token(ada))
    upload(form)

    response = set_picture(client, client.get_access_token(grace), form["key"])

    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "not_own")
