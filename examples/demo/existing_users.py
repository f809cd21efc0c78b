"""Existing users: profiles for 2,000 rows of an old table, half by command line, half by state machine."""

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


def user_row(number: int) -> dict[str, Any]:
    """Return the row of a user in the old table; every tenth user is inactive, every fiftieth is deleted."""
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


def existing_profile(number: int) -> dict[str, Any]:
    """Return a profile that existed before the backfill, which must not change it."""
    return {
        "PK": {"S": f"USER#user{number}"},
        "SK": {"S": "PROFILE#MAIN"},
        "userId": {"S": f"user{number}"},
        "language": {"S": "de"},
    }


def expected_counts() -> dict[str, int]:
    """Return the counts that a complete run must report, derived from the rules of `user_row`."""
    inactive = sum(number % 10 == 1 and number % 50 != 1 for number in range(USERS))
    deleted = sum(number % 50 == 1 for number in range(USERS))
    existing = sum(number % 4 == 0 for number in range(USERS))
    return {
        "processed": USERS,
        "existed": existing,
        "created": USERS - existing - inactive - deleted,
        "failed": 0,
        "inactive": inactive,
        "softDeleted": deleted,
    }


def counts_of(report: dict[str, Any]) -> dict[str, int]:
    """Return the counts of a report with the keys of `expected_counts`."""
    skipped = report["skipped"]
    return {name: report[name] for name in ("processed", "existed", "created", "failed")} | {
        name: skipped.get(name, 0) for name in ("inactive", "softDeleted")
    }


def load_table(dynamodb: Any) -> None:
    """Create the old table with its users and profiles."""
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("PK", "SK")],
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
    )
    # Every fourth user has a profile. None of them is inactive, because 4n never ends in 1.
    items = [user_row(number) for number in range(USERS)] + [existing_profile(n) for n in range(0, USERS, 4)]
    batches = [items[start : start + 25] for start in range(0, len(items), 25)]

    def write(batch: list[dict[str, Any]]) -> None:
        requests = {TABLE: [{"PutRequest": {"Item": item}} for item in batch]}
        while requests:
            requests = dynamodb.batch_write_item(RequestItems=requests)["UnprocessedItems"]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, batches))


def table_digest(dynamodb: Any) -> tuple[int, str]:
    """Return the number of items in the old table, and a digest of them."""
    items = [
        json.dumps(item, sort_keys=True)
        for page in dynamodb.get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True)
        for item in page["Items"]
    ]
    return len(items), hashlib.sha256("\n".join(sorted(items)).encode()).hexdigest()


def run_backfill(environment: dict[str, str], *options: str) -> dict[str, Any]:
    """Run `userprofiles backfill run` for the old table and return its report."""
    command = [sys.executable, "-m", "userprofiles.cli", "backfill", "run", "--table-name", TABLE]
    command += ["--segments", str(SEGMENTS), "--json", *options]
    process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if process.returncode != 0:
        raise StepFailedError(
            f"`userprofiles backfill run` failed with exit code {process.returncode}:\n"
            f"{process.stderr[-2000:]}"
        )
    report: dict[str, Any] = json.loads(process.stdout)
    return report


def run_job(stepfunctions: Any, machine: str, **arguments: Any) -> dict[str, Any]:
    """Run the migration state machine and return its report."""
    arn = stepfunctions.start_execution(stateMachineArn=machine, input=json.dumps(arguments))["executionArn"]
    deadline = time.monotonic() + JOB_DEADLINE_S
    while time.monotonic() < deadline:
        execution = stepfunctions.describe_execution(executionArn=arn)
        if execution["status"] == "SUCCEEDED":
            report: dict[str, Any] = json.loads(execution["output"])
            return report
        if execution["status"] != "RUNNING":
            raise StepFailedError(
                f"the state machine ended with {execution['status']}:"
                f" {execution.get('error')} {execution.get('cause')}"
            )
        time.sleep(0.05)
    raise StepFailedError(f"the state machine was still running after {JOB_DEADLINE_S} s")


def summary_lines(counts: dict[str, int]) -> list[str]:
    """Return the migration summary of the old script, with an additional line for skipped users."""
    return [
        "=" * 60,
        "Migration Summary",
        "=" * 60,
        f"Total users processed:    {counts['processed']}",
        f"Profiles already existed: {counts['existed']}",
        f"Profiles created:         {counts['created']}",
        f"Profiles failed:          {counts['failed']}",
        f"Users skipped:            {counts['inactive'] + counts['softDeleted']}",
        "=" * 60,
        "Migration complete!",
    ]


def migrate_existing_users(local: Any, outputs: dict[str, Any], timeline: Timeline) -> dict[str, int]:
    """Run a dry run, both halves of the backfill, and a second run that does nothing; return the counts."""
    dynamodb = local.client("dynamodb")
    environment = local.environment()
    machine = outputs["migrationStateMachineArn"]

    with timeline.step(f"{USERS:,} existing users are loaded into {TABLE}"):
        load_table(dynamodb)
    digest_before = table_digest(dynamodb)
    with timeline.step("dry run (command line)") as step:
        report = run_backfill(environment, "--dry-run")
        check(counts_of(report), expected_counts(), "the dry run's report")
        check(table_digest(dynamodb), digest_before, "the table after the dry run")
        step |= {"report": report, "shows": f"would create {report['created']:,}, wrote nothing"}
    with timeline.step("first half (command line, segments 0-3)") as step:
        first = run_backfill(environment, "--only", "0-3")
        step |= {"report": first, "shows": f"created {first['created']:,}"}
    with timeline.step("second half (state machine, segments 4-7)") as step:
        second = run_job(
            local.client("stepfunctions"), machine, table=TABLE, segments=SEGMENTS, only=[4, 5, 6, 7]
        )
        step |= {"report": second, "shows": f"created {second['created']:,}"}
    for half in (first, second):
        if not half["created"]:
            raise StepFailedError("one of the two halves created no profile")
    both = {name: counts_of(first)[name] + counts_of(second)[name] for name in expected_counts()}
    check(both, expected_counts(), "both halves together")
    with timeline.step("second run (command line)") as step:
        digest_after = table_digest(dynamodb)
        second_run = run_backfill(environment)
        check(second_run["created"], 0, "profiles created by the second run")
        check(second_run["existed"], both["existed"] + both["created"], "profiles that the second run found")
        check(table_digest(dynamodb), digest_after, "the table after the second run")
        step |= {"report": second_run, "shows": "nothing to do"}
    check(digest_after[0], USERS + both["existed"] + both["created"], "items in the table")
    return both
