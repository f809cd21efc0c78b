"""Redirects of old media URLs, which everybody can follow."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from userprofiles.api.media_redirect import MAX_OWNERS
from userprofiles.api.routes import FOLLOW_REDIRECT
from userprofiles.social import redirects

OWNER = "s-1"
CONTENT = "20190517T093001250Z-0123456789ab"
URL = "https://Media.Old.example/uploads/a%20b/x.mp3?X-Amz-Signature=1"
PATH = "/media/media.old.example/uploads/a b/x.mp3"


@pytest.fixture(autouse=True)
def owner(add_account: Callable[..., None]) -> None:
    add_account(OWNER)


@pytest.fixture
def add_redirect(tables: Any) -> Callable[..., None]:
    def add(
        url: str = URL, *, owner: str = OWNER, is_public: bool = True, content_type: str = "audio/mpeg"
    ) -> None:
        for item in redirects.redirect_items(
            owner, url, content=CONTENT, media_id="m1", content_type=content_type, is_public=is_public
        ):
            tables.put(item)

    return add


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("api.example.com", PATH),
        ("api.example.com", "/media/MEDIA.old.example/uploads/a%20b/x.mp3"),
        ("media.old.example", "/uploads/a b/x.mp3"),
    ],
    ids=["old host in the path", "encoded", "old host name of this API"],
)
def test_public_url_leads_to_the_bucket(
    call: Callable[..., Any], add_redirect: Callable[..., None], host: str, path: str
) -> None:
    add_redirect()

    response = call(FOLLOW_REDIRECT, path, host=host, claims=None)

    location = urlsplit(response.headers["location"])
    query = parse_qs(location.query)
    assert (response.status, response.headers["cache-control"]) == (302, "no-store")
    assert location.path.endswith(f"/media/{OWNER}/{CONTENT}/m1")
    assert (query["X-Amz-Expires"], query["response-content-type"]) == (["300"], ["audio/mpeg"])


def test_old_page_is_never_shown_as_a_page(
    call: Callable[..., Any], add_redirect: Callable[..., None]
) -> None:
    add_redirect(content_type="text/html")

    location = call(FOLLOW_REDIRECT, PATH, claims=None).headers["location"]

    assert parse_qs(urlsplit(location).query)["response-content-type"] == ["application/octet-stream"]


@pytest.mark.parametrize(
    "path",
    [
        "/media/media.old.example/uploads/other.mp3",
        f"/media/{OWNER}/{CONTENT}/m1",
        "/media/media.old.example/",
        "/media/media.old.example",
        "/media/x",
        "/other",
        f"/media/{'x' * 5000}/y",
        "/media/media.old.example/uploads/../uploads/a b/x.mp3",
    ],
)
def test_unknown_url_is_404(call: Callable[..., Any], add_redirect: Callable[..., None], path: str) -> None:
    add_redirect()

    response = call(FOLLOW_REDIRECT, path, claims=None)

    assert (response.status, response.body["code"]) == (404, "media_not_found")


def test_private_unknown_and_ownerless_media_have_the_same_answer(
    call: Callable[..., Any],
    add_redirect: Callable[..., None],
    add_account: Callable[..., None],
    tables: Any,
    mark_user: Any,
) -> None:
    """A guess must not show whether private media exist."""
    unknown = call(FOLLOW_REDIRECT, PATH, claims=None)
    add_redirect(is_public=False)
    private = call(FOLLOW_REDIRECT, PATH, claims=None)
    add_redirect()
    add_account(OWNER, status="suspended")
    inactive = call(FOLLOW_REDIRECT, PATH, claims=None)
    add_account(OWNER)
    mark_user(OWNER)
    marked = call(FOLLOW_REDIRECT, PATH, claims=None)
    tables.put({"PK": f"USER#{OWNER}", "SK": "ACCOUNT#MAIN", "entityType": "TOMBSTONE"})
    erased = call(FOLLOW_REDIRECT, PATH, claims=None)

    answers = [unknown, private, inactive, marked, erased]
    assert [answer.status for answer in answers] == [404] * 5
    assert all(answer.body == unknown.body for answer in answers)


def test_url_leads_to_the_copy_of_another_user_after_its_first_owner_has_left(
    call: Callable[..., Any],
    add_redirect: Callable[..., None],
    add_account: Callable[..., None],
    mark_user: Any,
) -> None:
    """A user who names the public files of others and then leaves breaks no URL."""
    add_redirect()
    add_redirect(owner="s-2")
    add_account("s-2")
    before = call(FOLLOW_REDIRECT, PATH, claims=None)
    mark_user(OWNER)
    after = call(FOLLOW_REDIRECT, PATH, claims=None)
    mark_user("s-2")
    last = call(FOLLOW_REDIRECT, PATH, claims=None)

    paths = [urlsplit(response.headers["location"]).path for response in (before, after)]
    owners = [path.partition("/media/")[2].partition("/")[0] for path in paths]
    assert (owners, last.status) == ([OWNER, "s-2"], 404)


def test_call_without_a_token_reads_a_limited_number_of_accounts(
    call: Callable[..., Any], add_redirect: Callable[..., None], add_account: Callable[..., None]
) -> None:
    for number in range(MAX_OWNERS):
        add_redirect(owner=f"a-{number}")
    add_redirect(owner="s-2")
    add_account("s-2")

    assert call(FOLLOW_REDIRECT, PATH, claims=None).status == 404


def test_redirect_never_leaves_the_media_of_its_owner(
    call: Callable[..., Any], add_redirect: Callable[..., None], tables: Any
) -> None:
    add_redirect()
    key = redirects.redirect_key(redirects.url_hash(URL), OWNER)
    [item] = [item for item in tables.items() if item["PK"] == key["PK"]]
    tables.put({**item, "mediaKey": "exports/s-1/bundle.json"})

    assert call(FOLLOW_REDIRECT, PATH, claims=None).status == 404
