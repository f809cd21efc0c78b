"""An import whose ledger is a DynamoDB table."""

import time

import boto3
import pytest
from import_fakes import USERS, Killed, user
from import_world import ONE_THREAD
from moto_shortcut import mock_dynamodb
from userprofiles.jobs.run_record import RunState
from userprofiles.jobs.table_ledger import TableLedger


@pytest.fixture
def table_world(world):
    """A world whose processes share a ledger table. A killed process loses its lease when time passes."""
    seconds = [0.0]
    with mock_dynamodb():
        client = boto3.client("dynamodb", aws_access_key_id="testing", aws_secret_access_key="testing")
        client.create_table(
            TableName="ledger",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK")],
            KeySchema=[
                {"AttributeName": "PK", "KeyType": "HASH"},
                {"AttributeName": "SK", "KeyType": "RANGE"},
            ],
        )

        def open_ledger():
            seconds[0] += 1_000.0
            return TableLedger(client, "ledger", lambda: time.time() + seconds[0])

        world.open_ledger = open_ledger
        world.limits = ONE_THREAD
        yield world


def test_killed_run_is_resumed_and_rolled_back(table_world, small_pages):
    """Progress and keys survive a kill. A rollback removes everything."""
    table_world.source.documents[USERS] = [user(str(number)) for number in range(20)]
    table_world.target.kill_at = 25
    with pytest.raises(Killed):
        table_world.run()

    result = table_world.run()
    rolled_back = table_world.roll_back()

    assert dict(result.states[0].outcomes) == {"created": 20}
    assert rolled_back.is_complete
    assert table_world.target.items == {}
    assert table_world.open_ledger().read("run1").state is RunState.ROLLED_BACK
