"""Daily snapshots: one JSON object a line, one line a day, so that trends can be shown."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.report import write_file

Snapshot = dict[str, Any]

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_COUNTS = ("users", "complete", "completionRate")


def read(path: Path, table: str) -> list[Snapshot]:
    """Read the snapshots of a file; none if it doesn't exist.

    Raises:
        RefusedError: A line is not a snapshot, or it is one of another table.
        OSError: The file can't be read.
    """
    if not path.exists():
        return []
    snapshots = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if not line.strip():
            continue
        snapshot = _parse(line)
        if snapshot is None:
            raise RefusedError(
                f"--snapshots {path}: line {number} is not a snapshot of this command.\n"
                "Use another file, or remove that line."
            )
        if snapshot["table"] != table:
            raise RefusedError(
                f"--snapshots {path}: line {number} is a snapshot of table {snapshot['table']!r}, not of "
                f"{table!r}.\nUse one file for each table."
            )
        snapshots.append(snapshot)
    return snapshots


def _parse(line: str) -> Snapshot | None:
    try:
        snapshot = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(snapshot, dict) or not isinstance(snapshot.get("table"), str):
        return None
    day = snapshot.get("date")
    has_counts = all(
        isinstance(snapshot.get(name), int | float) and not isinstance(snapshot[name], bool)
        for name in _COUNTS
    )
    return snapshot if isinstance(day, str) and _DAY.fullmatch(day) and has_counts else None


def append_daily(
    path: Path, snapshots: Sequence[Snapshot], table: str, day: str, totals: Mapping[str, Any]
) -> tuple[list[Snapshot], bool]:
    """Append the snapshot of a day, unless the file has one of this day. The file is replaced atomically.

    Args:
        path: The file.
        snapshots: The result of `read`.
        table: The table.
        day: The day in UTC, such as `2026-02-04`.
        totals: The counts of the day.

    Returns:
        All snapshots, and whether one was appended.

    Raises:
        OSError: The file can't be written. It is unchanged then.
    """
    if any(snapshot["date"] == day for snapshot in snapshots):
        return list(snapshots), False
    all_snapshots = [*snapshots, {"date": day, "table": table, **totals}]
    write_file(path, (json.dumps(snapshot) + "\n" for snapshot in all_snapshots))
    return all_snapshots, True
