"""The table's shape, its errors at the first call, and the number of its users."""

import pytest
from backfill_fixtures import LIMITS, account, client_error, plain_user, profile
from userprofiles.backfill.calls import Calls
from userprofiles.backfill.errors import CannotGoOnError, RefusedError
from userprofiles.backfill.source import count_users, detect_shape
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.table_shape import TableShape


@pytest.fixture
def calls_on():
    return lambda table: Calls(table.client, table.location, Stop(), LIMITS)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], None),
        ([profile("a")], None),
        ([{"PK": {"S": "MIGRATION#x"}, "SK": {"S": "RUN#1"}}], None),
        ([plain_user("user1"), profile("user1")], TableShape.PLAIN),
        ([account("a"), profile("a")], TableShape.STACK),
        ([account("a"), {"PK": {"S": "LEGACY#mongo#1"}, "SK": {"S": "LEGACY#MAIN"}}], TableShape.STACK),
    ],
)
def test_shape_is_detected_from_the_first_rows(create_table, calls_on, rows, expected):
    assert detect_shape(calls_on(create_table(*rows)), 100) is expected


def test_shape_is_detected_on_a_later_page(create_table, calls_on):
    table = create_table(*(profile(f"{n}") for n in range(9)), plain_user("user1"))

    assert detect_shape(calls_on(table), 3) is TableShape.PLAIN


def test_rows_of_both_shapes_are_refused(create_table, calls_on):
    table = create_table(plain_user("user1"), account("a"))

    with pytest.raises(RefusedError, match="both shapes"):
        detect_shape(calls_on(table), 100)


def test_table_with_other_keys_is_reported(create_table, calls_on):
    table = create_table({"id": {"S": "1"}, "at": {"S": "2"}}, keys=("id", "at"))

    with pytest.raises(CannotGoOnError, match="does not have the keys PK and SK"):
        detect_shape(calls_on(table), 100)


def test_response_that_is_not_from_dynamodb_is_reported(create_table, calls_on):
    table = create_table()
    table.client.hooks = [lambda operation, parameters: {"message": "<html>", "ResponseMetadata": {}}]

    with pytest.raises(CannotGoOnError, match="is not DynamoDB"):
        detect_shape(calls_on(table), 100)


@pytest.mark.parametrize(
    ("code", "status", "message"),
    [
        ("ResourceNotFoundException", 400, "Table not found: 'v_users_dev'"),
        ("UnrecognizedClientException", 400, "does not accept the credentials"),
        ("ExpiredTokenException", 400, "does not accept the credentials"),
        ("ValidationException", 400, "refuses to scan"),
        ("404", 404, "is not DynamoDB: HTTP status 404"),
        ("502", 502, "is not DynamoDB: HTTP status 502"),
        ("SomethingNewException", 400, "DynamoDB answered SomethingNewException"),
    ],
)
def test_error_of_the_first_call_is_reported(create_table, calls_on, code, status, message):
    table = create_table()

    def fail(operation, parameters):
        raise client_error(operation, code, "injected by the test", status)

    table.client.hooks = [fail]

    with pytest.raises(CannotGoOnError, match=message):
        detect_shape(calls_on(table), 100)


@pytest.mark.parametrize(("shape", "expected"), [(TableShape.PLAIN, 2), (TableShape.STACK, 1)])
def test_user_rows_are_counted(create_table, calls_on, shape, expected):
    table = create_table(plain_user("user1"), plain_user("user2"), profile("user1"), account("a"))

    assert count_users(calls_on(table), shape) == expected
