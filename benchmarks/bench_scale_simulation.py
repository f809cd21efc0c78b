"""Check the arithmetic of docs/scale.md against the code of the migration job.

The real engine processes a table that a stub of DynamoDB generates, and a walk through the real definition
of the state machine counts its transitions. The stub answers at once, so the result is the same in every run.

    python benchmarks/bench_scale_simulation.py [--users 20000] [--units 4]

The benchmark exits with 1 if a number differs. It takes about 5 seconds for 20,000 users.
"""

import argparse
import sys
from collections import Counter
from typing import Any

from pulumi_userprofiles.migration_definition import definition
from scale_arithmetic import Migration, count_calls, count_machine_transitions
from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import WORKER
from userprofiles.backfill.run import Run
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.stop import Stop

TABLE = "users"


class StubDynamoDb:
    """A table in which each segment has the same number of users, all without a profile."""

    def __init__(self, users_per_unit: int) -> None:
        self._users = users_per_unit
        self.calls: Counter[str] = Counter()
        self.read_units = 0.0
        self.write_units = 0.0

    def scan(self, **request: Any) -> dict[str, Any]:
        """Return a page of a segment. A row has 1 KB: an eighth of a read unit, or a quarter."""
        is_consistent = request.get("ConsistentRead", False)
        self.calls["second scans" if is_consistent else "scans"] += 1
        start = int(request["ExclusiveStartKey"]["SK"]["S"]) if "ExclusiveStartKey" in request else 0
        end = min(start + request["Limit"], self._users)
        segment = request.get("Segment", 0)
        rows = [{"PK": {"S": f"{segment}-{n}"}, "SK": {"S": str(n + 1)}} for n in range(start, end)]
        for row in rows:
            row["userId"] = row["PK"]
        units = len(rows) / (4 if is_consistent else 8)
        self.read_units += units
        page = {"Items": rows, "ScannedCount": len(rows), "Count": len(rows), **_capacity(units)}
        is_last = end - start < request["Limit"]
        return page if is_last else {**page, "LastEvaluatedKey": {key: rows[-1][key] for key in ("PK", "SK")}}

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """Find no profile. A missing item costs half a unit."""
        self.calls["gets"] += 1
        [table] = request["RequestItems"].values()
        units = len(table["Keys"]) / 2
        self.read_units += units
        return {"Responses": {TABLE: []}, "UnprocessedKeys": {}, **_capacity(units, is_list=True)}

    def batch_execute_statement(self, **request: Any) -> dict[str, Any]:
        """Insert profiles of 1 KB."""
        self.calls["inserts"] += 1
        statements = request["Statements"]
        self.write_units += len(statements)
        responses = [{"TableName": TABLE} for _ in statements]
        return {"Responses": responses, **_capacity(float(len(statements)), is_list=True)}


def _capacity(units: float, *, is_list: bool = False) -> dict[str, Any]:
    capacity = {"TableName": TABLE, "CapacityUnits": units}
    metadata = {"RetryAttempts": 0, "HTTPStatusCode": 200}
    return {"ConsumedCapacity": [capacity] if is_list else capacity, "ResponseMetadata": metadata}


class _Silence:
    """An observer that keeps nothing."""

    def record_results(self, state: Any, results: Any) -> None:
        """Ignore the results."""

    def save_inserts(self, states: Any, state: Any, keys: Any) -> None:
        """Ignore the keys."""

    def save(self, states: Any, *, is_last: bool) -> None:
        """Ignore the states."""

    def warn(self, message: str) -> None:
        """Ignore the warning."""


def process_table(units: int, users_per_unit: int) -> StubDynamoDb:
    """Let the engine process a table; return the stub with its counts."""
    client = StubDynamoDb(users_per_unit)
    job = Job(run_id="run-1", table=TABLE, segments=units)
    states = [SegmentState(number) for number in job.segment_numbers]
    location = TableLocation(TABLE, "us-east-1", None)
    Run(job, client, location, states, stop=Stop(), observer=_Silence(), limits=WORKER).execute()
    created = sum(state.tally.to_json()["created"] for state in states)
    if created != units * users_per_unit:
        sys.exit(f"The engine created {created:,} of {units * users_per_unit:,} profiles.")
    return client


def count_transitions(units: int, invocations_per_unit: int) -> int:
    """Walk through the definition of the state machine; return the number of states that are entered."""
    machine = definition("arn:worker", table=TABLE, segments=units, max_concurrency=4, worker_seconds=900)
    transitions = 0
    for _, state in _walk(machine, invocations=1):
        transitions += 1
        if state["Type"] == "Map":
            transitions += units * len(_walk(state["ItemProcessor"], invocations_per_unit))
    return transitions


def _walk(machine: dict[str, Any], invocations: int) -> list[tuple[str, dict[str, Any]]]:
    """Return the states that an execution enters if its unit is done after a number of invocations."""
    entered = []
    name = machine["StartAt"]
    while name:
        state = machine["States"][name]
        entered.append((name, state))
        if state["Type"] == "Choice":
            is_done = sum(entry[0] == "Work" for entry in entered) == invocations
            name = state["Choices"][0]["Next"] if is_done else state["Default"]
        else:
            name = state.get("Next")
    return entered


def compare(units: int, users_per_unit: int) -> list[tuple[str, float, float]]:
    """Return each number: its name, the arithmetic's value, and the engine's value."""
    migration = Migration(units * users_per_unit, units, concurrency=4)
    client = process_table(units, users_per_unit)
    calls = count_calls(users_per_unit)
    return [
        ("Scan calls", units * calls.scans, client.calls["scans"]),
        ("second Scan calls", units * calls.second_scans, client.calls["second scans"]),
        ("BatchGetItem calls", units * calls.gets, client.calls["gets"]),
        ("BatchExecuteStatement calls", units * calls.inserts, client.calls["inserts"]),
        ("read units", migration.read_units, client.read_units),
        ("write units", migration.write_units, client.write_units),
        *(
            (
                f"state transitions with {count} invocations per unit",
                count_machine_transitions(units, count),
                count_transitions(units, count),
            )
            for count in (1, 3)
        ),
    ]


def main() -> None:
    """Compare, print, and exit with 1 if a number differs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--users", type=int, default=20_000, help="users of the simulated table")
    parser.add_argument("--units", type=int, default=4, help="segments of the simulated table")
    arguments = parser.parse_args()
    differs = False
    for name, expected, actual in compare(arguments.units, arguments.users // arguments.units):
        differs |= expected != actual
        print(f"{name:45} arithmetic {expected:12,.1f}   engine {actual:12,.1f}")
    sys.exit("The arithmetic differs from the engine." if differs else 0)


if __name__ == "__main__":
    main()
