"""The table's shape, its errors at the first call, and the number of its users."""

import re
from dataclasses import replace

import pytest
from backfill_fixtures import LIMITS, account, client_error, plain_user, profile
from botocore.exceptions import ParamValidationError
from userprofiles.backfill.error_messages import TableLocation, translate_error
from userprofiles.backfill.errors import BackfillFailedError, RefusedError, StoppedError
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.shape_detection import detect_shape, read_first_shapes
from userprofiles.backfill.tables.table_scan import count_users
from userprofiles.backfill.tables.table_shape import TableShape


@pytest.fixture
def calls_on():
    return lambda table: Calls(table.client, table.location, Stop(), LIMITS)


def detect(calls, limits=LIMITS, states=None, stop=None):
    states = states or [SegmentState(0)]
    return detect_shape(calls, states, len(states), limits, stop or Stop())


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
    assert detect(calls_on(create_table(*rows))) is expected


def test_shape_is_detected_on_a_later_page(create_table, calls_on):
    table = create_table(*(profile(f"{n}") for n in range(9)), plain_user("user1"))

    assert detect(calls_on(table), replace(LIMITS, probe_rows=3, page_rows=3)) is TableShape.PLAIN


def test_rows_of_both_shapes_are_refused(create_table, calls_on):
    table = create_table(plain_user("user1"), account("a"))

    with pytest.raises(RefusedError, match="both shapes"):
        detect(calls_on(table))


@pytest.mark.parametrize(
    ("partition_key", "sort_key"), [("RUN#run-1", "LEASE"), ("RUN#run-1", "UNIT#000001"), ("RUNS", "run-1")]
)
def test_ledger_is_refused(create_table, calls_on, partition_key, sort_key):
    table = create_table({"PK": {"S": partition_key}, "SK": {"S": sort_key}})

    with pytest.raises(RefusedError, match="is a ledger of runs"):
        detect(calls_on(table))
    with pytest.raises(RefusedError, match="is a ledger of runs"):
        read_first_shapes(calls_on(table), 100)


def test_user_whose_key_looks_like_a_run_is_a_user(create_table, calls_on):
    assert detect(calls_on(create_table(plain_user("RUN#7")))) is TableShape.PLAIN


def test_table_with_other_keys_is_reported(create_table, calls_on):
    table = create_table({"id": {"S": "1"}, "at": {"S": "2"}}, keys=("id", "at"))

    with pytest.raises(BackfillFailedError, match="does not have the keys PK and SK"):
        detect(calls_on(table))


@pytest.mark.parametrize(
    ("key_types", "row", "message"),
    [
        (("B", "S"), {"PK": {"B": b"1"}, "SK": {"S": "A"}}, r"key PK of type B \(binary\)"),
        (("S", "N"), {"PK": {"S": "a"}, "SK": {"N": "1"}}, r"key SK of type N \(a number\)"),
    ],
)
def test_table_with_a_binary_or_number_key_is_reported(create_table, calls_on, key_types, row, message):
    table = create_table(row, key_types=key_types)

    with pytest.raises(BackfillFailedError, match=message + r".* of type S \(a string\)"):
        detect(calls_on(table))
    with pytest.raises(BackfillFailedError, match=message):
        read_first_shapes(calls_on(table), 100)


def test_detection_and_run_read_the_pages_of_profiles_once(create_table, calls_on, backfill):
    """The table begins with profiles. Beside the first rows, only the page that decides is read twice."""
    table = create_table(*(profile(f"{n:03}") for n in range(95)), *(plain_user(f"z{n}") for n in range(5)))
    limits = replace(LIMITS, probe_rows=5, page_rows=10)
    states = [SegmentState(0)]

    shape = detect(calls_on(table), limits, states)
    result = backfill(table, states=states, limits=limits, shape=shape)

    assert result.tally["created"] == 5
    assert states[0].rows == 100
    scans = [parameters for name, parameters in table.client.calls if name == "Scan"]
    # The rows of the only chunk with new profiles are read again with strong consistency.
    assert sum("ConsistentRead" not in parameters for parameters in scans) == 1 + 10 + 1


