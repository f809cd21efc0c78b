"""The backfill against a literal rewrite of the old script's loop, on one local AWS, in one run.

The old script scans the table and then makes a GetItem and a PutItem for each user. Both run as processes of
their own over tables that are alike (a quarter of the users has a profile), and both end with the same items.

    python benchmarks/bench_backfill.py [--users 2000]

Passes with at least 10 times fewer calls and 5 times less time from the first call on (the start of Python is
about the same for both, and shown apart); else exit code 1. It takes about 20 seconds.
"""

import argparse
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pulumi_localaws.local_aws import LocalAws

FEWER_CALLS = 10
FASTER = 5

NAIVE = """
import json, sys, time, boto3

began = time.perf_counter()
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
print(json.dumps({"calls": calls, "seconds": time.perf_counter() - began}))
"""


def load(client: Any, table: str, users: int) -> None:
    """Make a table of the old shape and fill it."""
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


def content(client: Any, table: str) -> list[str]:
    """Return the items as sorted text, without the times at which they were made."""
    pages = client.get_paginator("scan").paginate(TableName=table)
    times = ("createdAt", "updatedAt")
    return sorted(
        json.dumps({name: value for name, value in item.items() if name not in times}, sort_keys=True)
        for page in pages
        for item in page["Items"]
    )


def timed(command: list[str], environment: dict[str, str]) -> tuple[str, float]:
    """Run a process; return its output and how long it took."""
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{command[:4]} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout, seconds


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--users", type=int, default=2000)
    users: int = parser.parse_args().users
    with LocalAws() as local:
        client = local.client("dynamodb")
        for table in ("naive", "batched"):
            load(client, table, users)
        environment = local.environment()
        out, naive_process = timed([sys.executable, "-c", NAIVE, "naive"], environment)
        naive = json.loads(out)
        naive_calls = sum(naive["calls"].values())
        command = [sys.executable, "-m", "userprofiles.cli", "backfill", "run", "--table-name", "batched"]
        out, process = timed([*command, "--json"], environment)
        report = json.loads(out)
        same = content(client, "naive") == content(client, "batched")
    calls = sum(report["calls"].values())
    fewer, faster = naive_calls / calls, naive["seconds"] / report["seconds"]
    print(f"{users} users, {report['created']} without a profile")
    print(
        f"old loop: {naive_calls:6} calls {naive['seconds']:7.2f} s ({naive_process:.2f} s the whole process)"
    )
    print(f"backfill: {calls:6} calls {report['seconds']:7.2f} s ({process:.2f} s the whole process)")
    print(f"          {report['calls']}")
    print(f"ratio:    {fewer:6.1f} x      {faster:7.1f} x   (wanted: {FEWER_CALLS} x and {FASTER} x)")
    if not same:
        print("the two tables are not alike afterwards")
    return 0 if same and fewer >= FEWER_CALLS and faster >= FASTER else 1


if __name__ == "__main__":
    sys.exit(main())
