"""Compare the backfill with a literal rewrite of the old script's loop and with the floor of the server.

The old script scans the table, then calls GetItem and PutItem for each user. The floor is what no backfill
can avoid: one scan, and inserts in batches of 25 whose statements are ready. All run in their own processes
on equal tables of one server, in which a quarter of the users has a profile. The old script and the backfill
must write the same items.

    python benchmarks/bench_backfill.py [--users 2000] [--endpoint-url URL]

Without `--endpoint-url`, the server is the local AWS. With it, it is another local DynamoDB.
Capacity, threads and rate are measured without a server, on a table in memory that counts as DynamoDB does.

The benchmark exits with 1 if a goal is missed. Other programs on the machine change times, but not counts.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import boto3
from backfill_engine import create_rows, measure
from pulumi_localaws.local_aws import LocalAws

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


FLOOR = """
import json, sys, time
from concurrent.futures import ThreadPoolExecutor
from userprofiles.backfill.command.connection import create_client
from userprofiles.backfill.targets.insert_batch import insert_statement
from userprofiles.backfill.limits import COMMAND_LINE
from userprofiles.backfill.targets.profile_builder import ProfileBuilder
from userprofiles.backfill.users.skip_rule import SkipRule
from userprofiles.backfill.tables.table_shape import TableShape
from userprofiles.backfill.users.user_row import read_user_row
from userprofiles.template import load

table, users = sys.argv[1], int(sys.argv[2])
client, _ = create_client(table, limits=COMMAND_LINE)
builder = ProfileBuilder(load("basic"), TableShape.PLAIN, "bench")
rows = [
    {"PK": {"S": f"user{n}"}, "SK": {"S": "METADATA"}, "userId": {"S": f"user{n}"},
     "firstName": {"S": f"First{n}"}, "lastName": {"S": f"Last{n}"}}
    for n in range(users) if n % 4
]
users = [read_user_row(row, TableShape.PLAIN, SkipRule()) for row in rows]
items = [builder.build_item(user, "2026-01-01T00:00:00Z") for user in users]
statements = [insert_statement(table, item) for item in items]

def scan(segment):
    start = {}
    while True:
        page = client.scan(TableName=table, Segment=segment, TotalSegments=8, Limit=1000, **start)
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

def insert(start):
    client.batch_execute_statement(Statements=statements[start : start + 25])

started_at = time.perf_counter()
with ThreadPoolExecutor(8) as pool:
    list(pool.map(scan, range(8)))
    list(pool.map(insert, range(0, len(statements), 25)))
print(json.dumps({"seconds": time.perf_counter() - started_at}))
"""


def create_table(client: Any, table: str, users: int) -> None:
    """Create a table of the old script, and fill it."""
    create_empty_table(client, table)
    write_items(client, table, create_rows(users))


def create_empty_table(client: Any, table: str) -> None:
    """Create a table with the keys PK and SK."""
    client.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("PK", "SK")],
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
    )


def write_items(client: Any, table: str, items: list[dict[str, Any]]) -> None:
    """Write items in batches."""

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


def run_timed(command: list[str], environment: dict[str, str]) -> tuple[dict[str, Any], float]:
    """Run a process. Return the JSON document that it prints, and its seconds of CPU."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise SystemExit(f"{command[:4]} ended with {process.returncode}:\n{process.stderr}")
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return json.loads(process.stdout), cpu


@contextmanager
def open_server(endpoint_url: str | None, tables: tuple[str, ...]) -> Iterator[tuple[Any, dict[str, str]]]:
    """Yield a client of the server, and the environment of a process that uses it. Delete the tables."""
    if endpoint_url is None:
        with LocalAws() as local:
            os.environ.update(local.environment())
            yield local.client("dynamodb"), local.environment()
        return
    settings = {
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint_url,
    }
    os.environ.update(settings)
    client = boto3.client("dynamodb")
    try:
        yield client, dict(os.environ)
    finally:
        for table in tables:
            client.delete_table(TableName=table)


def measure_server(users: int, endpoint_url: str | None) -> list[tuple[str, float, str, bool]]:
    """Measure the old loop, the floor and the backfill.

    Returns:
        The name, the value, the goal and the success of each ratio.
    """
    backfill = [sys.executable, "-m", "userprofiles.cli", "backfill", "run", "--json", "--table-name"]
    tables = ("naive", "floor", "batched", "empty")
    with open_server(endpoint_url, tables) as (client, environment):
        for table in ("naive", "floor", "batched"):
            create_table(client, table, users)
        create_table(client, "empty", 1)
        naive, _ = run_timed([sys.executable, "-c", NAIVE, "naive"], environment)
        floor, _ = run_timed([sys.executable, "-c", FLOOR, "floor", str(users)], environment)
        _, start_cpu = run_timed([*backfill, "empty"], environment)
        report, cpu = run_timed([*backfill, "batched"], environment)
        are_equal = read_items(client, "naive") == read_items(client, "batched")
    if not are_equal:
        raise SystemExit("the two tables are not equal after the runs")
    naive_calls, calls = sum(naive["calls"].values()), sum(report["calls"].values())
    print(f"{users} users, {report['created']} without a profile")
    print(f"old loop: {naive_calls:6} calls {naive['seconds']:7.2f} s")
    print(f"floor:    {'':12} {floor['seconds']:7.2f} s")
    print(f"backfill: {calls:6} calls {report['seconds']:7.2f} s   {report['calls']}")
    call_ratio, wall_ratio = naive_calls / calls, report["seconds"] / floor["seconds"]
    cpu_ms = (cpu - start_cpu) / users * 1000
    return [
        ("times fewer calls than the old loop", call_ratio, "at least 20", call_ratio >= 20),
        ("times the floor of the server", wall_ratio, "at most 1.25", wall_ratio <= 1.25),
        ("ms of client CPU per user", cpu_ms, "at most 0.15", cpu_ms <= 0.15),
        ("s of client CPU to start and end", start_cpu, "none", True),
    ]


def measure_engine(users: int) -> list[tuple[str, float, str, bool]]:
    """Measure capacity, threads and rate. Return name, value, goal and success of each ratio."""
    engine = measure(users)
    return [
        ("times the least read capacity", engine.read_ratio, "at most 1.10", engine.read_ratio <= 1.1),
        ("times the least write capacity", engine.write_ratio, "at most 1.10", engine.write_ratio <= 1.1),
        ("times as fast with 8 segments, 20 ms a call", engine.speedup, "at least 5", engine.speedup >= 5),
        ("write units per second with --rate 200", engine.rate, "190 to 210", 190 <= engine.rate <= 210),
    ]


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--endpoint-url", help="a local DynamoDB (default: the local AWS)")
    values = parser.parse_args()
    began_at = time.perf_counter()
    ratios = measure_server(values.users, values.endpoint_url) + measure_engine(values.users)
    for name, value, goal, is_met in ratios:
        print(f"{value:8.3f} {name:46} {'' if is_met else 'MISSED '}(goal: {goal})")
    print(f"measured in {time.perf_counter() - began_at:.0f} s")
    return 0 if all(is_met for *_, is_met in ratios) else 1


if __name__ == "__main__":
    sys.exit(main())
