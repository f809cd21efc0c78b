import pytest
from userprofiles.social import legacy_records, redirects

CONTENT = "20190517T093001250Z-0123456789ab"


def test_redirect_and_its_mirror_have_the_same_hash() -> None:
    redirect, mirror = redirects.redirect_items(
        "s-1",
        "https://Old.Example.com/a/b.mp3",
        content=CONTENT,
        media_id="m",
        content_type="audio/mpeg",
        is_public=True,
        run_id="r-1",
    )

    assert redirect == {
        "PK": mirror["SK"],
        "SK": "USER#s-1",
        "entityType": "REDIRECT",
        "sub": "s-1",
        "contentId": CONTENT,
        "mediaKey": f"media/s-1/{CONTENT}/m",
        "contentType": "audio/mpeg",
        "isPublic": True,
        "migrationRunId": "r-1",
    }
    assert mirror["PK"] == "USER#s-1"
    assert redirects.redirect_of_mirror("s-1", mirror["SK"]) == {"PK": redirect["PK"], "SK": "USER#s-1"}
    assert "old.example.com" not in str(redirect)


@pytest.mark.parametrize(
    "url",
    [
        "https://old.example.com/a%20b/%C3%BC.mp3",
        "http://OLD.example.com:80/a b/ü.mp3?X-Amz-Signature=1#t=3",
        "https://old.example.com/a%2520b/ü.mp3",
    ],
)
def test_forms_of_one_url_have_one_hash(url: str) -> None:
    assert redirects.url_hash(url) == redirects.location_hash("old.example.com", "/a b/ü.mp3")


def test_other_host_or_path_has_another_hash() -> None:
    hashes = {
        redirects.url_hash(url)
        for url in ("https://a.example/x", "https://b.example/x", "https://a.example/X", "https://a.example/")
    }

    assert len(hashes) == 4


@pytest.mark.parametrize("url", ["", "/a.mp3", "a.mp3", "https:///a.mp3"])
def test_url_without_a_host_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="absolute URL"):
        redirects.url_hash(url)


@pytest.mark.parametrize("sort_key", ["REDIRECT#", "REDIRECT#x", f"REDIRECT#{'0' * 63}G", "MAIN"])
def test_other_item_has_no_redirect(sort_key: str) -> None:
    assert redirects.redirect_of_mirror("s-1", sort_key) is None


def test_claim_and_mirror_find_each_other() -> None:
    claim = legacy_records.claim_item(
        "biograph", "5f1", address_hash="h", address_salt="s", digest="d", updated_at="2026", run_id="r-1"
    )
    mirror = legacy_records.legacy_mirror_item("s-1", "biograph", "5f1", run_id="r-1")

    assert claim["PK"] == mirror["SK"] == "LEGACY#biograph#5f1"
    assert claim["SK"] == "CLAIM#MAIN"
    assert claim["state"] == "claimed"
    assert claim["migrationRunId"] == mirror["migrationRunId"] == "r-1"


@pytest.mark.parametrize(
    ("source", "old_id"), [("Bio", "1"), ("", "1"), ("a#b", "1"), ("biograph", ""), ("biograph", "x" * 513)]
)
def test_name_that_cannot_be_a_key_is_refused(source: str, old_id: str) -> None:
    with pytest.raises(ValueError, match=r"source|old ID"):
        legacy_records.claim_key(source, old_id)
