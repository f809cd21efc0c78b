"""Measures of the backfill's engine that need no server: capacity, threads and rate, on a `MeteredTable`."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from metered_table import READ_BYTES, MeteredTable
from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import UserResult
from userprofiles.backfill.run import Run
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tally import Meter
from userprofiles.table.attribute_value import item_size

LATENCY_S = 0.02
RATE = 200


@dataclass(frozen=True)
class EngineMeasures:
    """What was measured.

    Attributes:
        read_ratio: Read capacity, compared with the minimum of one scan and half a unit for each checked
            user. The second scans, which find deleted users, are not in the minimum.
        write_ratio: Written capacity, compared with the minimum.
        speedup: How much faster 8 segments are than 1, if each call takes 20 ms.
        rate: Write units per second of a run with the rate 200.
    """

    read_ratio: float
    write_ratio: float
    speedup: float
    rate: float


class Silent:
    """An observer that keeps nothing."""

    def record_results(self, state: SegmentState, results: Sequence[UserResult]) -> None:
        """Do nothing."""

    def save_inserts(self, states: Iterable[SegmentState], state: SegmentState, keys: Sequence[str]) -> None:
        """Do nothing."""

    def save(self, states: Iterable[SegmentState], *, is_last: bool) -> None:
        """Do nothing."""

    def warn(self, message: str) -> None:
        """Do nothing."""


def create_rows(users: int) -> list[dict[str, Any]]:
    """Return the rows of the old script's table: a quarter of the users has a profile."""
    rows: list[dict[str, Any]] = [
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
    rows += [
        {"PK": {"S": f"USER#user{n}"}, "SK": {"S": "PROFILE#MAIN"}, "language": {"S": "de"}}
        for n in range(0, users, 4)
    ]
    return rows


def run(
    users: int, *, segments: int, rate: float | None = None, latency_s: float = 0.0
) -> tuple[float, Meter]:
    """Run the backfill. Return its seconds and its meter."""
    table = MeteredTable(create_rows(users), segments=segments, latency_s=latency_s)
    states = [SegmentState(number) for number in range(segments)]
    job = Job(run_id="bench", table="users", segments=segments, rate=rate)
    location = TableLocation("users", "eu-west-1", "memory")
    started_at = time.perf_counter()
    Run(job, table, location, states, stop=Stop(), observer=Silent(), limits=Limits()).execute()
    seconds = time.perf_counter() - started_at
    meter = Meter()
    for state in states:
        meter.add(state.meter)
    return seconds, meter


def measure(users: int) -> EngineMeasures:
    """Measure capacity with this number of users, and threads and rate with fewer."""
    _, meter = run(users, segments=8)
    rows = create_rows(users)
    # A new profile has less than 1 KB, so it is one write unit.
    least_write = users - len(range(0, users, 4))
    least_read = sum(map(item_size, rows)) / READ_BYTES / 2 + users / 2
    alone, _ = run(4_000, segments=1, latency_s=LATENCY_S)
    together, _ = run(4_000, segments=8, latency_s=LATENCY_S)
    seconds, paced = run(2_000, segments=8, rate=RATE)
    return EngineMeasures(
        read_ratio=meter.read_units / least_read,
        write_ratio=meter.write_units / least_write,
        speedup=alone / together,
        rate=paced.write_units / seconds,
    )
