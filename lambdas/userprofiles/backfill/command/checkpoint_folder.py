"""Finds the checkpoints of stopped runs, checks them, and deletes old ones."""

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.job import Job
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.jobs.document_file import read_document

VERSION = 1
_SHOWN_SEGMENTS = 20
_MAX_LINE_BYTES = 4 * 1024 * 1024  # a failure has values of at most 400 KB


def state_directory(environment: Mapping[str, str] | None = None) -> Path:
    """Return the directory for the state of this user's programs.

    ``XDG_STATE_HOME`` (or ``LOCALAPPDATA`` on Windows), else ``~/.local/state``:
    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    environment = os.environ if environment is None else environment
    folder = environment.get("XDG_STATE_HOME") or (
        environment.get("LOCALAPPDATA") if sys.platform == "win32" else None
    )
    return Path(folder) if folder else Path.home() / ".local" / "state"


@dataclass(frozen=True)
class StoredRun:
    """A stopped run, as its checkpoint stores it.

    Attributes:
        job: The task of the run.
        states: The progress of its segments.
        seconds: Its duration so far.
        failure_bytes: The size of the failure log that belongs to these states.
    """

    job: Job
    states: list[SegmentState]
    seconds: float
    failure_bytes: int


class CheckpointFolder:
    """The checkpoints of one table.

    Args:
        location: The table. The same name in another region or at another endpoint is another table.
        root: The state directory.
    """

    def __init__(self, location: TableLocation, root: Path) -> None:
        digest = hashlib.sha256(
            f"{location.endpoint}\n{location.region}\n{location.table}".encode()
        ).hexdigest()
        self.folder = root / "userprofiles" / "backfill" / f"{location.table}-{digest[:12]}"

    def path(self, run_id: str) -> Path:
        """Return the path of a run's checkpoint."""
        return self.folder / f"{run_id}.json"

    def failures_path(self, run_id: str) -> Path:
        """Return the path of a run's failure log."""
        return self.folder / f"{run_id}.failures.jsonl"

    def find(self, job: Job, warn: Callable[[str], None]) -> StoredRun:
        """Return the newest stopped run with the same options.

        Args:
            job: The task from the current options. Its run ID is ignored.
            warn: Shows a warning for each damaged checkpoint, if there is a run to resume.

        Raises:
            RefusedError: There is no such run, or no checkpoint can be read.
        """
        runs: list[StoredRun] = []
        damages: list[RefusedError] = []
        for path in sorted(self.folder.glob("*.json"), reverse=True):
            try:
                runs.append(self._read(path))
            except RefusedError as error:
                damages.append(error)
        for run in runs:
            if run.job.checksum() == job.checksum():
                for damage in damages:
                    warn(f"Warning: {damage}")
                return run
        if damages:
            raise damages[0]
        if not runs:
            raise RefusedError(
                f"There is no stopped run of table {job.table!r} to resume in {self.folder}.\n"
                "Run without --resume. Users who have a profile are not changed."
            )
        previous, current = runs[0].job.to_json(), job.to_json()
        differences = [
            name
            for name in current | previous
            if name not in {"runId", "shape", "rate"} and previous.get(name) != current.get(name)
        ]
        raise RefusedError(
            f"The stopped run {runs[0].job.run_id} was started with different options: "
            + "; ".join(
                f"{name} was {previous.get(name)!r} and is now {current.get(name)!r}" for name in differences
            )
            + ".\nUse the same options with --resume, or run without --resume to start from the beginning."
        )

    def _read(self, path: Path) -> StoredRun:
        try:
            document = read_document(path)
            if document["version"] != VERSION:
                raise ValueError(f"version is {document['version']!r}, must be {VERSION}")  # noqa: TRY301 - reported below
            run = StoredRun(
                job=Job.from_json(document["job"]),
                states=[SegmentState.from_json(state) for state in document["states"]],
                seconds=float(document["seconds"]),
                failure_bytes=int(document["failureBytes"]),
            )
            if path != self.path(run.job.run_id):
                raise ValueError(f"the run ID is {run.job.run_id!r}")  # noqa: TRY301 - reported below
            self._check_states(run)
            self._check_failures(run)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise RefusedError(
                f"The checkpoint {path} can't be read ({type(error).__name__}: {error}).\n"
                "Delete it and run without --resume. Users who have a profile are not changed."
            ) from error
        return run

    def _check_states(self, run: StoredRun) -> None:
        """Check that the states are those of the job's segments, each once.

        Raises:
            ValueError: A segment is missing, or is there twice, or does not belong to the job.
        """
        stored = [state.segment for state in run.states]
        missing = sorted(set(run.job.segment_numbers) - set(stored))
        if missing:
            raise ValueError(f"segments {', '.join(map(str, missing[:_SHOWN_SEGMENTS]))} are missing")
        if sorted(stored) != list(run.job.segment_numbers):
            raise ValueError(
                f"segments must be those of the job, each once, but are {stored[:_SHOWN_SEGMENTS]}"
            )

    def _check_failures(self, run: StoredRun) -> None:
        """Check that the failure log has every failure that the states count.

        Raises:
            ValueError: The log is missing, too short or damaged.
        """
        path = self.failures_path(run.job.run_id)
        file_bytes = path.stat().st_size if path.exists() else 0
        if not 0 <= run.failure_bytes <= file_bytes:
            raise ValueError(f"{path.name} has {file_bytes} bytes, must have at least {run.failure_bytes}")
        failures = 0
        if run.failure_bytes:
            with path.open("rb") as file:
                while file.tell() < run.failure_bytes:
                    json.loads(file.readline(min(_MAX_LINE_BYTES, run.failure_bytes - file.tell())))
                    failures += 1
        expected_failures = sum(state.tally.failed for state in run.states)
        if failures != expected_failures:
            raise ValueError(f"{path.name} has {failures} failures, must have {expected_failures}")


def delete_old_checkpoints(root: Path, days: float) -> None:
    """Delete the files of runs that have not been written for some days, of all tables.

    A killed run leaves its files, and they have IDs of users.

    Args:
        root: The state directory.
        days: The age in days.
    """
    oldest = time.time() - days * 24 * 60 * 60
    files_by_run: dict[Path, list[Path]] = {}
    for path in (root / "userprofiles" / "backfill").glob("*/*"):
        # The files of a run are <run ID>.json, <run ID>.failures.jsonl and <run ID>.lock. A kill during a
        # write also leaves .<run ID>.json.<random>.
        run_id = path.name.removeprefix(".").split(".")[0]
        files_by_run.setdefault(path.parent / run_id, []).append(path)
    for run, paths in files_by_run.items():
        with suppress(OSError):
            if max(path.stat().st_mtime for path in paths) < oldest:
                for path in paths:
                    path.unlink()
                run.parent.rmdir()  # fails while the table has other runs