def test_detection_stops_between_two_pages(create_table, calls_on):
    table = create_table(*(profile(f"{n}") for n in range(9)))
    stop = Stop()
    stop.request()

    with pytest.raises(StoppedError):
        detect(calls_on(table), replace(LIMITS, page_rows=3), stop=stop)


@pytest.mark.parametrize(
    ("response", "scan"),
    [
        ({"Count": 0}, detect),
        ({"Items": []}, lambda calls: count_users(calls, TableShape.PLAIN)),
    ],
)
def test_response_without_the_requested_part_is_not_dynamodb(
    create_table, calls_on, monkeypatch, response, scan
):
    table = create_table()
    monkeypatch.setattr(table.client, "scan", lambda **_: dict(response))

    with pytest.raises(BackfillFailedError, match="is not DynamoDB"):
        scan(calls_on(table))


def test_response_that_is_not_from_dynamodb_is_reported(create_table, calls_on):
    table = create_table()
    table.client.hooks = [lambda operation, parameters: {"message": "<html>", "ResponseMetadata": {}}]

    with pytest.raises(BackfillFailedError, match="is not DynamoDB"):
        detect(calls_on(table))


@pytest.mark.parametrize(
    ("code", "status", "message"),
    [
        ("ResourceNotFoundException", 400, "Table not found: 'v_users_dev'"),
        ("UnrecognizedClientException", 400, "does not accept the credentials"),
        ("ExpiredTokenException", 400, "does not accept the credentials"),
        ("ValidationException", 400, "rejected the Scan"),
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

    with pytest.raises(BackfillFailedError, match=message):
        detect(calls_on(table))


@pytest.mark.parametrize(
    "code",
    [
        "ValidationException",
        "SomethingNewException",
        "SerializationException",
        "TransactionCanceledException",
        "InvalidSignatureException",
        "UnrecognizedClientException",
    ],
)
def test_message_of_aws_is_not_shown(create_table, calls_on, code):
    """It can repeat a value of an item, and that of a wrong signature the session token."""
    table = create_table()

    def fail(operation, parameters):
        raise client_error(operation, code, "The provided key CANARY is invalid")

    table.client.hooks = [fail]

    with pytest.raises(BackfillFailedError, match=code) as error:
        detect(calls_on(table))
    assert "CANARY" not in str(error.value)


def test_parameters_of_a_rejected_call_are_not_shown(create_table, calls_on):
    table = create_table()

    def fail(operation, parameters):
        raise ParamValidationError(report="Invalid type for parameter Item.PK.S, value: CANARY")

    table.client.hooks = [fail]

    with pytest.raises(BackfillFailedError, match="failed: ParamValidationError") as error:
        detect(calls_on(table))
    assert "CANARY" not in str(error.value)


@pytest.mark.parametrize(
    ("operation", "code", "message"),
    [
        (
            "DescribeTable",
            "InternalProblemException",
            "DynamoDB answered InternalProblemException to D.*: why",
        ),
        (
            "Scan",
            "InvalidSignatureException",
            r"The clock of this machine is wrong .*Signature expired: 2026",
        ),
    ],
)
def test_message_of_aws_is_shown_where_it_has_no_data(operation, code, message):
    text = "Signature expired: 2026" if operation == "Scan" else "why"
    location = TableLocation("users", "us-east-1", "AWS")

    assert re.search(message, str(translate_error(client_error(operation, code, text), location)))


@pytest.mark.parametrize(("shape", "expected"), [(TableShape.PLAIN, 2), (TableShape.STACK, 1)])
def test_user_rows_are_counted(create_table, calls_on, shape, expected):
    table = create_table(plain_user("user1"), plain_user("user2"), profile("user1"), account("a"))

    assert count_users(calls_on(table), shape) == expected
