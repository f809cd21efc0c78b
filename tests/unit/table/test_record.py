from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from userprofiles.table import record


def test_keys_are_those_of_the_single_table_design() -> None:
    expected = ({"PK": "USER#s", "SK": "ACCOUNT#MAIN"}, {"PK": "USER#s", "SK": "PROFILE#MAIN"})

    assert (record.key("s", "account"), record.key("s", "profile")) == expected


def test_account_item_has_list_keys_and_audit_head() -> None:
    item = record.account_item(
        "s-1", "vendor", "2026-02-04T16:00:00Z", {"email": "a@b.co"}, audit_head="h", created_by="sign_up"
    )

    expected = {
        "createdBy": "sign_up",
        "PK": "USER#s-1",
        "SK": "ACCOUNT#MAIN",
        "entityType": "USER_ACCOUNT",
        "email": "a@b.co",
        "listPK": f"LIST#vendor#{record.list_shard('s-1')}",
        "listSK": "2026-02-04T16:00:00Z#s-1",
        "auditHead": "h",
        "version": 1,
    }
    assert item == expected


def test_account_with_a_status_is_also_listed_by_status() -> None:
    item = record.account_item(
        "s-1", "vendor", "2026-02-04T16:00:00Z", {"status": "active"}, audit_head="h", created_by="sign_up"
    )

    assert item["statusListPK"] == f"LIST#vendor#active#{record.list_shard('s-1')}"
    assert record.public_fields(item) == {"status": "active"}


def test_profile_item_has_only_keys_type_and_fields() -> None:
    item = record.profile_item("s-1", {"language": "en"})

    assert item == {
        "PK": "USER#s-1",
        "SK": "PROFILE#MAIN",
        "entityType": "USER_PROFILE",
        "language": "en",
    }


def test_public_fields_have_no_keys_and_no_bookkeeping() -> None:
    account = record.account_item(
        "s-1", "vendor", "2026", {"email": "a@b.co"}, audit_head="h", created_by="sign_up"
    ) | {"expiresAt": 1}

    assert record.public_fields(account) == {"email": "a@b.co"}


@given(st.uuids().map(str))
@pytest.mark.long
def test_list_shard_is_one_of_16_and_stable(sub: str) -> None:
    shard = record.list_shard(sub)

    assert shard in {f"{number:02d}" for number in range(16)}
    assert record.list_shard(sub) == shard


def test_all_list_shards_are_used() -> None:
    assert len({record.list_shard(f"user-{number}") for number in range(500)}) == 16


@pytest.mark.parametrize("value", ["", "a#b", "USER#x", "a b", "-a", "a" * 129, None, 7, "é", "a\n"])
def test_value_that_could_be_mistaken_for_another_key_is_not_a_sub(value: object) -> None:
    assert not record.is_sub(value)


def test_timestamp_is_utc_in_seconds() -> None:
    moment = datetime(2026, 2, 4, 21, 30, 0, 999_000, tzinfo=timezone(timedelta(hours=5, minutes=30)))

    assert record.timestamp(moment) == "2026-02-04T16:00:00Z"
    assert record.timestamp(moment.astimezone(UTC)) == "2026-02-04T16:00:00Z"


def test_every_partition_key_has_a_documented_prefix() -> None:
    account = record.account_item("s-1", "vendor", "2026", {}, audit_head="h", created_by="sign_up")

    assert account["PK"].startswith(record.USER_PREFIX)
    assert account["listPK"].startswith(record.LIST_PREFIX)
    assert {record.USER_PREFIX, record.LIST_PREFIX} <= set(record.PARTITION_PREFIXES)


def test_largest_item_is_below_the_limit_of_dynamodb() -> None:
    assert record.LARGEST_ITEM_BYTES < record.DYNAMODB_ITEM_BYTES


def test_item_is_too_large_from_one_byte_over_the_limit() -> None:
    text = "x" * (record.LARGEST_ITEM_BYTES - len("name"))

    sizes = [record.is_too_large({"name": {"S": value}}) for value in (text, text + "x")]

    assert sizes == [False, True]
