"""Compare the backfill with a literal rewrite of the old script's loop, on one local AWS.

The old script scans the table, then calls GetItem and PutItem for each user. Both run in their own processes
on equal tables, in which a quarter of the users has a profile. Both must write the same items.

    python benchmarks/bench_backfill.py [--users 2000]

The benchmark passes if the backfill has at least 10 times fewer calls and takes at least 5 times less time,
else it exits with 1. The time begins with the first call: the start of Python takes about the same time for
both, and is shown separately. The benchmark takes about 20 seconds.
"""

import argparse
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pulumi_localaws.local_aws import LocalAws

MIN_CALL_RATIO = 10
MIN_TIME_RATIO = 5

NAIVE = """
import json, sys, time, boto3

started_at = time.perf_counter()
table = boto3.resource("dynamodb").Table(sys.argv[1])
calls = {}

def count(model, **_):
    calls[model.name] = calls.get(model.name, 0) + 1

table.meta.client.meta.events.register("before-call.dynamodb.*", count)
users, start = [], {}
while True:
    page = table.scan(**start)
    users += [row for row in page["Items"] if not row["PK"].startswith("USER#")]
    if "LastEvaluatedKey" not in page:
        break
    start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
for user in users:
    key = {"PK": f"USER#{user['userId']}", "SK": "PROFILE#MAIN"}
    if "Item" in table.get_item(Key=key):
        continue
    table.put_item(Item={
        **key, "userId": user["userId"], "entityType": "USER_PROFILE",
        "firstName": user.get("firstName", ""), "lastName": user.get("lastName", ""),
        "phoneNumber": user.get("phoneNumber"), "language": "en", "organization": None, "department": None,
        "timezone": "UTC", "profilePictureUrl": None,
        "address": {"street": "", "city": "", "state": "", "country": "", "postalCode": ""},
        "preferences": {"notifications": True, "emailAlerts": True, "smsAlerts": False},
        "createdAt": "2026-02-04T16:00:00Z", "updatedAt": "2026-02-04T16:00:00Z",
    })
print(json.dumps({"calls": calls, "seconds": time.perf_counter() - started_at}))
"""


def create_table(client: Any, table: str, users: int) -> None:
    """Create a table of the old script, and fill it."""
    client.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("PK", "SK")],
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
    )
    items: list[dict[str, Any]] = [
        {
            "PK": {"S": f"user{n}"},
            "SK": {"S": "METADATA"},
            "userId": {"S": f"user{n}"},
            "email": {"S": f"user{n}@example.com"},
            "firstName": {"S": f"First{n}"},
            "lastName": {"S": f"Last{n}"},
        }
        for n in range(users)
    ]
    items += [
        {"PK": {"S": f"USER#user{n}"}, "SK": {"S": "PROFILE#MAIN"}, "language": {"S": "de"}}
        for n in range(0, users, 4)
    ]

    def write(start: int) -> None:
        batch = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
        client.batch_write_item(RequestItems={table: batch})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(0, len(items), 25)))


def read_items(client: Any, table: str) -> list[str]:
    """Return the items as sorted text, without the times of creation."""
    pages = client.get_paginator("scan").paginate(TableName=table)
    times = ("createdAt", "updatedAt")
    return sorted(
        json.dumps({name: value for name, value in item.items() if name not in times}, sort_keys=True)
        for page in pages
        for item in page["Items"]
    )


def run_timed(command: list[str], environment: dict[str, str]) -> tuple[str, float]:
    """Run a process. Return its output and its duration in seconds."""
    started_at = time.perf_counter()
    process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started_at
    if process.returncode:
        raise SystemExit(f"{command[:4]} ended with {process.returncode}:\n{process.stderr}")
    return process.stdout, seconds


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--users", type=int, default=2000)
    users: int = parser.parse_args().users
    with LocalAws() as local:
        client = local.client("dynamodb")
        for table in ("naive", "batched"):
            create_table(client, table, users)
        environment = local.environment()
        out, naive_process_seconds = run_timed([sys.executable, "-c", NAIVE, "naive"], environment)
        naive = json.loads(out)
        naive_calls = sum(naive["calls"].values())
        command = [sys.executable, "-m", "userprofiles.cli", "backfill", "run", "--table-name", "batched"]
        out, process_seconds = run_timed([*command, "--json"], environment)
        report = json.loads(out)
        are_equal = read_items(client, "naive") == read_items(client, "batched")
    calls = sum(report["calls"].values())
    call_ratio, time_ratio = naive_calls / calls, naive["seconds"] / report["seconds"]
    print(f"{users} users, {report['created']} without a profile")
    print(
        f"old loop: {naive_calls:6} calls {naive['seconds']:7.2f} s "
        f"({naive_process_seconds:.2f} s for the process)"
    )
    print(f"backfill: {calls:6} calls {report['seconds']:7.2f} s ({process_seconds:.2f} s for the process)")
    print(f"          {report['calls']}")
    print(
        f"ratio:    {call_ratio:6.1f} x      {time_ratio:7.1f} x   "
        f"(required: {MIN_CALL_RATIO} x and {MIN_TIME_RATIO} x)"
    )
    if not are_equal:
        print("the two tables are not equal after the runs")
    return 0 if are_equal and call_ratio >= MIN_CALL_RATIO and time_ratio >= MIN_TIME_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
