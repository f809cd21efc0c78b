"""The report of a run as JSON, and its summary as the profile migration README prints it."""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from userprofiles.backfill.job import Job
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.segment import SegmentState
from userprofiles.backfill.skip_rule import INACTIVE, SOFT_DELETED
from userprofiles.backfill.tally import Meter, Tally

_RULER = "=" * 60


class FailureLog:
    """The failed users of a run. They are on disk, because a run can have a million of them.

    Args:
        path: The file of a run that can be resumed; None for a temporary file.
        valid_bytes: The size of the file when the checkpoint was written. The rest is deleted.
    """

    def __init__(self, path: Path | None = None, valid_bytes: int = 0) -> None:
        self._file: IO[bytes]
        if path is None:
            self._file = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - closed by `close`
        else:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            self._file = os.fdopen(descriptor, "r+b")
            self._file.truncate(valid_bytes)
            self._file.seek(valid_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, failure: dict[str, str]) -> None:
        """Add one failure."""
        self._file.write(json.dumps(failure).encode() + b"\n")

    def size(self) -> int:
        """Flush the file, and return its size in bytes."""
        self._file.flush()
        return self._file.tell()

    def __iter__(self) -> Iterator[dict[str, str]]:
        end = self.size()
        self._file.seek(0)
        try:
            for line in self._file:
                yield json.loads(line)
        finally:
            self._file.seek(end)


def list_failures(results: Sequence[UserResult]) -> list[dict[str, str]]:
    """Return the failed users as the report lists them."""
    return [
        {"userId": result.user_id, "reason": result.reason}
        for result in results
        if result.outcome is Outcome.FAILED
    ]


def add_up(states: Iterable[SegmentState]) -> tuple[Tally, Meter]:
    """Add up the counts of all segments."""
    tally, meter = Tally(), Meter()
    for state in states:
        tally.add(state.tally)
        meter.add(state.meter)
    return tally, meter


def build_totals(job: Job, tally: Tally, meter: Meter, seconds: float) -> dict[str, Any]:
    """Build the report without its failures.

    Args:
        job: The task of the run.
        tally: Its users, by outcome.
        meter: Its calls, and their cost.
        seconds: Its duration. A resumed run includes the time before the stop.
    """
    counts = tally.to_json()
    counts["skipped"] = {INACTIVE: 0, SOFT_DELETED: 0} | counts["skipped"]
    return {
        "runId": job.run_id,
        "table": job.table,
        "dryRun": job.dry_run,
        **counts,
        "seconds": round(seconds, 3),
        **meter.to_json(),
    }


def serialize(totals: dict[str, Any], failures: Iterable[dict[str, str]]) -> Iterator[str]:
    """Yield the report as JSON text in pieces, so that the failures are never all in memory.

    Args:
        totals: The report without its failures, from `build_totals`.
        failures: The failed users, each with ``userId`` and ``reason``.
    """
    for position, (name, value) in enumerate(totals.items()):
        yield "{\n" if position == 0 else ",\n"
        yield f"  {json.dumps(name)}: {json.dumps(value)}"
        if name == "skipped":
            yield ',\n  "failures": ['
            separator = "\n    "
            for failure in failures:
                yield separator + json.dumps(failure)
                separator = ",\n    "
            yield "\n  ]" if separator.startswith(",") else "]"
    yield "\n}\n"


def write_file(path: Path, pieces: Iterable[str]) -> None:
    """Write a file atomically.

    Args:
        path: The path of the file.
        pieces: The pieces of its text.

    Raises:
        OSError: The file can't be written.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(pieces)
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def format_summary(tally: Tally, *, is_complete: bool = True) -> str:
    """Return the summary exactly as the README shows it, with one more line if users were skipped.

    Args:
        tally: The users, by outcome.
        is_complete: Whether the run is complete.
    """
    lines = [
        _RULER,
        "Migration Summary",
        _RULER,
        f"Total users processed:    {tally.processed}",
        f"Profiles already existed: {tally.existed}",
        f"Profiles created:         {tally.created}",
        f"Profiles failed:          {tally.failed}",
    ]
    if tally.skipped.total():
        lines.append(f"Users skipped:            {tally.skipped.total()}")
    lines.append(_RULER)
    if is_complete:
        lines.append("Migration complete!")
    return "\n".join(lines)


def format_banner(table: str, *, dry_run: bool) -> str:
    """Return the first lines of the README's output."""
    return "\n".join(
        [_RULER, "Starting User Profile Migration", f"Table: {table}", f"Dry Run: {dry_run}", _RULER]
    )
