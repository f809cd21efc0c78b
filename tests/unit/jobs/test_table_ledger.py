"""What only the ledger in a table has: its checks, permissions, conflicts and errors of AWS."""

import base64
import json
import secrets

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from ledger_fixtures import LEDGER_TABLE, TABLE_ARN, create_ledger_table, record
from userprofiles.jobs.errors import LeaseLostError, LedgerError, LedgerRefusedError, RunLockedError
from userprofiles.jobs.ledger import CLOCK_SKEW_S, LEASE_S
from userprofiles.jobs.ledger_items import compress, decompress, put, split_actions, split_keys
from userprofiles.jobs.ledger_progress import LedgerProgress
from userprofiles.jobs.ledger_table import LedgerTable
from userprofiles.jobs.run_record import Request
from userprofiles.jobs.table_ledger import TableLedger

RUN = "20260204T160000Z-1"


class FaultyClient:
    """A client whose calls of some operations fail."""

    def __init__(self, client):
        self._client = client
        self.meta = client.meta
        self.errors = {}  # method -> errors of its next calls; the last one repeats

    def __getattr__(self, method):
        def call(**parameters):
            errors = self.errors.get(method)
            if errors:
                error = errors.pop(0) if len(errors) > 1 else errors[0]
                if error is not None:
                    raise error
            return getattr(self._client, method)(**parameters)

        return call


def client_error(code, reasons=()):
    response = {"Error": {"Code": code, "Message": "canary@example.com"}}
    if reasons:
        response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(response, "Operation")


@pytest.fixture
def client(dynamodb):
    create_ledger_table(dynamodb)
    return FaultyClient(dynamodb)


@pytest.fixture
def ledger(client, clock):
    ledger = TableLedger(client, LEDGER_TABLE, clock)
    ledger._table = LedgerTable(client, LEDGER_TABLE, sleep=lambda _: None)
    ledger._progress = LedgerProgress(ledger._table)
    return ledger


class TestCheck:
    def test_empty_table_and_ledger_are_accepted(self, ledger):
        ledger.check()
        lease = ledger.create(record(RUN))
        ledger.save_units(lease, {0: {"rows": 1}}, ["USER#a"])
        ledger.check()

    @pytest.mark.parametrize(
        ("keys", "types"),
        [(("PK",), ("S",)), (("user_id", "SK"), ("S", "S")), (("PK", "SK"), ("S", "N"))],
    )
    def test_other_keys_are_refused(self, dynamodb, keys, types):
        create_ledger_table(dynamodb, "other", keys, types)

        with pytest.raises(LedgerRefusedError, match="must be the strings PK and SK"):
            TableLedger(dynamodb, "other").check()

    @pytest.mark.parametrize(
        ("partition_key", "sort_key"),
        [("user1", "METADATA"), ("USER#a", "PROFILE#MAIN"), ("USER#a", "ACCOUNT#MAIN"), ("RUNNER", "x")],
    )
    def test_table_of_users_is_refused(self, dynamodb, ledger, partition_key, sort_key):
        """In such a table, the old script would read a row of the ledger as a user."""
        dynamodb.put_item(TableName=LEDGER_TABLE, Item={"PK": {"S": partition_key}, "SK": {"S": sort_key}})

        with pytest.raises(LedgerRefusedError, match="has other rows") as error:
            ledger.check()
        assert partition_key not in str(error.value)

    @pytest.mark.parametrize(
        "fields",
        [
            {"table": f"arn:aws:dynamodb:us-east-1:123456789012:table/{LEDGER_TABLE}"},
            {"job": {"table": LEDGER_TABLE}},
        ],
    )
    def test_table_of_the_job_is_refused(self, ledger, fields):
        with pytest.raises(LedgerRefusedError, match="because the run writes to it"):
            ledger.create(record(RUN, **fields))
        assert list(ledger.list_runs()) == []

    def test_table_of_the_same_name_in_another_region_is_accepted(self, ledger):
        ledger.create(record(RUN, table=TABLE_ARN.replace("us-east-1", "eu-west-1")))


