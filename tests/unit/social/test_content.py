import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from userprofiles.social import content

MOMENT = datetime(2019, 5, 17, 9, 30, 1, 250_999, tzinfo=UTC)


def test_content_id_begins_with_the_record_time_and_ends_with_a_hash() -> None:
    identifier = content.content_id(MOMENT, "biograph#5f1")

    assert identifier.startswith("20190517T093001250Z-")
    assert content.is_content_id(identifier)
    assert content.content_id(MOMENT.astimezone(timezone(timedelta(hours=5))), "biograph#5f1") == identifier
    assert content.content_id(MOMENT, "biograph#5f2") != identifier


@pytest.mark.parametrize("year", [1, 999, 9999])
def test_content_id_of_an_unusual_year_is_valid(year: int) -> None:
    """An application can use the year 1 for an unknown date."""
    identifier = content.content_id(datetime(year, 1, 1, tzinfo=UTC), "x")

    assert content.is_content_id(identifier)
    assert identifier.startswith(f"{year:04d}0101T")


def test_content_ids_sort_by_time() -> None:
    moments = [MOMENT + timedelta(milliseconds=step) for step in (0, 1, 1_000, 90_000_000)]

    identifiers = [content.content_id(moment, str(number)) for number, moment in enumerate(moments)]

    assert identifiers == sorted(identifiers)


@pytest.mark.parametrize(
    "value", ["", "x", "20190517T093001250Z-", "../20190517T093001250Z-0123456789ab", None]
)
def test_other_text_is_not_a_content_id(value: object) -> None:
    assert not content.is_content_id(value)


def test_item_has_the_attributes_of_the_module_description() -> None:
    entry = content.media_entry("m-1", "audio/mp4", size=12, sha256="abc=")
    item = content.content_item(
        "s-1", "c", title="T", text="", record_time=MOMENT, created_at="2026-01-01T00:00:00Z", media=[entry]
    )
    imported = content.imported_content_item(item, old_id="5f1", digest="d", run_id="r-1")

    assert item == {
        "PK": "USER#s-1",
        "SK": "CONTENT#c",
        "entityType": "CONTENT",
        "title": "T",
        "text": "",
        "record_time": "2019-05-17T09:30:01.250Z",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "media": [
            {"id": "m-1", "content_type": "audio/mp4", "bytes": 12, "sha256": "abc=", "state": "ready"}
        ],
        "migrated_from_old_system": False,
    }
    assert imported == {
        **item,
        "migrated_from_old_system": True,
        "old_biograph_id": "5f1",
        "contentDigest": "d",
        "migrationRunId": "r-1",
    }
    assert set(imported) - {"PK", "SK"} | {"uploadsUntil"} == set(
        re.findall(r"`(\w+)`", _table(content.__doc__))
    )


def _table(text: str | None) -> str:
    """Return the first column of the table in a module's description."""
    return "\n".join(line.split("|")[1] for line in (text or "").splitlines() if line.startswith("| `"))


@pytest.mark.parametrize(
    ("sub", "identifier", "media_id"),
    [
        ("s/1", "20190517T093001250Z-0123456789ab", "m"),
        ("s-1", "..", "m"),
        ("s-1", "20190517T093001250Z-0123456789ab", "../m"),
        ("s-1", "20190517T093001250Z-0123456789ab", ""),
    ],
)
def test_media_key_never_leaves_the_prefix_of_its_owner(sub: str, identifier: str, media_id: str) -> None:
    with pytest.raises(ValueError, match="media key"):
        content.media_key(sub, identifier, media_id)


def test_media_key_is_below_the_prefix_of_its_owner() -> None:
    identifier = content.content_id(MOMENT, "x")

    assert content.media_key("s-1", identifier, "m-1") == f"media/s-1/{identifier}/m-1"
    assert content.media_key("s-1", identifier, "m-1").startswith(content.media_prefix("s-1"))
    assert not content.media_key("s-12", identifier, "m-1").startswith(content.media_prefix("s-1"))
