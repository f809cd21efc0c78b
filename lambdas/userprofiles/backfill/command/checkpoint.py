"""The checkpoint of a run: a file in the user's state directory, never an item in the table.

(The old script would read such an item as a user.)
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from userprofiles.backfill import report
from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.job import Job
from userprofiles.backfill.segment import SegmentState

VERSION = 1


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

    def find(self, job: Job) -> StoredRun:
        """Return the newest stopped run with the same options.

        Args:
            job: The task from the current options. Its run ID is ignored.

        Raises:
            RefusedError: There is no such run, or a checkpoint can't be read.
        """
        runs = [self._read(path) for path in sorted(self.folder.glob("*.json"), reverse=True)]
        if not runs:
            raise RefusedError(
                f"There is no stopped run of table {job.table!r} to resume in {self.folder}.\n"
                "Run without --resume. Users who have a profile are not changed."
            )
        for run in runs:
            if run.job.checksum() == job.checksum():
                return run
        previous, current = runs[0].job.to_json(), job.to_json()
        differences = [
            name for name in current if name not in {"runId", "shape"} and previous[name] != current[name]
        ]
        raise RefusedError(
            f"The stopped run {runs[0].job.run_id} was started with different options: "
            + "; ".join(f"{name} was {previous[name]!r} and is now {current[name]!r}" for name in differences)
            + ".\nUse the same options with --resume, or run without --resume to start from the beginning."
        )

    def _read(self, path: Path) -> StoredRun:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            if document["version"] != VERSION:
                raise ValueError(f"version is {document['version']!r}, must be {VERSION}")  # noqa: TRY301 - reported below
            return StoredRun(
                job=Job.from_json(document["job"]),
                states=[SegmentState.from_json(state) for state in document["states"]],
                seconds=float(document["seconds"]),
                failure_bytes=int(document["failureBytes"]),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise RefusedError(
                f"The checkpoint {path} can't be read ({type(error).__name__}: {error}).\n"
                "Delete it and run without --resume. Users who have a profile are not changed."
            ) from error


class Checkpoint:
    """Writes the states of one run to a file.

    Args:
        checkpoints: The folder of the file.
        job: The task of the run.
        every_s: Seconds between two writes.
    """

    def __init__(self, checkpoints: CheckpointFolder, job: Job, every_s: float) -> None:
        self.job = job
        self._every_s = every_s
        self._path = checkpoints.path(job.run_id)
        self._failures_path = checkpoints.failures_path(job.run_id)
        self._lock_path = self._path.with_suffix(".lock")
        self._lock: int | None = None
        self._saved_at = float("-inf")

    def open(self, failure_bytes: int = 0) -> report.FailureLog:
        """Lock the run for this process and open its failure log.

        Args:
            failure_bytes: The size of the failure log that belongs to the stored states.

        Raises:
            RefusedError: Another process has locked this run.
            OSError: The state directory can't be written.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        if sys.platform != "win32":
            import fcntl  # noqa: PLC0415 - Windows does not have it

            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.close()
                raise RefusedError(
                    f"Another process is working on run {self.job.run_id}.\n"
                    "Wait until it ends, or stop it first."
                ) from None
        return report.FailureLog(self._failures_path, failure_bytes)

    def save(
        self, states: Iterable[SegmentState], failures: report.FailureLog, seconds: float, *, at_once: bool
    ) -> None:
        """Write the states if the last write is old enough.

        Args:
            states: All states of the run.
            failures: The failure log of the run.
            seconds: The duration of the run so far.
            at_once: Whether to write in any case.
        """
        if not at_once and time.monotonic() - self._saved_at < self._every_s:
            return
        document: dict[str, Any] = {
            "version": VERSION,
            "job": self.job.to_json(),
            "states": [state.to_json() for state in states],
            "seconds": seconds,
            "failureBytes": failures.size(),
        }
        report.write_file(self._path, [json.dumps(document)])
        self._saved_at = time.monotonic()

    def close(self) -> None:
        """Unlock the run, and keep its files."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def remove(self) -> None:
        """Delete the files of a finished run, and unlock it."""
        for path in (self._path, self._failures_path, self._lock_path):
            with suppress(FileNotFoundError):
                path.unlink()
        self.close()