class TestTakeover:
    @pytest.mark.parametrize("is_renewed", [False, True], ids=["acquired", "renewed"])
    def test_lease_that_changes_after_it_was_read_is_not_taken(self, ledger, clock, monkeypatch, is_renewed):
        """F23: two processes find that a lease has ended. The first one gets it, or its holder wakes."""
        lease = ledger.create(record(RUN))
        clock.now += LEASE_S + CLOCK_SKEW_S
        other = TableLedger(ledger._table._client, LEDGER_TABLE, clock)
        read = ledger._table.get

        def read_and_lose(key):
            item = read(key)
            if key["SK"] == "LEASE":
                other.renew(lease) if is_renewed else other.acquire(RUN)
            return item

        monkeypatch.setattr(ledger._table, "get", read_and_lose)

        with pytest.raises(RunLockedError):
            ledger.acquire(RUN)


def test_items_and_transactions_stay_below_the_limits_of_dynamodb():
    keys = [f"USER#{number:0995d}" for number in range(1_000)]
    parts = list(split_keys(keys))
    actions = [put({"PK": "p", "SK": str(number), "progress": "x" * 300_000}) for number in range(30)]
    groups = list(split_actions(actions))

    assert [key for part in parts for key in part] == keys
    assert max(len(json.dumps(part)) for part in parts) < 300_000
    assert [action for group in groups for action in group] == actions
    assert max(len(json.dumps(group)) for group in groups) < 3_600_000
    assert max(map(len, split_actions([put({"PK": "p", "SK": "s"})] * 250))) < 100


