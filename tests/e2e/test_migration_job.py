"""The state machine creates the missing profiles."""

import json
import uuid

import pytest

pytestmark = pytest.mark.backends("embedded", "localstack", "aws")


@pytest.fixture
def run_job(stack, eventually):
    stepfunctions = stack.aws("stepfunctions")

    def run(**arguments):
        arn = stepfunctions.start_execution(
            stateMachineArn=stack.outputs["migrationStateMachineArn"], input=json.dumps(arguments)
        )["executionArn"]

        def find_result():
            execution = stepfunctions.describe_execution(executionArn=arn)
            return execution if execution["status"] != "RUNNING" else None

        execution = eventually("the result of the job", find_result, 60)
        assert execution["status"] == "SUCCEEDED", (execution.get("error"), execution.get("cause"))
        return json.loads(execution["output"])

    return run


@pytest.mark.long
def test_missing_profile_is_created_with_the_id_of_the_run(client, stack, run_job):
    user, other = client.create_confirmed_user(given_name="Ada"), client.create_confirmed_user()
    table = stack.outputs["usersTableName"]
    stack.aws("dynamodb").delete_item(
        TableName=table, Key={"PK": {"S": f"USER#{user.sub}"}, "SK": {"S": "PROFILE#MAIN"}}
    )
    other_items = stack.items(other.sub)

    report = run_job(segments=2)

    _, profile = stack.items(user.sub)
    assert profile["migrationRunId"]["S"] == report["runId"]
    assert report["created"] >= 1
    assert report["processed"] == (
        report["existed"] + report["created"] + report["failed"] + sum(report["skipped"].values())
    )
    assert stack.items(other.sub) == other_items
    stored_report = stack.aws("s3").get_object(
        Bucket=stack.outputs["migrationBucketName"], Key=f"runs/{report['runId']}/report.json"
    )
    assert json.load(stored_report["Body"])["created"] == report["created"]


@pytest.mark.long
def test_backfilled_user_can_change_the_profile(client, stack, run_job):
    """The audit chain of a backfilled user starts with the first change."""
    user = client.create_confirmed_user()
    token = client.get_access_token(user)
    stack.aws("dynamodb").delete_item(
        TableName=stack.outputs["usersTableName"],
        Key={"PK": {"S": f"USER#{user.sub}"}, "SK": {"S": "PROFILE#MAIN"}},
    )
    run_job(segments=1)

    response = client.patch_profile(token, {"profile": {"language": "fr"}})

    assert response.status_code == 200
    assert response.json()["profile"]["language"] == "fr"


@pytest.fixture
def old_table(stack):
    """Create the old table, with the only name that the dev stack permits besides its own table."""
    dynamodb = stack.aws("dynamodb")
    dynamodb.create_table(
        TableName="v_users_dev",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("PK", "SK")],
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
    )
    ids = [uuid.uuid4().hex for _ in range(40)]
    for number, user_id in enumerate(ids):
        item = {"PK": {"S": user_id}, "SK": {"S": "METADATA"}, "userId": {"S": user_id}}
        item["status"] = {"S": "inactive" if number % 4 == 0 else "active"}
        dynamodb.put_item(TableName="v_users_dev", Item=item)
    yield ids
    dynamodb.delete_table(TableName="v_users_dev")


def scan(stack):
    pages = stack.aws("dynamodb").get_paginator("scan").paginate(TableName="v_users_dev")
    return [item for page in pages for item in page["Items"]]


@pytest.mark.backends("embedded")
def test_old_table_gets_the_documented_profiles_and_nothing_else(stack, run_job, old_table):
    dry_run = run_job(table="v_users_dev", dryRun=True, segments=4)
    assert len(scan(stack)) == 40

    first_run = run_job(table="v_users_dev", segments=4)
    second_run = run_job(table="v_users_dev", segments=4)

    assert (dry_run["created"], first_run["created"], second_run["created"]) == (30, 30, 0)
    assert first_run["skipped"] == {"inactive": 10, "softDeleted": 0}
    profiles = [item for item in scan(stack) if item["PK"]["S"].startswith("USER#")]
    assert len(profiles) == 30
    assert profiles[0].keys() == {
        "PK", "SK", "userId", "entityType", "firstName", "lastName", "phoneNumber", "language",
        "organization", "department", "timezone", "profilePictureUrl", "address", "preferences",
        "createdAt", "updatedAt",
    }  # fmt: skip
    assert len(scan(stack)) == 70


def test_table_that_is_not_permitted_is_rejected(stack, eventually):
    stepfunctions = stack.aws("stepfunctions")
    arn = stepfunctions.start_execution(
        stateMachineArn=stack.outputs["migrationStateMachineArn"],
        input=json.dumps({"table": "somebody-elses-table"}),
    )["executionArn"]

    def find_result():
        execution = stepfunctions.describe_execution(executionArn=arn)
        return execution if execution["status"] != "RUNNING" else None

    execution = eventually("the result of the job", find_result, 60)

    assert execution["status"] == "FAILED"
