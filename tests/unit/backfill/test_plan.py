"""A row becomes a profile, a reason to skip it, or a reason why it failed."""

import pytest
from backfill_fixtures import NOW, account, plain_user
from userprofiles import template
from userprofiles.backfill.plan import ProfileMaker, read_user, too_large
from userprofiles.backfill.skip_rule import SkipRule
from userprofiles.backfill.table_shape import Shape, is_user
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


def read(row, shape=Shape.PLAIN):
    return read_user(row, shape, SkipRule())


def make(user, shape=Shape.PLAIN, name="basic"):
    return deserialize_item(ProfileMaker(template.load(name), shape, "run-1").item(user, NOW))


@pytest.mark.parametrize("name", ["basic", "marketplace"])
def test_profile_in_the_plain_shape_is_exactly_the_readmes(name):
    assert make(read(plain_user("user7")), name=name) == README_PROFILE


def test_profile_in_the_stacks_shape_carries_its_run():
    made = make(read(account("user7"), Shape.STACK), Shape.STACK)

    assert made == README_PROFILE | {"firstName": "", "lastName": "", "migrationRunId": "run-1"}


def test_phone_number_is_copied_as_it_stands():
    user = read(plain_user("user7", phoneNumber={"S": "555-0123"}))

    assert make(user)["phoneNumber"] == "555-0123"


@pytest.mark.parametrize("missing", [None, {"NULL": True}, {"S": ""}])
def test_missing_names_have_the_defaults(missing):
    made = make(read(plain_user("user7", firstName=missing, lastName=missing, phoneNumber=missing)))

    assert (made["firstName"], made["lastName"], made["phoneNumber"]) == ("", "", None)


@pytest.mark.parametrize("user_id", [None, {"NULL": True}, {"S": ""}])
def test_id_is_the_pk_where_there_is_no_user_id(user_id):
    user = read(plain_user("user7", userId=user_id))

    assert (user.key, user.failed) == ("USER#user7", None)


def test_user_id_comes_before_the_pk():
    user = read(plain_user("row-1", userId={"S": "person-1"}))

    assert make(user)["PK"] == "USER#person-1"
    assert make(user)["userId"] == "person-1"


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"userId": {"N": "7"}}, "userId is a number, not a string"),
        ({"userId": {"M": {}}}, "userId is a map, not a string"),
        ({"userId": {"S": "  "}}, "the row has no id: userId is empty"),
        ({"userId": {"S": "é" * 1100}}, "the id is longer than the 2048 bytes that a key holds"),
        ({"userId": None, "PK": {"N": "7"}}, "PK is a number, not a string"),
        ({"userId": None, "PK": {"B": b"7"}}, "PK is binary, not a string"),
        ({"userId": None, "PK": None}, "the row has no id: neither userId nor PK is there"),
        ({"firstName": {"N": "1"}}, "firstName is a number, not a string"),
        ({"phoneNumber": {"N": "15550100"}}, "phoneNumber is a number, not a string"),
        ({"status": {"BOOL": True}}, "status is a boolean, not a string"),
    ],
)
def test_unusable_row_fails_with_a_reason(attributes, reason):
    user = read(plain_user("user7", **attributes))

    assert (user.failed, user.skipped, user.key) == (reason, None, "")


def test_tombstone_stays_erased():
    user = read(
        {"PK": {"S": "USER#x"}, "SK": {"S": "ACCOUNT#MAIN"}, "entityType": {"S": "TOMBSTONE"}}, Shape.STACK
    )

    assert user.skipped == "erased"


def test_profile_over_the_limit_is_noticed_before_it_is_sent():
    maker = ProfileMaker(template.load("basic"), Shape.PLAIN, "run-1")

    def item(name):
        return maker.item(read(plain_user("user7", firstName={"S": name})), NOW)

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

    assert is_user(row, Shape.PLAIN) is plain
    assert is_user(row, Shape.STACK) is stack
