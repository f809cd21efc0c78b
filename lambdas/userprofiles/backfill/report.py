"""What stays of a run: the report as JSON, and the summary as the profile migration README prints it."""

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
    """The users that failed, on disk rather than in memory: a million of them is a possible outcome.

    Args:
        path: A file that stays, for a run that can be resumed; None for one that is gone afterwards.
        keep: How many bytes of the file are right, by the checkpoint that a resume goes by.
    """

    def __init__(self, path: Path | None = None, keep: int = 0) -> None:
        self._file: IO[bytes]
        if path is None:
            self._file = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - closed by `close`
        else:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            self._file = os.fdopen(descriptor, "r+b")
            self._file.truncate(keep)
            self._file.seek(keep)

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
        """Return how many bytes there are, all of them on disk."""
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


def failures(results: Sequence[UserResult]) -> list[dict[str, str]]:
    """Return the failed users as the report has them."""
    return [
        {"userId": result.user_id, "reason": result.reason}
        for result in results
        if result.outcome is Outcome.FAILED
    ]


def total(states: Iterable[SegmentState]) -> tuple[Tally, Meter]:
    """Add up the numbers of all segments."""
    tally, meter = Tally(), Meter()
    for state in states:
        tally.add(state.tally)
        meter.add(state.meter)
    return tally, meter


def numbers(job: Job, tally: Tally, meter: Meter, seconds: float) -> dict[str, Any]:
    """Return the report without its failures.

    Args:
        job: The run's task.
        tally: Its results.
        meter: Its costs.
        seconds: How long it has worked, in all sessions together.
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


def as_text(document: dict[str, Any], failed: Iterable[dict[str, str]]) -> Iterator[str]:
    """Yield the report as JSON, piece by piece, so that its failures are never all in memory.

    Args:
        document: What `numbers` made.
        failed: The failed users, each with ``userId`` and ``reason``.
    """
    for position, (name, value) in enumerate(document.items()):
        yield "{\n" if position == 0 else ",\n"
        yield f"  {json.dumps(name)}: {json.dumps(value)}"
        if name == "skipped":
            yield ',\n  "failures": ['
            separator = "\n    "
            for failure in failed:
                yield separator + json.dumps(failure)
                separator = ",\n    "
            yield "\n  ]" if separator.startswith(",") else "]"
    yield "\n}\n"


def write(path: Path, pieces: Iterable[str]) -> None:
    """Write a file whole or not at all.

    Args:
        path: Where to.
        pieces: Its text.

    Raises:
        OSError: It can't be written.
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


def summary(tally: Tally, *, complete: bool = True) -> str:
    """Return the summary exactly as the README shows it, with one more line where users were skipped.

    Args:
        tally: The numbers.
        complete: Whether the run came to its end.
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
    if complete:
        lines.append("Migration complete!")
    return "\n".join(lines)


def banner(table: str, *, dry_run: bool) -> str:
    """Return the lines that the README's script begins with."""
    return "\n".join(
        [_RULER, "Starting User Profile Migration", f"Table: {table}", f"Dry Run: {dry_run}", _RULER]
    )
