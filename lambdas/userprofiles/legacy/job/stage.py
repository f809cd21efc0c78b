"""A stage of an import, and its results for records of the old application."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeVar

MEDIA_WITHHELD = "media withheld"
"""The name under which plan and report count private files that are not copied."""


class Outcome(StrEnum):
    """The outcome for one record, or for one key of a rollback. The report counts them under these names.

    Attributes:
        CREATED: This run created the target, now or in an earlier session that was killed. The target has
            the ID of the run.
        UPDATED: A delta pass changed fields that nobody has changed here since the full import. In
            `Stage.undo`: the counters of a user who stays were computed again.
        EXISTED: The target exists and is not of this run. In `Stage.verify`: it is as the record says.
        CHANGED: Only of `Stage.verify`: the target differs because its user changed it after the import.
        SKIPPED: The record is not imported, by a rule or a decision.
        CONFLICT: The record needs a decision, for example because two users have the same number.
        FAILED: The record could not be imported, or `Stage.verify` found a difference.
        REMOVED: `Stage.undo` removed the target, or an earlier session did.
        KEPT: `Stage.undo` kept the target: it was there before the run, has changed since, or belongs to a
            user who stays.
    """

    CREATED = "created"
    UPDATED = "updated"
    EXISTED = "existed"
    CHANGED = "changed"
    SKIPPED = "skipped"
    CONFLICT = "conflict"
    FAILED = "failed"
    REMOVED = "removed"
    KEPT = "kept"


@dataclass(frozen=True, kw_only=True)
class RecordResult:
    """The result for one record. No attribute contains personal data.

    Attributes:
        record_id: The ID of the record in the old application; in `Stage.undo`, the key.
        outcome: The outcome for this record.
        reason: Why the record has this outcome; empty if the outcome says all. Reports count by reason, so it
            has no ID and no value of the record.
        keys: Keys of everything that the run created for this record, also in an earlier session that was
            killed: `user/<old ID>/<sub>`, `item/<PK>/<SK>` or `object/<bucket key>`.
        counts: Numbers that the report adds up, for example `edges`, `dangling edges`, `media copied`.
        findings: Lines for the report, for example `friend 99 is not in the source`.
        write_units: Consumed write units.
    """

    record_id: str
    outcome: Outcome
    reason: str = ""
    keys: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[str, ...] = ()
    write_units: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Records that need a decision of the operator.

    Attributes:
        kind: What the records share, for example `phone` or `e-mail case`.
        record_ids: The IDs of the records in the old application, in the order of the source.
        proposal: A decision that the operator can take over, by ID of the record: `import` or `skip`.
    """

    kind: str
    record_ids: tuple[str, ...]
    proposal: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class StageEstimate:
    """What records will need in AWS. Estimates can be added.

    Attributes:
        calls: Calls of an apply by quota class, for example `UserCreation`.
        rollback_calls: Calls of a rollback by quota class.
        write_units: Write units of an apply.
        rollback_write_units: Write units of a rollback.
        read_units: Read units of an apply.
        copied_objects: Objects to copy in S3.
    """

    calls: Mapping[str, int] = field(default_factory=dict)
    rollback_calls: Mapping[str, int] = field(default_factory=dict)
    write_units: float = 0.0
    rollback_write_units: float = 0.0
    read_units: float = 0.0
    copied_objects: int = 0

    def __add__(self, other: "StageEstimate") -> "StageEstimate":
        """Return the sum of two estimates."""
        return StageEstimate(
            calls=dict(Counter(self.calls) + Counter(other.calls)),
            rollback_calls=dict(Counter(self.rollback_calls) + Counter(other.rollback_calls)),
            write_units=self.write_units + other.write_units,
            rollback_write_units=self.rollback_write_units + other.rollback_write_units,
            read_units=self.read_units + other.read_units,
            copied_objects=self.copied_objects + other.copied_objects,
        )


class LegacyRecord(Protocol):
    """What the job itself reads of a `LegacyUser` or a `LegacyContent`."""

    @property
    def old_id(self) -> str:
        """The ID in the old application."""

    @property
    def digest(self) -> str:
        """The digest of all mapped values."""


class RecordKind(StrEnum):
    """The records that a stage reads: those of the users' collection, or of all content collections."""

    USERS = "users"
    CONTENT = "content"


R_contra = TypeVar("R_contra", bound=LegacyRecord, contravariant=True)


class Stage(Protocol[R_contra]):
    """One stage of an import. It is created for one run, whose ID it writes to everything that it creates.

    `process`, `update`, `verify` and `undo` are called by several threads, each with other records, at most
    a few hundred at a time. All but `undo` return one result per record, in the same order. `process` and
    `undo` can be repeated after a kill at any place, with the same results.

    A failing record is a result, not an exception. An exception ends the run, which can be resumed: missing
    permissions, a missing table, a request to stop.

    Attributes:
        name: `users`, `content`, `links` or `premium`: a heading in reports.
        reads: The kind of the records.
    """

    name: str
    reads: RecordKind

    def preview(self, records: Sequence[R_contra]) -> list[RecordResult]:
        """Return what `process` will do, and write nothing. One thread calls this, in the source's order."""

    def conflicts(self) -> Sequence[Conflict]:
        """Return the conflicts among all records that `preview` has read."""

    def estimate(self, records: Sequence[R_contra]) -> StageEstimate:
        """Return what records need in AWS. This calls no service."""

    def process(self, records: Sequence[R_contra]) -> list[RecordResult]:
        """Import records. Existing items are never changed."""

    def update(self, records: Sequence[R_contra]) -> list[RecordResult]:
        """Import new records and change those whose digest differs, except fields that users have changed."""

    def verify(self, records: Sequence[R_contra]) -> list[RecordResult]:
        """Compare records with what the import created, field by field.

        The keys of a result are those of existing targets that have the ID of this run. A rollback uses them
        for the records that a killed session was processing.
        """

    def undo(self, keys: Sequence[str]) -> list[RecordResult]:
        """Remove targets that this run created and nobody has changed since. Return one result per key.

        The stages are undone in the order of the import: the users first, because a user who stays keeps
        everything that the run has imported for this user. Keys come from this stage's results, in any order,
        perhaps twice.
        """
