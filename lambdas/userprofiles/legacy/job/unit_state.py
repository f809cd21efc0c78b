"""The units of an import, and the stored progress of a unit."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from userprofiles.backfill.outcome import reason_group
from userprofiles.legacy.documents.document_source import Position
from userprofiles.legacy.job.stage import Outcome, RecordResult

UNITS_PER_STAGE = 1_000
"""The first unit of a stage has the number of the stage times this."""

_MAX_REASONS = 50
_OTHER_REASONS = "other reasons"


@dataclass(frozen=True)
class Unit:
    """A stage for one collection.

    Attributes:
        number: The number of the unit in the ledger.
        stage: The name of the stage.
        collection: The name of the collection; empty in a rollback.
    """

    number: int
    stage: str
    collection: str = ""


@dataclass
class UnitState:
    """The progress of a unit. Everything before `position` is processed and counted.

    Attributes:
        unit: The unit.
        position: The position of the source, or of the list of keys; None at the beginning.
        read: The documents before the position, also those of other batches.
        done: Whether everything is processed.
        outcomes: The records by outcome.
        reasons: The records by outcome and reason.
        numbers: The sums of the results' own counts, such as `edges`.
        write_units: The consumed write units.
        listed: The records in the quarantine: failed, in conflict, kept, differing.
        findings: The lines in the list of findings.
    """

    unit: Unit
    position: Position | None = None
    read: int = 0
    done: bool = False
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    numbers: Counter[str] = field(default_factory=Counter)
    write_units: float = 0.0
    listed: int = 0
    findings: int = 0

    @property
    def processed(self) -> int:
        """The records of all outcomes."""
        return sum(self.outcomes.values())

    def add(self, results: Iterable[RecordResult]) -> None:
        """Count results."""
        for result in results:
            self.outcomes[result.outcome.value] += 1
            self.write_units += result.write_units
            self.numbers.update(result.counts)
            if result.reason:
                self.reasons[self._reason(result)] += 1

    def _reason(self, result: RecordResult) -> str:
        reason = f"{result.outcome.value}: {reason_group(result.reason)}"
        if reason in self.reasons or len(self.reasons) < _MAX_REASONS:
            return reason
        return f"{result.outcome.value}: {_OTHER_REASONS}"

    def to_json(self) -> dict[str, Any]:
        """Return the progress as the ledger stores it."""
        return {
            "segment": self.unit.number,  # as `runs watch` shows it
            "stage": self.unit.stage,
            "collection": self.unit.collection,
            "position": self.position,
            "rows": self.read,
            "done": self.done,
            "outcomes": dict(self.outcomes),
            "reasons": dict(self.reasons),
            "numbers": dict(self.numbers),
            "writeUnits": round(self.write_units, 1),
            "listed": self.listed,
            "findings": self.findings,
            "processed": self.processed,
            **{name: self.outcomes[name] for name in (Outcome.CREATED, Outcome.EXISTED, Outcome.FAILED)},
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "UnitState":
        """Read the document that `to_json` returns.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: The document is damaged.
        """
        position = document["position"]
        return cls(
            Unit(int(document["segment"]), str(document["stage"]), str(document["collection"])),
            position=None if position is None else dict(position),
            read=int(document["rows"]),
            done=bool(document["done"]),
            outcomes=_counter(document["outcomes"]),
            reasons=_counter(document["reasons"]),
            numbers=_counter(document["numbers"]),
            write_units=float(document["writeUnits"]),
            listed=int(document["listed"]),
            findings=int(document["findings"]),
        )


def _counter(document: Mapping[str, Any]) -> Counter[str]:
    return Counter({str(name): int(count) for name, count in document.items()})


def add_outcomes(states: Iterable[UnitState]) -> Counter[str]:
    """Return the records of all units by outcome."""
    total: Counter[str] = Counter()
    for state in states:
        total.update(state.outcomes)
    return total


def build_counts(states: Sequence[UnitState], timeline: Mapping[str, Any]) -> dict[str, Any]:
    """Return the counts of a run as its record has them, for `userprofiles runs`."""
    outcomes = add_outcomes(states)
    named = (Outcome.CREATED, Outcome.EXISTED, Outcome.FAILED, Outcome.SKIPPED)
    reasons = Counter[str]()
    for state in states:
        reasons.update(state.reasons)
    skipped = {
        reason.removeprefix("skipped: "): count
        for reason, count in reasons.items()
        if reason.startswith("skipped: ")
    }
    return {
        "processed": sum(outcomes.values()),
        "created": outcomes[Outcome.CREATED],
        "existed": outcomes[Outcome.EXISTED],
        "failed": outcomes[Outcome.FAILED],
        "skipped": skipped,
        "other": {name: count for name, count in outcomes.items() if name not in named},
        "units": {"all": len(states), "done": sum(state.done for state in states)},
        "stages": [
            {"stage": state.unit.stage, "collection": state.unit.collection, **dict(state.outcomes)}
            for state in states
        ],
        "timeline": timeline,
    }
