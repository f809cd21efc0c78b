"""Two ledgers with the same behaviour, each on a clock that tests set."""

import functools

import boto3
import pytest
from moto_shortcut import mock_dynamodb
from userprofiles.jobs.file_ledger import FileLedger
from userprofiles.jobs.run_record import RunRecord
from userprofiles.jobs.table_ledger import TableLedger

TABLE_ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/v_users_dev"
LEDGER_TABLE = "job-ledger"


class Clock:
    """A clock in epoch seconds."""

    def __init__(self):
        self.now = 1_800_000_000.25

    def __call__(self):
        return self.now


def record(run_id="20260204T160000Z-1", **fields):
    return RunRecord(**({"run_id": run_id, "kind": "backfill", "engine": "local", "job": {}} | fields))


def create_ledger_table(client, name=LEDGER_TABLE, keys=("PK", "SK"), key_types=("S", "S")):
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


class FileWorld:
    """Processes that share a folder."""

    name = "file"

    def __init__(self, folder, clock):
        self.folder = folder
        self.clock = clock

    def open(self):
        return FileLedger(self.folder, self.clock)

    def kill(self, ledger):
        """End the process of a ledger: it releases nothing."""

    def damage(self, run_id, unit=None):
        path = self.folder / run_id / ("run.json" if unit is None else f"units/{unit:06d}.json")
        path.write_text("{")
        return str(path)

    def text(self):
        return "".join(path.read_text() for path in self.folder.rglob("*") if path.is_file())


class TableWorld:
    """Processes that share a table."""

    name = "table"

    def __init__(self, client, clock):
        self.client = client
        self.clock = clock

    def open(self):
        return TableLedger(self.client, LEDGER_TABLE, self.clock)

    def damage(self, run_id, unit=None):
        key = {"PK": f"RUN#{run_id}", "SK": "RUN" if unit is None else f"UNIT#{unit:06d}"}
        self.client.put_item(
            TableName=LEDGER_TABLE,
            Item={name: {"S": value} for name, value in {**key, "job": "{", "progress": "{"}.items()},
        )
        return f"{key['PK']} / {key['SK']}"

    def text(self):
        return str(self.client.scan(TableName=LEDGER_TABLE)["Items"])


@functools.cache
def moto_client():
    """Create the client once: this takes longer than most tests, and moto still intercepts its calls."""
    return boto3.client("dynamodb", aws_access_key_id="testing", aws_secret_access_key="testing")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def dynamodb():
    with mock_dynamodb():
        yield moto_client()


@pytest.fixture(params=["file", "table"])
def ledgers(request, clock, tmp_path):
    if request.param == "file":
        return FileWorld(tmp_path / "ledger", clock)
    client = request.getfixturevalue("dynamodb")
    create_ledger_table(client)
    return TableWorld(client, clock)
