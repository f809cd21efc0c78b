"""What the first rows tell about a table."""

import pytest
from backfill_fixtures import LIMITS, account, client_error, plain_user, profile
from userprofiles.backfill.calls import Calls
from userprofiles.backfill.errors import CannotGoOnError, RefusedError
from userprofiles.backfill.source import count_users, probe
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.table_shape import Shape


@pytest.fixture
def calls_on():
    return lambda table: Calls(table.client, table.place, Stop(), LIMITS)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], None),
        ([profile("a")], None),
        ([{"PK": {"S": "MIGRATION#x"}, "SK": {"S": "RUN#1"}}], None),
        ([plain_user("user1"), profile("user1")], Shape.PLAIN),
        ([account("a"), profile("a")], Shape.STACK),
        ([account("a"), {"PK": {"S": "LEGACY#mongo#1"}, "SK": {"S": "LEGACY#MAIN"}}], Shape.STACK),
    ],
)
def test_shape(make_table, calls_on, rows, expected):
    assert probe(calls_on(make_table(*rows)), 100) is expected


def test_shape_is_sought_beyond_the_first_rows(make_table, calls_on):
    table = make_table(*(profile(f"{n}") for n in range(9)), plain_user("user1"))

    assert probe(calls_on(table), 3) is Shape.PLAIN


def test_rows_of_both_shapes_are_refused(make_table, calls_on):
    table = make_table(plain_user("user1"), account("a"))

    with pytest.raises(RefusedError, match="both shapes"):
        probe(calls_on(table), 100)


def test_table_with_other_keys_is_told(make_table, calls_on):
    table = make_table({"id": {"S": "1"}, "at": {"S": "2"}}, keys=("id", "at"))

    with pytest.raises(CannotGoOnError, match="does not have the keys PK and SK"):
        probe(calls_on(table), 100)


def test_answer_of_something_else_than_dynamodb_is_told(make_table, calls_on):
    table = make_table()
    table.client.before = [lambda operation, parameters: {"message": "<html>", "ResponseMetadata": {}}]

    with pytest.raises(CannotGoOnError, match="is not DynamoDB"):
        probe(calls_on(table), 100)


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
def test_error_of_the_first_call_is_told(make_table, calls_on, code, status, message):
    table = make_table()

    def fail(operation, parameters):
        raise client_error(operation, code, "as the test wants it", status)

    table.client.before = [fail]

    with pytest.raises(CannotGoOnError, match=message):
        probe(calls_on(table), 100)


@pytest.mark.parametrize(("shape", "expected"), [(Shape.PLAIN, 2), (Shape.STACK, 1)])
def test_user_rows_are_counted(make_table, calls_on, shape, expected):
    table = make_table(plain_user("user1"), plain_user("user2"), profile("user1"), account("a"))

    assert count_users(calls_on(table), shape) == expected
