"""Numbers of a run: what became of the users, and what it cost; they add up over segments and resumes."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from userprofiles.backfill.outcome import Outcome, UserResult


@dataclass
class Tally:
    """What became of the users.

    Attributes:
        existed: Users whose profile was there already.
        created: Profiles made; in a dry run those that would be made.
        failed: Users without a profile after the run, each with a reason in the report.
        skipped: Users left out on purpose, by reason (``inactive``, ``softDeleted``, ``erased``).
    """

    existed: int = 0
    created: int = 0
    failed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def processed(self) -> int:
        """All users seen: existed + created + failed + all skipped."""
        return self.existed + self.created + self.failed + self.skipped.total()

    def count(self, result: UserResult) -> None:
        """Count one user."""
        match result.outcome:
            case Outcome.EXISTED:
                self.existed += 1
            case Outcome.CREATED:
                self.created += 1
            case Outcome.SKIPPED:
                self.skipped[result.reason] += 1
            case Outcome.FAILED:
                self.failed += 1

    def add(self, other: "Tally") -> None:
        """Add another's numbers to this one's."""
        self.existed += other.existed
        self.created += other.created
        self.failed += other.failed
        self.skipped.update(other.skipped)

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as the report has them."""
        return {
            "processed": self.processed,
            "existed": self.existed,
            "created": self.created,
            "failed": self.failed,
            "skipped": dict(sorted(self.skipped.items())),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Tally":
        """Read what `to_json` wrote."""
        return cls(
            existed=int(document["existed"]),
            created=int(document["created"]),
            failed=int(document["failed"]),
            skipped=Counter({str(reason): int(count) for reason, count in document["skipped"].items()}),
        )


@dataclass
class Meter:
    """What the calls cost.

    Attributes:
        calls: API calls by operation, repeated attempts included.
        read: Consumed read capacity units.
        write: Consumed write capacity units.
    """

    calls: Counter[str] = field(default_factory=Counter)
    read: float = 0.0
    write: float = 0.0

    def add(self, other: "Meter") -> None:
        """Add another's numbers to this one's."""
        self.calls.update(other.calls)
        self.read += other.read
        self.write += other.write

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as the report has them."""
        return {
            "calls": dict(sorted(self.calls.items())),
            "capacity": {"read": round(self.read, 3), "write": round(self.write, 3)},
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Meter":
        """Read what `to_json` wrote."""
        return cls(
            calls=Counter({str(name): int(count) for name, count in document["calls"].items()}),
            read=float(document["capacity"]["read"]),
            write=float(document["capacity"]["write"]),
        )
