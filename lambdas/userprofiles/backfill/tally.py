"""Counts of a run: users by outcome, and calls with their cost. They add up over segments and sessions."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.jobs.latency import Latency


@dataclass
class Tally:
    """Users, counted by outcome.

    Attributes:
        existed: Users whose profile already existed.
        created: Profiles that were created; in a dry run, profiles that would be created.
        failed: Users without a profile after the run, each with a reason in the report.
        skipped: Users who were skipped, by reason (``inactive``, ``softDeleted``, ``deleted``, ``erased``).
        other: Users with an outcome of another operation than CREATE, by outcome (``matching``, ``removed``).
        notes: Created profiles that an operator should know about, by note (``roleNotAllowed``). They are
            also in `created`.
    """

    existed: int = 0
    created: int = 0
    failed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    other: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)

    @property
    def processed(self) -> int:
        """All users: existed + created + failed + all of skipped + all of other."""
        return self.existed + self.created + self.failed + self.skipped.total() + self.other.total()

    def count(self, result: UserResult) -> None:
        """Count the result of one user."""
        match result.outcome:
            case Outcome.EXISTED:
                self.existed += 1
            case Outcome.CREATED:
                self.created += 1
                self.notes.update([result.reason] if result.reason else [])
            case Outcome.SKIPPED:
                self.skipped[result.reason] += 1
            case Outcome.FAILED:
                self.failed += 1
            case outcome:
                self.other[outcome.value] += 1

    def add(self, other: "Tally") -> None:
        """Add the counts of another segment."""
        self.existed += other.existed
        self.created += other.created
        self.failed += other.failed
        self.skipped.update(other.skipped)
        self.other.update(other.other)
        self.notes.update(other.notes)

    def to_json(self) -> dict[str, Any]:
        """Return the counts as the report has them. `other` and `notes` are left out if empty."""
        return {
            "processed": self.processed,
            "existed": self.existed,
            "created": self.created,
            "failed": self.failed,
            "skipped": dict(sorted(self.skipped.items())),
            **({"other": dict(sorted(self.other.items()))} if self.other else {}),
            **({"notes": dict(sorted(self.notes.items()))} if self.notes else {}),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Tally":
        """Read the document that `to_json` returns."""
        return cls(
            existed=int(document["existed"]),
            created=int(document["created"]),
            failed=int(document["failed"]),
            skipped=_counter(document["skipped"]),
            other=_counter(document.get("other", {})),
            notes=_counter(document.get("notes", {})),
        )


@dataclass
class Meter:
    """API calls and the capacity that they consumed.

    Attributes:
        calls: API calls by operation, including retries.
        read_units: Consumed read capacity units.
        write_units: Consumed write capacity units.
        latency: The durations of the calls. It is not stored: a ledger has it in the run's timeline.
    """

    calls: Counter[str] = field(default_factory=Counter)
    read_units: float = 0.0
    write_units: float = 0.0
    latency: Latency = field(default_factory=Latency)

    def add(self, other: "Meter") -> None:
        """Add the counts of another segment."""
        self.calls.update(other.calls)
        self.read_units += other.read_units
        self.write_units += other.write_units
        self.latency.add(other.latency)

    def to_json(self) -> dict[str, Any]:
        """Return the counts as the report has them."""
        return {
            "calls": dict(sorted(self.calls.items())),
            "capacity": {"read": round(self.read_units, 3), "write": round(self.write_units, 3)},
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Meter":
        """Read the document that `to_json` returns."""
        return cls(
            calls=_counter(document["calls"]),
            read_units=float(document["capacity"]["read"]),
            write_units=float(document["capacity"]["write"]),
        )


def _counter(document: Mapping[str, Any]) -> Counter[str]:
    return Counter({str(name): int(count) for name, count in document.items()})
