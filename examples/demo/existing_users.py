"""Users who were there before: 2,000 rows of an old table get profiles, by two fronts of one engine."""

import hashlib
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from timeline import StepFailedError, Timeline, check

TABLE = "v_users_dev"
USERS = 2_000
SEGMENTS = 8
JOB_DEADLINE_S = 60


def old_user(number: int) -> dict[str, Any]:
    """Return the old table's row of one user; every tenth is inactive, every fiftieth deleted."""
    row = {
        "PK": {"S": f"user{number}"},
        "SK": {"S": "METADATA"},
        "userId": {"S": f"user{number}"},
        "email": {"S": f"user{number}@example.com"},
        "firstName": {"S": f"First{number}"},
        "lastName": {"S": f"Last{number}"},
        "phoneNumber": {"S": f"+1555{number:07d}"},
    }
    if number % 50 == 1:
        row["deletedAt"] = {"S": "2025-11-01T00:00:00Z"}
    elif number % 10 == 1:
        row["isActive"] = {"BOOL": False}
    return row


def old_profile(number: int) -> dict[str, Any]:
    """Return a profile that a user made before; it must stay as it is."""
    return {
        "PK": {"S": f"USER#user{number}"},
        "SK": {"S": "PROFILE#MAIN"},
        "userId": {"S": f"user{number}"},
        "language": {"S": "de"},
    }


def expected() -> dict[str, int]:
    """Return the numbers that a whole run must report, counted from the rules and not from the engine."""
    inactive = sum(number % 10 == 1 and number % 50 != 1 for number in range(USERS))
    deleted = sum(number % 50 == 1 for number in range(USERS))
    existed = sum(number % 4 == 0 for number in range(USERS))
    return {
        "processed": USERS,
        "existed": existed,
        "created": USERS - existed - inactive - deleted,
        "failed": 0,
        "inactive": inactive,
        "softDeleted": deleted,
    }


def counts(report: dict[str, Any]) -> dict[str, int]:
    """Return a report's numbers by the names of `expected`."""
    skipped = report["skipped"]
    return {name: report[name] for name in ("processed", "existed", "created", "failed")} | {
        name: skipped.get(name, 0) for name in ("inactive", "softDeleted")
    }


def load(dynamodb: Any) -> None:
    """Create the old table and fill it."""
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("PK", "SK")],
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
    )
    # Every fourth has a profile; none of those is inactive, since 4n never ends in 1.
    items = [old_user(number) for number in range(USERS)] + [old_profile(n) for n in range(0, USERS, 4)]
    batches = [items[start : start + 25] for start in range(0, len(items), 25)]

    def write(batch: list[dict[str, Any]]) -> None:
        left = {TABLE: [{"PutRequest": {"Item": item}} for item in batch]}
        while left:
            left = dynamodb.batch_write_item(RequestItems=left)["UnprocessedItems"]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, batches))


def table_digest(dynamodb: Any) -> tuple[int, str]:
    """Return how many items the old table has, and a digest over all of them."""
    items = [
        json.dumps(item, sort_keys=True)
        for page in dynamodb.get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True)
        for item in page["Items"]
    ]
    return len(items), hashlib.sha256("\n".join(sorted(items)).encode()).hexdigest()


def backfill(environment: dict[str, str], *options: str) -> dict[str, Any]:
    """Run the command line's backfill over the old table and return its report."""
    command = [sys.executable, "-m", "userprofiles.cli", "backfill", "run", "--table-name", TABLE]
    command += ["--segments", str(SEGMENTS), "--json", *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode != 0:
        raise StepFailedError(
            f"`userprofiles backfill run` ended with {done.returncode}:\n{done.stderr[-2000:]}"
        )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def run_job(stepfunctions: Any, machine: str, **arguments: Any) -> dict[str, Any]:
    """Run the migration state machine and return the report that it answers."""
    arn = stepfunctions.start_execution(stateMachineArn=machine, input=json.dumps(arguments))["executionArn"]
    deadline = time.monotonic() + JOB_DEADLINE_S
    while time.monotonic() < deadline:
        execution = stepfunctions.describe_execution(executionArn=arn)
        if execution["status"] == "SUCCEEDED":
            report: dict[str, Any] = json.loads(execution["output"])
            return report
        if execution["status"] != "RUNNING":
            raise StepFailedError(
                f"the job {execution['status']}: {execution.get('error')} {execution.get('cause')}"
            )
        time.sleep(0.05)
    raise StepFailedError(f"the job was still running after {JOB_DEADLINE_S} s")


def summary(numbers: dict[str, int]) -> list[str]:
    """Return the migration summary as the old script prints it, with the line for skipped users."""
    return [
        "=" * 60,
        "Migration Summary",
        "=" * 60,
        f"Total users processed:    {numbers['processed']}",
        f"Profiles already existed: {numbers['existed']}",
        f"Profiles created:         {numbers['created']}",
        f"Profiles failed:          {numbers['failed']}",
        f"Users skipped:            {numbers['inactive'] + numbers['softDeleted']}",
        "=" * 60,
        "Migration complete!",
    ]


def give_profiles(local: Any, outputs: dict[str, Any], timeline: Timeline) -> dict[str, int]:
    """Load, dry run, half by command line, half by state machine, and a second run with nothing to do."""
    dynamodb = local.client("dynamodb")
    environment = local.environment()
    machine = outputs["migrationStateMachineArn"]

    with timeline.step(f"{USERS:,} existing users are loaded into {TABLE}"):
        load(dynamodb)
    before = table_digest(dynamodb)
    with timeline.step("dry run (command line)") as step:
        report = backfill(environment, "--dry-run")
        check(counts(report), expected(), "the dry run's report")
        check(table_digest(dynamodb), before, "the table after the dry run")
        step |= {"report": report, "shows": f"would create {report['created']:,}, wrote nothing"}
    with timeline.step("first half (command line, segments 0-3)") as step:
        first = backfill(environment, "--only", "0-3")
        step |= {"report": first, "shows": f"created {first['created']:,}"}
    with timeline.step("second half (state machine, segments 4-7)") as step:
        second = run_job(
            local.client("stepfunctions"), machine, table=TABLE, segments=SEGMENTS, only=[4, 5, 6, 7]
        )
        step |= {"report": second, "shows": f"created {second['created']:,}"}
    for half in (first, second):
        if not half["created"]:
            raise StepFailedError("one of the two halves had nothing to do")
    both = {name: counts(first)[name] + counts(second)[name] for name in expected()}
    check(both, expected(), "both halves together")
    with timeline.step("second run (command line)") as step:
        after = table_digest(dynamodb)
        again = backfill(environment)
        check(again["created"], 0, "profiles created by the second run")
        check(again["existed"], both["existed"] + both["created"], "profiles that the second run found")
        check(table_digest(dynamodb), after, "the table after the second run")
        step |= {"report": again, "shows": "nothing to do"}
    check(after[0], USERS + both["existed"] + both["created"], "items in the table")
    return both
