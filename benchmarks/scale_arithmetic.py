"""The arithmetic of docs/scale.md: what the migration job uses for a number of users.

    python benchmarks/scale_arithmetic.py     # prints the table of docs/scale.md

`bench_scale_simulation.py` checks the numbers of calls, units and state transitions against the job's code.
"""

import math
from dataclasses import dataclass

from userprofiles.backfill.limits import WORKER
from userprofiles.backfill.targets.deleted_users import rows_to_read_again
from userprofiles.jobs.prices import load_prices

MILLION = 1_000_000
PARENT_TRANSITIONS = 6
"""States of the state machine outside the map, each entered once."""
TRANSITIONS_PER_INVOCATION = 2
"""The states `Work` and `Done?`."""
EVENTS_PER_INVOCATION = 7
"""Work: entered, scheduled, started, succeeded, exited. Done?: entered, exited."""
EVENTS_PER_CHILD = 4
"""Execution started and succeeded; Worked: entered, exited."""

ROW_KB = 1
"""Assumption: a user's row has at most 1 KB."""
PROFILE_KB = 1
"""A profile of a preset template has less than 1 KB, which DynamoDB counts as 1 KB."""

# Assumptions, not measured on AWS: the time of a call as seen by the function.
SCAN_S = 0.1
SECOND_SCAN_S = 0.11
GET_S = 0.02
INSERT_S = 0.03
CPU_S = 0.000_215 / 0.58
"""Client CPU for each user, on the 0.58 virtual processors of 1,024 MB (1,769 MB have one)."""
MEMORY_GB = 1.0
INVOCATION_S = 900 * WORKER.worker_share

# Prices of us-east-1 in US dollars; those of DynamoDB are in userprofiles/jobs/prices.json.
THOUSAND_TRANSITIONS = 0.025
LAMBDA_GB_SECOND = 0.000_013_333_4
LAMBDA_MILLION_REQUESTS = 0.20

HISTORY_EVENTS = 25_000
NEW_TABLE_WRITES = 4_000
TABLE_WRITES = 40_000


@dataclass(frozen=True)
class Calls:
    """The calls of DynamoDB for one unit."""

    scans: int
    second_scans: int
    gets: int
    inserts: int


def count_calls(users: int) -> Calls:
    """Return the calls for a unit of users without profiles."""
    full_pages, rest = divmod(users, WORKER.page_rows)
    return Calls(
        scans=full_pages + 1,  # the last page says that it is the last one
        second_scans=full_pages * _chunks(WORKER.page_rows) + _chunks(rest),
        gets=full_pages * _batches(WORKER.page_rows, WORKER.read_batch_keys)
        + _batches(rest, WORKER.read_batch_keys),
        inserts=full_pages * _batches(WORKER.page_rows, WORKER.insert_batch_items)
        + _batches(rest, WORKER.insert_batch_items),
    )


