from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from userprofiles.table import record


def test_keys_are_the_single_tables() -> None:
    expected = ({"PK": "USER#s", "SK": "ACCOUNT#MAIN"}, {"PK": "USER#s", "SK": "PROFILE#MAIN"})

    assert expected == (record.key("s", "account"), record.key("s", "profile"))


def test_account_item_has_its_list_and_its_chain() -> None:
    item = record.account_item("s-1", "vendor", "2026-02-04T16:00:00Z", {"email": "a@b.co"}, "h")

    expected = {
        "PK": "USER#s-1",
        "SK": "ACCOUNT#MAIN",
        "entityType": "USER_ACCOUNT",
        "email": "a@b.co",
        "listPK": f"LIST#vendor#{record.list_shard('s-1')}",
        "listSK": "2026-02-04T16:00:00Z#s-1",
        "auditHead": "h",
        "version": 1,
    }
    assert expected == item


def test_profile_item_has_keys_type_and_fields_alone() -> None:
    item = record.profile_item("s-1", {"language": "en"})

    assert item == {
        "PK": "USER#s-1",
        "SK": "PROFILE#MAIN",
        "entityType": "USER_PROFILE",
        "language": "en",
    }


def test_public_shows_no_key_and_no_bookkeeping() -> None:
    account = record.account_item("s-1", "vendor", "2026", {"email": "a@b.co"}, "h") | {"expiresAt": 1}

    assert record.public(account) == {"email": "a@b.co"}


@given(st.uuids().map(str))
def test_list_shard_is_one_of_sixteen_and_stays(sub: str) -> None:
    shard = record.list_shard(sub)

    assert shard in {f"{number:02d}" for number in range(16)}
    assert shard == record.list_shard(sub)


def test_list_shards_are_all_used() -> None:
    assert len({record.list_shard(f"user-{number}") for number in range(500)}) == 16


@pytest.mark.parametrize("value", ["", "a#b", "USER#x", "a b", "-a", "a" * 129, None, 7, "é", "a\n"])
def test_what_could_pose_as_another_key_is_no_sub(value: object) -> None:
    assert not record.is_sub(value)


def test_timestamp_is_utc_to_the_second() -> None:
    moment = datetime(2026, 2, 4, 21, 30, 0, 999_000, tzinfo=timezone(timedelta(hours=5, minutes=30)))

    assert record.timestamp(moment) == "2026-02-04T16:00:00Z"
    assert record.timestamp(moment.astimezone(UTC)) == "2026-02-04T16:00:00Z"


def test_every_partition_begins_with_a_prefix_of_this_table() -> None:
    account = record.account_item("s-1", "vendor", "2026", {}, "h")

    assert account["PK"].startswith(record.USER_PREFIX)
    assert account["listPK"].startswith(record.LIST_PREFIX)
    assert {record.USER_PREFIX, record.LIST_PREFIX} <= set(record.PARTITION_PREFIXES)


def test_largest_item_leaves_room_below_the_limit_of_dynamodb() -> None:
    assert record.LARGEST_ITEM_BYTES < record.DYNAMODB_ITEM_BYTES
