"""The rows that a job could not process, kept apart with a reason until somebody has fixed them.

A row is kept as its key and a digest, without its values. A unit has rows of its own, in the order in which
the unit counted them: the unit's stored progress says how many of them are valid. Rows after these were
written by a process that was killed before it stored its progress, and are replaced.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from userprofiles.jobs.counted import counted

MAX_TRIES = 3
"""Tries of a row, the first one included. After these, only a forced retry tries it again."""


class QuarantineError(Exception):
    """The quarantine can't be read or written. The message says what to do."""


@dataclass(frozen=True)
class QuarantinedRow:
    """A row that a job could not process.

    Attributes:
        run_id: The ID of the run.
        unit: The number of the row's unit.
        row_id: The ID in the row, for people; empty if the row has none.
        key: The key by which the source finds the row again.
        sha256: The digest of the row, which shows whether the row has changed since. It is empty if the row
            can't be read.
        reason: Why the row could not be processed. It has no value of the row.
        tries: How often the row was tried.
    """

    run_id: str
    unit: int
    row_id: str
    key: Mapping[str, str]
    sha256: str
    reason: str
    tries: int = 1

    def to_json(self) -> dict[str, Any]:
        """Return the row as the quarantine stores it."""
        return {
            "runId": self.run_id,
            "unit": self.unit,
            "userId": self.row_id,
            "key": dict(self.key),
            "sha256": self.sha256,
            "reason": self.reason,
            "tries": self.tries,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "QuarantinedRow":
        """Read the document that `to_json` returns.

        Raises:
            ValueError, KeyError, TypeError: The document is damaged.
        """
        return cls(
            run_id=document["runId"],
            unit=int(document["unit"]),
            row_id=document["userId"],
            key=dict(document["key"]),
            sha256=document["sha256"],
            reason=document["reason"],
            tries=int(document["tries"]),
        )


@dataclass(frozen=True)
class Part:
    """The valid rows of a unit, as the unit's stored progress describes them.

    Attributes:
        unit: The number of the unit.
        rows: The number of valid rows.
        version: How often the unit's file was replaced.
        first: The number of rows at the beginning of the file that a retry has finished.
    """

    unit: int
    rows: int = 0
    version: int = 0
    first: int = 0

    @property
    def end(self) -> int:
        """The number of the file's rows up to the last valid one."""
        return self.first + self.rows


class Quarantine(Protocol):
    """Stores the rows of one run. Its methods may be called by one thread at a time."""

    @property
    def name(self) -> str:
        """Where the rows are, for messages."""

    def append(self, part: Part, rows: Sequence[QuarantinedRow]) -> None:
        """Add rows after the valid rows of a part: all of them, or none.

        Raises:
            QuarantineError: They can't be written.
        """

    def read(self, part: Part) -> Iterator[QuarantinedRow]:
        """Yield the valid rows of a part.

        Raises:
            QuarantineError: A row is missing or damaged.
        """

    def delete(self, part: Part) -> None:
        """Delete a part that a newer version has replaced. A failure has no effect."""


def row_digest(row: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a row."""
    return hashlib.sha256(json.dumps(row, sort_keys=True, default=str).encode()).hexdigest()


def to_lines(rows: Sequence[QuarantinedRow]) -> bytes:
    """Return rows as JSON lines."""
    return b"".join(json.dumps(row.to_json()).encode() + b"\n" for row in rows)


def read_line(line: bytes, place: str) -> QuarantinedRow:
    """Read one line of a quarantine.

    Args:
        line: The line.
        place: Its number and its file, for the message.

    Raises:
        QuarantineError: The line is damaged.
    """
    try:
        return QuarantinedRow.from_json(json.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise QuarantineError(
            f"The quarantine is damaged: {place} can't be read ({type(error).__name__}).\n"
            "Restore the file from a backup, or run the job again with a new plan."
        ) from error


def missing_rows_error(name: str, count: int, part: Part) -> QuarantineError:
    """Return the error for a part that has fewer rows than its unit counts."""
    return QuarantineError(
        f"{name} has {counted(count, 'row')} of unit {part.unit}, must have {part.end:,}.\n"
        "Restore it from a backup, or run the job again with a new plan."
    )
