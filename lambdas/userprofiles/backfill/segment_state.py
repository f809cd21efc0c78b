"""The progress of a segment, as a checkpoint stores it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from userprofiles.backfill.errors import BackfillError
from userprofiles.backfill.outcome import UserResult
from userprofiles.backfill.sources.source import Cursor
from userprofiles.backfill.tally import Meter, Tally
from userprofiles.backfill.targets.pending_inserts import PendingInserts


@dataclass(frozen=True)
class PlannedInserts:
    """The next inserts of a segment whose profiles have no mark of the run.

    Attributes:
        created_at: The time of creation of the profiles.
        keys: Their PKs. Some of them may turn out to exist, or to be rejected.
    """

    created_at: str
    keys: Sequence[str]


@dataclass(frozen=True)
class Chunk:
    """The work between two safe places to stop.

    Attributes:
        results: The results for the chunk's users; only those that are known if an error interrupted it.
        rows: The number of the chunk's rows; 0 if an error interrupted it.
        cursor: The key of the chunk's last row; None at the end of the segment.
        error: The error that interrupted the chunk, or None.
        counted_keys: The PKs of the profiles in `results`, and of those that were counted before.
        created_keys: The PKs of the profiles that count as created.
        planned_inserts: The inserts that begin as soon as the state with them is stored, or None. Such a
            chunk has nothing else: the results of the inserts are in the next one.
    """

    results: list[UserResult]
    rows: int = 0
    cursor: Cursor | None = None
    error: BackfillError | None = None
    counted_keys: frozenset[str] = frozenset()
    created_keys: frozenset[str] = frozenset()
    planned_inserts: PlannedInserts | None = None


@dataclass(frozen=True)
class QuarantinePlace:
    """Where a segment's failed rows are in the quarantine, as `jobs.quarantine.Part` describes it.

    Attributes:
        version: How often the segment's file was replaced.
        first: The number of rows at the beginning of the file that a retry has finished.
    """

    version: int = 0
    first: int = 0

    def to_json(self) -> dict[str, list[int]]:
        """Return the part of the state's document. It is empty before the first retry."""
        return {"quarantine": [self.version, self.first]} if self.version or self.first else {}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "QuarantinePlace":
        """Read the document of a state.

        Raises:
            ValueError, TypeError: It is damaged.
        """
        version, first = document.get("quarantine", (0, 0))
        return cls(int(version), int(first))


@dataclass
class SegmentState:
    """The progress of a segment, as a checkpoint stores it.

    Attributes:
        segment: The number of the segment.
        cursor: The key of the last row of the complete chunks; None at the beginning.
        done: Whether the segment is finished.
        rows: The rows up to the cursor, profiles included.
        counted_keys: The PKs of profiles after the cursor that `tally` already includes. An error interrupted
            their chunk. A resumed run processes the chunk again, without these users.
        pending_inserts: Inserts after the cursor whose results `tally` does not include yet.
        tally: The users so far, by outcome.
        meter: The calls so far, and their cost.
        quarantine: The place of the segment's failed rows in the quarantine, without their number.
    """

    segment: int
    cursor: Cursor | None = None
    done: bool = False
    rows: int = 0
    counted_keys: frozenset[str] = frozenset()
    pending_inserts: PendingInserts = field(default_factory=PendingInserts)
    tally: Tally = field(default_factory=Tally)
    meter: Meter = field(default_factory=Meter)
    quarantine: QuarantinePlace = QuarantinePlace()

    @property
    def has_progress(self) -> bool:
        """Whether a resumed run would skip any work."""
        return self.done or self.cursor is not None or bool(self.counted_keys) or bool(self.pending_inserts)

    def advance(self, chunk: Chunk, cost: Meter) -> None:
        """Count a chunk, and move the cursor to its end unless an error interrupted it."""
        self.meter.add(cost)
        if chunk.planned_inserts:
            self.pending_inserts.add(chunk.planned_inserts.created_at, chunk.planned_inserts.keys)
            return
        for result in chunk.results:
            self.tally.count(result)
        self.pending_inserts.remove(chunk.counted_keys)
        if chunk.error:
            self.counted_keys |= chunk.counted_keys
            return
        # A chunk that is processed again can end earlier, because the new profiles are rows, too. So only the
        # keys of this chunk are removed.
        self.counted_keys -= chunk.counted_keys
        self.move_cursor(chunk.cursor, chunk.rows)

    def move_cursor(self, cursor: Cursor | None, rows: int) -> None:
        """Move the cursor over rows; None is the end of the segment."""
        self.rows += rows
        self.cursor = cursor
        self.done = cursor is None
        if self.done:  # the users of the remaining inserts were deleted
            self.pending_inserts = PendingInserts()

    def to_json(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {
            "segment": self.segment,
            "cursor": self.cursor,
            "done": self.done,
            "rows": self.rows,
            "countedKeys": sorted(self.counted_keys),
            "pendingInserts": self.pending_inserts.to_json(),
            **self.tally.to_json(),
            **self.meter.to_json(),
            **self.quarantine.to_json(),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "SegmentState":
        """Read the document that `to_json` returns.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: The document is damaged.
        """
        number, cursor, done = document["segment"], document["cursor"], document["done"]
        if type(number) is not int or type(done) is not bool or (done and cursor is not None):
            raise ValueError(f"segment {number!r} has cursor {cursor!r} and done {done!r}")
        if cursor is not None and (not isinstance(cursor, dict) or not cursor):
            raise ValueError(f"the cursor of segment {number} must be an object with values")
        tally = Tally.from_json(document)
        if tally.processed != document["processed"]:
            raise ValueError(f"the counts of segment {number} do not add up to {document['processed']!r}")
        return cls(
            segment=number,
            cursor=cursor,
            done=done,
            # Checkpoints of version 0.1.0 have none of the three.
            rows=int(document.get("rows", 0)),
            counted_keys=frozenset(document.get("countedKeys", ())),
            pending_inserts=PendingInserts.from_json(document.get("pendingInserts", {})),
            tally=tally,
            meter=Meter.from_json(document),
            quarantine=QuarantinePlace.from_json(document),
        )
