"""Compare the inserts of an import with the old script's loop, which inserts one document after the other.

Both write the same content items into equal tables of one server, in processes of their own. The old loop
calls PutItem for each document, as the old script calls `objects.create`. The import also checks that no item
exists, which the old loop does not.

    python benchmarks/bench_legacy_inserts.py [--items 2000] [--endpoint-url URL]

Without `--endpoint-url`, the server is the local AWS. With it, it is another local DynamoDB.
The benchmark exits with 1 if the import is less than 5 times as fast, or if the tables are not equal.
"""

import argparse
import os
import subprocess
import sys
from typing import Any

from bench_backfill import create_empty_table, open_server, read_items

GOAL = 5.0

ITEMS = """
import sys, time
table, count = sys.argv[1], int(sys.argv[2])
items = [
    {"PK": f"USER#{n // 3:08d}", "SK": f"CONTENT#20240101T000000000Z-{n:012x}", "entityType": "CONTENT",
     "title": f"Title {n}", "text": "Lorem ipsum dolor sit amet. " * 10, "media": [],
     "record_time": "2024-01-01T00:00:00.000Z", "created_at": "2026-01-01T00:00:00Z",
     "updated_at": "2026-01-01T00:00:00Z", "migrated_from_old_system": True, "old_biograph_id": f"{n:024x}",
     "migrationRunId": "bench"}
    for n in range(count)
]
"""

OLD_LOOP = (
    ITEMS
    + """
import boto3
client = boto3.resource("dynamodb").Table(table)
client.load()
started_at = time.perf_counter()
for item in items:
    client.put_item(Item=item)
print(time.perf_counter() - started_at)
"""
)

IMPORT = (
    ITEMS
    + """
from userprofiles.backfill.command.connection import create_client
from userprofiles.backfill.limits import COMMAND_LINE
from userprofiles.legacy.table_inserts import TableInserts
client, _ = create_client(table, limits=COMMAND_LINE)
client.describe_table(TableName=table)
started_at = time.perf_counter()
inserts = TableInserts(client, table)
results = []
for start in range(0, count, 500):
    results += inserts.insert(items[start : start + 500])
seconds = time.perf_counter() - started_at
assert {result.outcome for result in results} == {"created"}
print(seconds)
"""
)


PROGRAMS = {"old-loop": OLD_LOOP, "import": IMPORT}
ROUNDS = 3


def run_timed(program: str, table: str, items: int, environment: dict[str, str]) -> float:
    """Run a program. Return the seconds that it prints."""
    command = [sys.executable, "-c", program, table, str(items)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the program for {table} ended with {done.returncode}:\n{done.stderr}")
    return float(done.stdout)


def measure(client: Any, environment: dict[str, str], items: int) -> float:
    """Return how many times as fast the import is. The tables must be equal after each round."""
    seconds: dict[str, list[float]] = {table: [] for table in PROGRAMS}
    for _ in range(ROUNDS):
        for table, program in PROGRAMS.items():
            create_empty_table(client, table)
            seconds[table].append(run_timed(program, table, items, environment))
        if read_items(client, "old-loop") != read_items(client, "import"):
            raise SystemExit("the two tables are not equal after the runs")
        for table in PROGRAMS:
            client.delete_table(TableName=table)
    fastest = {table: min(times) for table, times in seconds.items()}
    for table, time in fastest.items():
        print(f"{table:8} {time:7.2f} s {items / time:9.0f} items per second")
    return fastest["old-loop"] / fastest["import"]


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--endpoint-url", help="a local DynamoDB (default: the local AWS)")
    values = parser.parse_args()
    with open_server(values.endpoint_url, ()) as (client, environment):
        ratio = measure(client, dict(os.environ) | environment, values.items)
    is_met = ratio >= GOAL
    print(f"{ratio:.1f} times as fast {'' if is_met else 'MISSED '}(goal: at least {GOAL:g})")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
