"""Tables in moto for the backfill, and a client whose calls can fail on demand.

moto 5.2.5 answers a PartiQL INSERT that has parameters with an error 500. So its PutItem replaces the batch
insert here. The tests in tests/e2e run the real statement on the emulator.
"""

import functools
import hashlib
import json
import re
from datetime import datetime

import boto3
import pytest
from botocore.exceptions import ClientError
from moto_shortcut import mock_dynamodb
from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.run import Run
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.stop import Stop

TABLE = "v_users_dev"
NOW = "2026-02-04T16:00:00Z"
LIMITS = Limits(
    threads=1, first_wait_s=0.0001, longest_wait_s=0.001, server_error_wait_s=0.0001, patience_s=5.0
)


def client_error(operation, code, message="", status=400, retries=0):
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": retries},
        },
        operation,
    )


class Dynamo:
    """The DynamoDB client of moto, with batch inserts, a list of all calls, and injected faults."""

    def __init__(self, client):
        self._moto = client
        self.meta = client.meta
        self.calls = []
        self.denied = set()
        self.hooks = []  # functions (operation, parameters) that raise, return a response, or return None
        self.batch_errors = {}  # PK -> error codes for its next statements

    def _call(self, operation, name, parameters):
        self.calls.append((operation, parameters))
        if operation in self.denied:
            raise client_error(operation, "AccessDeniedException", "not authorized")
        for hook in self.hooks:
            response = hook(operation, parameters)
            if response is not None:
                return response
        if operation == "BatchExecuteStatement":
            return {
                "Responses": [self._insert(**statement) for statement in parameters["Statements"]],
                "ConsumedCapacity": [
                    {"TableName": TABLE, "CapacityUnits": float(len(parameters["Statements"]))}
                ],
                "ResponseMetadata": {"RetryAttempts": 0},
            }
        return getattr(self._moto, name)(**parameters)

    def _insert(self, Statement, Parameters):  # noqa: N803 - DynamoDB's names
        table = re.match(r'INSERT INTO "([^"]+)" VALUE', Statement)[1]
        item = dict(zip(re.findall(r"'([^']+)': \?", Statement), Parameters, strict=True))
        codes = self.batch_errors.get(item["PK"]["S"])
        if codes:
            return {"Error": {"Code": codes.pop(0), "Message": "injected by the test"}}
        try:
            self._moto.put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(PK)")
        except self._moto.exceptions.ConditionalCheckFailedException:
            return {"Error": {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"}}
        return {"TableName": table}

    def scan(self, **parameters):
        return self._call("Scan", "scan", parameters)

    def batch_get_item(self, **parameters):
        return self._call("BatchGetItem", "batch_get_item", parameters)

    def get_item(self, **parameters):
        return self._call("GetItem", "get_item", parameters)

    def put_item(self, **parameters):
        return self._call("PutItem", "put_item", parameters)

    def delete_item(self, **parameters):
        return self._call("DeleteItem", "delete_item", parameters)

    def transact_write_items(self, **parameters):
        return self._call("TransactWriteItems", "transact_write_items", parameters)

    def describe_table(self, **parameters):
        return self._call("DescribeTable", "describe_table", parameters)

    def describe_continuous_backups(self, **parameters):
        return self._call("DescribeContinuousBackups", "describe_continuous_backups", parameters)

    def describe_time_to_live(self, **parameters):
        return self._call("DescribeTimeToLive", "describe_time_to_live", parameters)

    def create_backup(self, **parameters):
        return self._call("CreateBackup", "create_backup", parameters)

    def describe_backup(self, **parameters):
        return self._call("DescribeBackup", "describe_backup", parameters)

    def batch_execute_statement(self, **parameters):
        return self._call("BatchExecuteStatement", "batch_execute_statement", parameters)

    def count(self, operation):
        return sum(name == operation for name, _ in self.calls)


@functools.cache
def moto_client():
    """Create the client once: this takes longer than most tests, and moto still intercepts its calls."""
    return boto3.client("dynamodb", aws_access_key_id="testing", aws_secret_access_key="testing")


class Table:
    """One table with the keys PK and SK."""

    def __init__(self, client, name=TABLE, keys=("PK", "SK"), key_types=("S", "S")):
        self.name = name
        self.moto = client
        client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": key, "AttributeType": key_type}
                for key, key_type in zip(keys, key_types, strict=True)
            ],
            KeySchema=[
                {"AttributeName": key, "KeyType": key_type}
                for key, key_type in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
        )
        self.client = Dynamo(client)

    @property
    def location(self):
        return TableLocation(self.name, "us-east-1", "https://dynamodb.us-east-1.amazonaws.com")

    def put(self, *items):
        for start in range(0, len(items), 25):
            batch = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
            self.moto.batch_write_item(RequestItems={self.name: batch})

    def items(self):
        pages = self.moto.get_paginator("scan").paginate(TableName=self.name)
        return [item for page in pages for item in page["Items"]]

    def profiles(self):
        return {item["PK"]["S"]: item for item in self.items() if item["SK"]["S"] == "PROFILE#MAIN"}

    def digest(self):
        lines = sorted(json.dumps(item, sort_keys=True) for item in self.items())
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def plain_user(user_id, **attributes):
    """Return a user row of the old script's table."""
    row = {
        "PK": {"S": user_id},
        "SK": {"S": "METADATA"},
        "userId": {"S": user_id},
        "email": {"S": f"{user_id}@example.com"},
        "firstName": {"S": f"First {user_id}"},
        "lastName": {"S": f"Last {user_id}"},
    }
    return {name: value for name, value in {**row, **attributes}.items() if value is not None}


def plain_users(count):
    return [plain_user(f"user{n:02d}") for n in range(count)]


def profile(user_id, **attributes):
    """Return an existing profile."""
    return {
        "PK": {"S": f"USER#{user_id}"},
        "SK": {"S": "PROFILE#MAIN"},
        "userId": {"S": user_id},
        "language": {"S": "de"},
        **attributes,
    }


def account(sub, **attributes):
    """Return an account of this project's users table."""
    return {
        "PK": {"S": f"USER#{sub}"},
        "SK": {"S": "ACCOUNT#MAIN"},
        "entityType": {"S": "USER_ACCOUNT"},
        "userId": {"S": sub},
        "status": {"S": "active"},
        **attributes,
    }


class FakeTime(Stop):
    """A stop whose waits only move its clock."""

    def __init__(self):
        self.seconds = 1_000.0
        super().__init__(clock=lambda: self.seconds)

    def wait(self, seconds):
        self.seconds += seconds
        return self.is_requested


class Recorder:
    """An observer that keeps results, messages, states and the keys of planned inserts."""

    def __init__(self):
        self.results = []
        self.messages = []
        self.saved_states = None
        self.keys = []
        self.on_results = lambda: None

    def record_results(self, state, results):
        self.results += results
        self.on_results()

    def save_inserts(self, states, state, keys):
        self.keys += keys
        self.save(states, is_last=False)

    def save(self, states, *, is_last):
        self.saved_states = [state.to_json() for state in states]

    def warn(self, message):
        self.messages.append(message)


class RunResult:
    """The states, results and messages of one run."""

    def __init__(self, states, recorder):
        self.states = states
        self.results = recorder.results
        self.messages = recorder.messages
        self.tally = {"existed": 0, "created": 0, "failed": 0, "skipped": {}}
        for state in states:
            counts = state.tally.to_json()
            for name in ("existed", "created", "failed"):
                self.tally[name] += counts[name]
            for reason, count in counts["skipped"].items():
                self.tally["skipped"][reason] = self.tally["skipped"].get(reason, 0) + count

    @property
    def failures(self):
        return {result.user_id: result.reason for result in self.results if result.outcome == "failed"}


def execute(job, table, *, states=None, recorder=None, stop=None, limits=LIMITS, pacer=None, review=None):
    """Run a job, and return its recorder and its states."""
    recorder = recorder or Recorder()
    states = states or [SegmentState(number) for number in job.segment_numbers]
    Run(
        job,
        table.client,
        table.location,
        states,
        stop=stop or Stop(),
        observer=recorder,
        now=lambda: datetime.fromisoformat(NOW),
        limits=limits,
        pacer=pacer,
        review=review,
    ).execute()
    return recorder, states


def run_backfill(table, *, states=None, recorder=None, stop=None, limits=LIMITS, pacer=None, **settings):
    settings.setdefault("segments", 1)
    job = Job(**({"run_id": "run-1", "table": table.name} | settings))
    recorder, states = execute(
        job, table, states=states, recorder=recorder, stop=stop, limits=limits, pacer=pacer
    )
    return RunResult(states, recorder)


@pytest.fixture
def create_table():
    with mock_dynamodb():

        def create(*items, **settings):
            table = Table(moto_client(), **settings)
            table.put(*items)
            return table

        yield create


@pytest.fixture
def backfill():
    return run_backfill