class TestErrors:
    @pytest.mark.parametrize(
        ("method", "permission", "call"),
        [
            ("describe_table", "dynamodb:DescribeTable", lambda ledger, _: ledger.check()),
            ("scan", "dynamodb:Scan", lambda ledger, _: ledger.check()),
            ("get_item", "dynamodb:GetItem", lambda ledger, _: ledger.read(RUN)),
            ("query", "dynamodb:Query", lambda ledger, _: list(ledger.list_runs())),
            ("batch_get_item", "dynamodb:BatchGetItem", lambda ledger, _: list(ledger.list_runs())),
            ("update_item", "dynamodb:UpdateItem", lambda ledger, _: ledger.request(RUN, Request.STOP)),
            ("update_item", "dynamodb:UpdateItem", lambda ledger, lease: ledger.renew(lease)),
            (
                "transact_write_items",
                "dynamodb:PutItem and dynamodb:UpdateItem",
                lambda ledger, lease: ledger.save_units(lease, {0: {"rows": 1}}),
            ),
        ],
    )
    def test_missing_permission_is_named(self, client, ledger, method, permission, call):
        lease = ledger.create(record(RUN))
        client.errors[method] = [client_error("AccessDeniedException")]

        with pytest.raises(LedgerError) as error:
            call(ledger, lease)
        assert f"Access denied: {permission} on the ledger table 'job-ledger'" in str(error.value)
        assert "canary" not in str(error.value)

    @pytest.mark.parametrize(
        ("error", "message"),
        [
            (client_error("ResourceNotFoundException"), "'job-ledger' does not exist in region us-east-1"),
            (client_error("ExpiredTokenException"), "failed with ExpiredTokenException"),
            (client_error("TransactionCanceledException", ["ValidationError", "None"]), "ValidationError"),
            (client_error("TransactionCanceledException", ["TransactionConflict"]), "TransactionConflict"),
            (client_error("ProvisionedThroughputExceededException"), "ThroughputExceeded"),
            (EndpointConnectionError(endpoint_url="http://x"), "could not be reached"),
        ],
    )
    def test_error_of_aws_says_what_failed(self, client, ledger, error, message):
        lease = ledger.create(record(RUN))
        client.errors["transact_write_items"] = [error]

        with pytest.raises(LedgerError, match=message) as raised:
            ledger.save_units(lease, {0: {"rows": 1}})
        assert "canary" not in str(raised.value)

    def test_conflict_and_throttling_are_retried(self, client, ledger):
        """A request to stop and a save write the same item at the same time."""
        lease = ledger.create(record(RUN))
        client.errors["transact_write_items"] = [
            client_error("TransactionCanceledException", ["TransactionConflict", "None"]),
            client_error("ThrottlingException"),
            None,
        ]

        ledger.save_units(lease, {0: {"rows": 1}})

        assert list(ledger.read_units(RUN)) == [(0, {"rows": 1})]

    def test_save_does_not_write_the_record(self, client, ledger):
        """The record grows to 20 KB, and a transaction costs two write units for each KB."""
        lease = ledger.create(record(RUN))
        calls = []
        client.transact_write_items = lambda **parameters: calls.append(parameters["TransactItems"])

        ledger.save_units(lease, {0: {"rows": 1}}, ["USER#a"])

        [[fence, unit]] = calls
        assert fence["Update"]["Key"]["SK"] == {"S": "LEASE"}
        assert unit["Update"]["Key"]["SK"] == {"S": "UNIT#000000"}
        assert list(ledger.read_keys(RUN)) == ["USER#a"]

    def test_large_progress_is_not_in_the_transaction(self, client, ledger):
        lease = ledger.create(record(RUN))
        progress = {"pending": [secrets.token_hex(18) for _ in range(100)]}
        transact = client.transact_write_items
        calls = []

        def transact_write_items(**parameters):
            calls.append(parameters["TransactItems"])
            return transact(**parameters)

        client.transact_write_items = transact_write_items
        ledger.save_units(lease, {0: progress})

        assert len(repr(calls[0])) < 1_500
        assert list(ledger.read_units(RUN)) == [(0, progress)]
        ledger.save_units(lease, {0: {"rows": 1}})
        assert list(ledger.read_units(RUN)) == [(0, {"rows": 1})]

    def test_process_without_its_lease_changes_no_large_progress(self, dynamodb, ledger, clock, monkeypatch):
        """F24: it sleeps after it has read its lease, and another process takes over."""
        stale = ledger.create(record(RUN))
        ledger.save_units(stale, {0: {"old": "x" * 5_000}})
        other = TableLedger(dynamodb, LEDGER_TABLE, clock)
        new = {"new": [secrets.token_hex(18) for _ in range(100)]}
        put = ledger._table.put

        def put_late(item):
            clock.now += LEASE_S + CLOCK_SKEW_S + 1
            _, lease = other.acquire(RUN)
            other.save_units(lease, {0: new})
            put(item)

        monkeypatch.setattr(ledger._table, "put", put_late)
        with pytest.raises(LeaseLostError):
            ledger.save_units(stale, {0: {"late": [secrets.token_hex(18) for _ in range(100)]}})

        assert list(other.read_units(RUN)) == [(0, new)]

    def test_text_of_an_older_version_is_read(self, dynamodb, ledger):
        ledger.create(record(RUN))
        key = {"PK": {"S": f"RUN#{RUN}"}, "SK": {"S": "UNIT#000000"}}
        lease = {"token": {"N": "1"}, "until": {"N": "0"}}
        dynamodb.put_item(TableName=LEDGER_TABLE, Item={**key, **lease, "progress": {"S": '{"rows": 1}'}})

        assert list(ledger.read_units(RUN)) == [(0, {"rows": 1})]

    def test_missing_part_of_the_progress_is_an_error(self, dynamodb, ledger):
        lease = ledger.create(record(RUN))
        ledger.save_units(lease, {0: {"pending": [secrets.token_hex(18) for _ in range(100)]}})
        key = {"PK": {"S": f"RUN#{RUN}"}, "SK": {"S": "PART#000000#run1"}}
        dynamodb.delete_item(TableName=LEDGER_TABLE, Key=key)

        with pytest.raises(LedgerError, match="UNIT#000000 of the ledger table"):
            list(ledger.read_units(RUN))

    def test_unprocessed_keys_are_read_again(self, dynamodb, ledger, client):
        ledger.create(record(RUN))
        answers = [{"Responses": {}, "UnprocessedKeys": {LEDGER_TABLE: {"Keys": [], "ConsistentRead": True}}}]

        def batch_get_item(**parameters):
            if answers:
                answer = answers.pop()
                answer["UnprocessedKeys"] = parameters["RequestItems"]
                return answer
            return dynamodb.batch_get_item(**parameters)

        client.batch_get_item = batch_get_item

        assert [run.run_id for run in ledger.list_runs()] == [RUN]


def test_compressed_value_as_base64_text_is_read():
    """The commands read the ledger with a client that returns DynamoDB's JSON as it is."""
    document = {"created": 3}

    assert decompress({"B": base64.b64encode(compress(document)).decode()}) == document
