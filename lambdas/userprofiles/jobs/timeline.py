"""Throughput and latency of a run over time, in a limited number of buckets."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from userprofiles.jobs.latency import Latency

MAX_BUCKETS = 40
"""Buckets of a timeline. When there are more, each two neighbours become one of double length."""


@dataclass
class Bucket:
    """The work of a part of the time.

    Attributes:
        users: The users that were processed. Work of several parts is divided, so this can be a fraction.
        write_units: The consumed write capacity units.
        latency: The durations of the calls.
    """

    users: float = 0.0
    write_units: float = 0.0
    latency: Latency = field(default_factory=Latency)

    def add(self, other: "Bucket") -> None:
        """Add the work of another part."""
        self.users += other.users
        self.write_units += other.write_units
        self.latency.add(other.latency)

    def to_json(self) -> dict[str, Any]:
        """Return the bucket for the record of a run."""
        return {
            "users": round(self.users, 1),
            "writeUnits": round(self.write_units, 1),
            "latency": self.latency.to_json(),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Bucket":
        """Read the document that `to_json` returns."""
        return cls(
            float(document["users"]), float(document["writeUnits"]), Latency.from_json(document["latency"])
        )


class Timeline:
    """Collects the work of a run. Time is the working time of all its sessions.

    Args:
        bucket_s: Seconds of a bucket at first.
        buckets: The buckets of former sessions.
    """

    def __init__(self, bucket_s: float = 1.0, buckets: list[Bucket] | None = None) -> None:
        self.bucket_s = bucket_s
        self.buckets = buckets or []

    def record(self, start: float, end: float, work: Bucket) -> None:
        """Count work. It is divided among the buckets of its time; its calls count at the end.

        Args:
            start: The working time of the run before the work.
            end: The working time of the run after it.
            work: The work.
        """
        while end >= self.bucket_s * MAX_BUCKETS:
            self.merge_neighbours()
        first, last = int(start / self.bucket_s), int(end / self.bucket_s)
        self.buckets += [Bucket() for _ in range(last + 1 - len(self.buckets))]
        for number in range(first, last + 1):
            overlap = min(end, (number + 1) * self.bucket_s) - max(start, number * self.bucket_s)
            share = overlap / (end - start) if end > start else 1.0
            self.buckets[number].add(Bucket(work.users * share, work.write_units * share))
        self.buckets[last].latency.add(work.latency)

    def add(self, other: "Timeline") -> None:
        """Add the work of another process in the same time. Both timelines begin with the run."""
        other = deepcopy(other)
        while other.bucket_s < self.bucket_s:
            other.merge_neighbours()
        while self.bucket_s < other.bucket_s:
            self.merge_neighbours()
        self.buckets += [Bucket() for _ in range(len(other.buckets) - len(self.buckets))]
        for bucket, work in zip(self.buckets, other.buckets, strict=False):
            bucket.add(work)

    def merge_neighbours(self) -> None:
        """Make one bucket of each two neighbours."""
        for number in range(0, len(self.buckets) - 1, 2):
            self.buckets[number].add(self.buckets[number + 1])
        self.buckets = self.buckets[::2]
        self.bucket_s *= 2

    def to_json(self) -> dict[str, Any]:
        """Return the timeline for the record of a run."""
        return {"bucketSeconds": self.bucket_s, "buckets": [bucket.to_json() for bucket in self.buckets]}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Timeline":
        """Read the document that `to_json` returns; an empty one is an empty timeline."""
        return cls(
            float(document.get("bucketSeconds", 1.0)),
            [Bucket.from_json(bucket) for bucket in document.get("buckets", ())],
        )

    def summary(self, seconds: float) -> dict[str, Any]:
        """Return the timeline as the report has it.

        Args:
            seconds: The duration of the run, for the last bucket, which may be shorter.
        """
        rows = []
        for number, bucket in enumerate(self.buckets):
            start = number * self.bucket_s
            length = max(min(self.bucket_s, seconds - start), 0.001)
            rows.append(
                {
                    "second": start,
                    "usersPerSecond": round(bucket.users / length, 1),
                    "writeUnitsPerSecond": round(bucket.write_units / length, 1),
                    "calls": bucket.latency.calls,
                    "latencyMs": bucket.latency.summary(),
                }
            )
        return {"bucketSeconds": self.bucket_s, "buckets": rows}
