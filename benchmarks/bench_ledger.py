"""Measure the write units of a ledger table, compared with those of the profiles that a run creates.

A run in a table of the plain shape with the default settings. A quarter of the users has a profile.
The IDs of the users are UUIDs: their keys in the ledger take the most space.

    python benchmarks/bench_ledger.py [--users 20000] [--endpoint-url URL]

Without `--endpoint-url`, the server is the local AWS. With it, it is another local DynamoDB.
The benchmark exits with 1 if the goal is missed.
"""

import argparse
import sys
import uuid
from typing import Any

import boto3
from backfill_engine import Silent, create_rows
from bench_backfill import create_empty_table, open_server, write_items
from userprofiles.backfill.command.connection import create_client
from userprofiles.backfill.failures.failure_sink import FailureSink
from userprofiles.backfill.job import Job
from userprofiles.backfill.ledger.ledger_run import LedgerRun
from userprofiles.backfill.limits import COMMAND_LINE
from userprofiles.backfill.stop import Stop
from userprofiles.jobs.run_record import RunRecord
from userprofiles.jobs.table_ledger import TableLedger

TABLE, LEDGER = "bench-users", "bench-ledger"
GOAL = 1.1


class NoFailures(FailureSink):
    """A sink that keeps nothing."""

    def record(self, state: Any, results: Any) -> None:
        """Do nothing."""

    def flush(self) -> None:
        """Do nothing."""


class LedgerMeter:
    """Counts the write units of a client.

    Args:
        client: A boto3 client of DynamoDB.
    """

    def __init__(self, client: Any) -> None:
        self.write_units = 0.0
        client.meta.events.register("provide-client-params.dynamodb.*", self._request)
        client.meta.events.register("after-call.dynamodb.*", self._count)

    def _request(self, params: dict[str, Any], model: Any, **_: Any) -> dict[str, Any]:
        return params if model.name == "DescribeTable" else {**params, "ReturnConsumedCapacity": "TOTAL"}

    def _count(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        consumed = parsed.get("ConsumedCapacity") or []
        parts = consumed if isinstance(consumed, list) else [consumed]
        if model.name in {"PutItem", "TransactWriteItems", "UpdateItem"}:
            self.write_units += sum(part["CapacityUnits"] for part in parts)


def create_uuid_rows(users: int) -> list[dict[str, Any]]:
    """Return the rows of `create_rows` with UUIDs as IDs."""
    ids = [str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))) for number in range(users)]
    rows = create_rows(users)
    for row in rows:
        prefix, _, number = row["PK"]["S"].rpartition("user")
        row["PK"] = {"S": f"{prefix}{ids[int(number)]}"}
        if "userId" in row:
            row["userId"] = row["PK"]
    return rows


def measure(users: int) -> float:
    """Return the written capacity of table and ledger, compared with one unit for each new profile."""
    meter = LedgerMeter(client := boto3.client("dynamodb"))
    profiles_client, location = create_client(TABLE, limits=COMMAND_LINE)
    job = Job(run_id="bench", table=TABLE)
    runner = LedgerRun(
        TableLedger(client, LEDGER),
        profiles_client,
        location,
        observer=Silent(),
        failures=NoFailures(),
        stop=Stop(),
        limits=COMMAND_LINE,
    )
    result = runner.start_or_resume(RunRecord("bench", "backfill", "local", job.to_json(), table=TABLE))
    created = sum(state.tally.created for state in result.states)
    if result.error or created != users - len(range(0, users, 4)):
        sys.exit(f"the run created {created:,} profiles: {result.error}")
    print(f"{created:,} profiles, {meter.write_units:,.0f} write units of the ledger")
    return 1 + meter.write_units / created


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--endpoint-url", help="a local DynamoDB (default: the local AWS)")
    values = parser.parse_args()
    with open_server(values.endpoint_url, (TABLE, LEDGER)) as (client, _):
        create_empty_table(client, LEDGER)
        create_empty_table(client, TABLE)
        write_items(client, TABLE, create_uuid_rows(values.users))
        ratio = measure(values.users)
    print(f"{ratio:8.3f} times the write units of the profiles (goal: at most {GOAL:.2f})")
    return 0 if ratio <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