def count_rows_read_again(users: int) -> int:
    """Return the rows that the second scans of a unit read: those of each chunk, and a few more."""
    far_pages = max(0, users // WORKER.page_rows - 1)  # the last pages end at the end of the unit
    rows = far_pages * sum(map(rows_to_read_again, _chunk_sizes(WORKER.page_rows)))
    start = far_pages * WORKER.page_rows
    while start < users:
        for size in _chunk_sizes(min(WORKER.page_rows, users - start)):
            rows += min(rows_to_read_again(size), users - start)
            start += size
    return rows


def _chunks(rows: int) -> int:
    return math.ceil(rows / WORKER.chunk_rows)


def _chunk_sizes(rows: int) -> list[int]:
    """Return the rows of the chunks of a page."""
    return [min(WORKER.chunk_rows, rows - start) for start in range(0, rows, WORKER.chunk_rows)]


def _batches(rows: int, size: int) -> int:
    """Return the number of batches of a page, which is processed in chunks."""
    full_chunks, rest = divmod(rows, WORKER.chunk_rows)
    return full_chunks * math.ceil(WORKER.chunk_rows / size) + math.ceil(rest / size)


def count_machine_transitions(units: int, invocations_per_unit: int) -> int:
    """Return the state transitions of an execution and its child executions, without retries."""
    return PARENT_TRANSITIONS + units * (TRANSITIONS_PER_INVOCATION * invocations_per_unit + 1)


@dataclass(frozen=True)
class Migration:
    """A run of the state machine over users without profiles.

    Attributes:
        users: The number of users.
        units: The segments of the table.
        concurrency: The segments that are processed at the same time.
    """

    users: int
    units: int
    concurrency: int

    @property
    def users_per_unit(self) -> int:
        """The users of the largest unit."""
        return math.ceil(self.users / self.units)

    @property
    def unit_seconds(self) -> float:
        """The time of all invocations for one unit."""
        calls = count_calls(self.users_per_unit)
        waits = (
            calls.scans * SCAN_S
            + calls.second_scans * SECOND_SCAN_S
            + calls.gets * GET_S
            + calls.inserts * INSERT_S
        )
        return waits + self.users_per_unit * CPU_S

    @property
    def invocations_per_unit(self) -> int:
        """The invocations of the worker for a unit."""
        return math.ceil(self.unit_seconds / INVOCATION_S)

    @property
    def invocations(self) -> int:
        """All invocations: also the first and the last step."""
        return self.units * self.invocations_per_unit + 2

    @property
    def seconds(self) -> float:
        """The duration, without waits for concurrency or capacity."""
        return math.ceil(self.units / self.concurrency) * self.unit_seconds

    @property
    def transitions(self) -> int:
        """The state transitions without retries."""
        return count_machine_transitions(self.units, self.invocations_per_unit)

    @property
    def history_events(self) -> int:
        """The events in the history of one child execution without retries."""
        return EVENTS_PER_INVOCATION * self.invocations_per_unit + EVENTS_PER_CHILD

    @property
    def read_units(self) -> float:
        """An eventually consistent scan, half a unit for each user that is checked, and the second scans.

        A strongly consistent scan costs twice as much.
        """
        rows_again = self.units * count_rows_read_again(self.users_per_unit)
        return self.users * ROW_KB / 8 + self.users * 0.5 + rows_again * ROW_KB / 4

    @property
    def write_units(self) -> int:
        """One unit for each KB of a created profile."""
        return self.users * PROFILE_KB

    @property
    def writes_per_second(self) -> float:
        """The mean write units per second."""
        return self.write_units / self.seconds

    @property
    def cost(self) -> float:
        """The cost in US dollars: DynamoDB on demand, Lambda and Step Functions."""
        prices = load_prices()
        compute = self.units * self.unit_seconds * MEMORY_GB * LAMBDA_GB_SECOND
        return (
            prices.read_cost(self.read_units)
            + prices.write_cost(self.write_units)
            + compute
            + self.invocations / MILLION * LAMBDA_MILLION_REQUESTS
            + self.transitions / 1_000 * THOUSAND_TRANSITIONS
        )

    @property
    def first_limit(self) -> str:
        """The first quota that this run reaches, or reaches with more segments at a time."""
        if self.history_events > HISTORY_EVENTS:
            return f"{HISTORY_EVENTS:,} events in the history of a child"
        writes_of_one = self.writes_per_second / self.concurrency
        limit = NEW_TABLE_WRITES if self.writes_per_second <= NEW_TABLE_WRITES else TABLE_WRITES
        return f"{limit:,} write units per second, from {int(limit / writes_of_one) + 1} at a time on"


MIGRATIONS = (
    Migration(MILLION, 8, 4),
    Migration(100 * MILLION, 8, 4),
    Migration(100 * MILLION, 400, 40),
    Migration(1_000 * MILLION, 8, 4),
    Migration(1_000 * MILLION, 980, 70),
)
"""The rows of the table: each size with the default settings, the large ones with more segments, too."""

_COLUMNS = (
    *("users", "units / at a time", "invocations", "state transitions", "events per child"),
    *("read units", "write units", "write units per second", "time", "cost", "first limit"),
)


def render_table() -> str:
    """Return the table in Markdown."""
    rows = [_COLUMNS, ("---:",) * (len(_COLUMNS) - 1) + ("---",), *map(_row, MIGRATIONS)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _row(migration: Migration) -> tuple[str, ...]:
    return (
        f"{migration.users // MILLION:,} M",
        f"{migration.units} / {migration.concurrency}",
        f"{migration.invocations:,}",
        f"{migration.transitions:,}",
        f"{migration.history_events:,}",
        f"{migration.read_units / MILLION:,.1f} M",
        f"{migration.write_units / MILLION:,.0f} M",
        f"{migration.writes_per_second:,.0f}",
        _duration(migration.seconds),
        f"${migration.cost:,.2f}",
        migration.first_limit,
    )


def _duration(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:,.0f} s"


if __name__ == "__main__":
    print(render_table(), end="")
