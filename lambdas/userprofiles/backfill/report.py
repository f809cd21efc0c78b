"""The report of a run as JSON, and its summary as the profile migration README prints it."""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from userprofiles.backfill.job import Job
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.tally import Meter, Tally
from userprofiles.backfill.users.skip_rule import INACTIVE, SOFT_DELETED

_RULER = "=" * 60


def list_failures(results: Sequence[UserResult]) -> list[dict[str, str]]:
    """Return the failed users as the report lists them."""
    return [
        {"userId": result.user_id, **result.key, "reason": result.reason}
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


def serialize(totals: Mapping[str, Any], failures: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the report as JSON text in pieces, so that the failures are never all in memory.

    Args:
        totals: The report without its failures, from `build_totals`.
        failures: The failed users, from `list_failures`.
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
    """Write a file atomically; write to a device or a pipe directly.

    Args:
        path: The path of the file.
        pieces: The pieces of its text.

    Raises:
        OSError: The file can't be written.
    """
    if path.exists() and not path.is_file():  # replacing /dev/null would break every other program
        with path.open("w", encoding="utf-8") as device:
            device.writelines(pieces)
        return
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
