"""The plan for a row: a profile, a reason to skip the user, or a reason for a failure."""

import pytest
from backfill_fixtures import NOW, account, plain_user
from userprofiles import template
from userprofiles.backfill.tables.table_shape import TableShape, is_user_row
from userprofiles.backfill.targets.profile_builder import ProfileBuilder, too_large
from userprofiles.backfill.users.skip_rule import SkipRule
from userprofiles.backfill.users.user_row import read_user_row
from userprofiles.table import record
from userprofiles.table.attribute_value import deserialize_item, item_size

README_PROFILE = {
    "PK": "USER#user7",
    "SK": "PROFILE#MAIN",
    "userId": "user7",
    "entityType": "USER_PROFILE",
    "firstName": "First user7",
    "lastName": "Last user7",
    "phoneNumber": None,
    "language": "en",
    "organization": None,
    "department": None,
    "timezone": "UTC",
    "profilePictureUrl": None,
    "address": {"street": "", "city": "", "state": "", "country": "", "postalCode": ""},
    "preferences": {"notifications": True, "emailAlerts": True, "smsAlerts": False},
    "createdAt": NOW,
    "updatedAt": NOW,
}


def read(row, shape=TableShape.PLAIN):
    return read_user_row(row, shape, SkipRule())


def build_profile(user, shape=TableShape.PLAIN, name="basic"):
    return deserialize_item(ProfileBuilder(template.load(name), shape, "run-1").build_item(user, NOW))


@pytest.mark.parametrize("name", ["basic", "marketplace"])
def test_profile_in_the_plain_shape_is_exactly_the_readmes(name):
    assert build_profile(read(plain_user("user7")), name=name) == README_PROFILE


def test_profile_in_the_stack_shape_has_the_run_id():
    item = build_profile(read(account("user7"), TableShape.STACK), TableShape.STACK)

    assert item == README_PROFILE | {"firstName": "", "lastName": "", "migrationRunId": "run-1"}


def test_phone_number_is_copied_unchanged():
    user = read(plain_user("user7", phoneNumber={"S": "555-0123"}))

    assert build_profile(user)["phoneNumber"] == "555-0123"


@pytest.mark.parametrize("missing", [None, {"NULL": True}, {"S": ""}])
def test_missing_names_have_the_defaults(missing):
    item = build_profile(read(plain_user("user7", firstName=missing, lastName=missing, phoneNumber=missing)))

    assert (item["firstName"], item["lastName"], item["phoneNumber"]) == ("", "", None)


@pytest.mark.parametrize("user_id", [None, {"NULL": True}, {"S": ""}])
def test_id_is_the_pk_without_a_user_id(user_id):
    user = read(plain_user("user7", userId=user_id))

    assert (user.profile_key, user.failure_reason) == ("USER#user7", None)


def test_user_id_takes_precedence_over_the_pk():
    user = read(plain_user("row-1", userId={"S": "person-1"}))

    assert build_profile(user)["PK"] == "USER#person-1"
    assert build_profile(user)["userId"] == "person-1"


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"userId": {"N": "7"}}, "userId is a number, not a string"),
        ({"userId": {"M": {}}}, "userId is a map, not a string"),
        ({"userId": {"S": "  "}}, "the row has no id: userId is empty"),
        ({"userId": {"S": "é" * 1100}}, "the id is longer than the 2048 bytes that a key holds"),
        ({"userId": None, "PK": {"N": "7"}}, "PK is a number, not a string"),
        ({"userId": None, "PK": {"B": b"7"}}, "PK is binary, not a string"),
        ({"userId": None, "PK": None}, "the row has no id: it has neither userId nor PK"),
        ({"firstName": {"N": "1"}}, "firstName is a number, not a string"),
        ({"phoneNumber": {"N": "15550100"}}, "phoneNumber is a number, not a string"),
        ({"status": {"BOOL": True}}, "status is a boolean, not a string"),
    ],
)
def test_unusable_row_fails_with_a_reason(attributes, reason):
    user = read(plain_user("user7", **attributes))

    assert (user.failure_reason, user.skip_reason, user.profile_key) == (reason, None, "")


def test_tombstone_stays_erased():
    user = read(
        {"PK": {"S": "USER#x"}, "SK": {"S": "ACCOUNT#MAIN"}, "entityType": {"S": "TOMBSTONE"}},
        TableShape.STACK,
    )

    assert user.skip_reason == "erased"


def test_profile_over_the_limit_is_rejected_before_the_insert():
    builder = ProfileBuilder(template.load("basic"), TableShape.PLAIN, "run-1")

    def item(name):
        return builder.build_item(read(plain_user("user7", firstName={"S": name})), NOW)

    room = record.LARGEST_ITEM_BYTES - item_size(item("x")) + 1

    assert too_large(item("x" * room)) is None
    assert too_large(item("x" * (room - 1) + "é")) == (
        "the profile would have 400,001 bytes; the largest profile that is written has 400,000 "
        "(DynamoDB's limit of 400 KB, less room for later changes)"
    )


@pytest.mark.parametrize(
    ("pk", "sk", "plain", "stack"),
    [
        ("user7", "METADATA", True, False),
        ("USER#7", "ACCOUNT#MAIN", False, True),
        ("USER#7", "PROFILE#MAIN", False, False),
        ("user#7", "ACCOUNT#MAIN", True, False),
        ("LEGACY#mongo#7", "ACCOUNT#MAIN", True, False),
    ],
)
def test_user_rows_of_both_shapes(pk, sk, plain, stack):
    row = {"PK": {"S": pk}, "SK": {"S": sk}}

    assert is_user_row(row, TableShape.PLAIN) is plain
    assert is_user_row(row, TableShape.STACK) is stack


def test_career_profile_has_an_id_of_its_own_and_no_fields_of_other_templates():
    first, second = (build_profile(read(plain_user("user7")), name="career") for _ in range(2))

    assert set(first) == {
        "PK",
        "SK",
        "entityType",
        *template.load("career").document["profile"]["properties"],
    }
    assert first["profile_id"] != second["profile_id"]
    assert (first["user_id"], first["created_at"], first["updated_at"]) == ("user7", NOW, NOW)
    assert first["profile_completed"] is False
